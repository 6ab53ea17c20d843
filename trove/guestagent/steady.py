# SPDX-License-Identifier: Apache-2.0
"""The time by which a guest orders what it says."""

from __future__ import annotations

from collections.abc import Callable
import math
import pathlib
import threading
import time

from oslo_log import log as logging

from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: Name of the file in ``state_dir``.
FILE = 'time_sent'

#: Seconds by which the file is ahead. No more, for the next process begins
#: there: one that is started again and again must not run away.
_AHEAD = 1.0


class Steady:
    """The time of the machine when the agent began, and what passed since.

    It goes on evenly when the clock of the machine is set to another time,
    and does not go back with the next process either: conductors refuse what
    is sealed and older than the newest, for it may be a copy.

    :param file: where it is kept; None: it ends with the process
    """

    def __init__(
        self,
        file: pathlib.Path | None,
        wall: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._passed = passed
        self._lock = threading.Lock()
        self._until = max(wall(), self._kept())
        self._began = self._until - passed()

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        now = self._began + self._passed()
        with self._lock:
            if now >= self._until:
                self._until = now + _AHEAD
                self._keep()
        return now

    def _kept(self) -> float:
        if self._file is None:
            return 0.0
        try:
            until = float((files.read_json(self._file) or {}).get('until', 0))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            LOG.warning(
                'Could not read %s (%s). If the clock of this machine was set '
                'back since, the conductors take no heartbeats before it has '
                'caught up: see that it is right.',
                self._file,
                type(error).__name__,
            )
            return 0.0
        return until if math.isfinite(until) else 0.0

    def _keep(self) -> None:
        if self._file is None:
            return
        try:
            files.write_json(self._file, {'until': self._until})
        except OSError as error:
            LOG.error(
                'Could not write %s (%s). See that the directory can be '
                'written to: if the clock of this machine is set back and the '
                'agent restarted, the conductors take no heartbeats before '
                'it has caught up.',
                self._file,
                error,
            )
