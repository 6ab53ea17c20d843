# SPDX-License-Identifier: Apache-2.0
"""Looks how a replica follows its primary, for the heartbeats.

It has a thread of its own: a look asks the primary, which may be dead, and no
heartbeat waits for that.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any
from typing import Final

from oslo_config import cfg

from trove.common import exception
from trove.common import masking
from trove.common import service
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import replication

LOG = logging.getLogger(__name__)

#: Maximum characters of what is reported of transactions and errors.
_MAX_TEXT: Final = 200


class Following:
    """Keeps the last state of a replica, and restarts one that must be."""

    def __init__(
        self, conf: cfg.ConfigOpts, supervisor: supervisors.Supervisor
    ) -> None:
        self._supervisor = supervisor
        self._state: replication.State | None = None
        self._periodic = service.Periodic(
            self.look, conf.agent_heartbeat_time, 'replication'
        )

    def start(self) -> None:
        self._periodic.start()

    def stop(self) -> None:
        self._periodic.stop()

    def report(self) -> dict[str, Any] | None:
        """Return what a heartbeat has of it, None of a primary."""
        state = self._state
        if state is None:
            return None
        values = dataclasses.asdict(state)
        del values['stalled']
        for name in ('errant', 'error'):
            values[name] = masking.error(values[name], _MAX_TEXT)
        return values

    def look(self) -> None:
        """Look once."""
        self._state = state = self._found()
        if state is None or not state.stalled:
            return
        LOG.warning(
            'This replica stopped to follow, as its primary has higher '
            'limits; it is restarted with those.'
        )
        try:
            self._supervisor.restart()
        except exception.TroveError as error:
            LOG.error(
                'This replica could not be restarted: %s Restart it.', error
            )

    def _found(self) -> replication.State | None:
        if not self._supervisor.is_steady:
            return None
        try:
            return self._supervisor.driver.replication_state()
        except exception.TroveError as error:
            LOG.debug('It is unknown how this replica follows: %s', error)
            return None
