# SPDX-License-Identifier: Apache-2.0
"""Tells the conductors how the database is, and what this agent speaks."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

from oslo_config import cfg
from oslo_log import log as logging

from trove import version
from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.conductor import api as conductor

LOG = logging.getLogger(__name__)


class Heartbeat:
    """Casts the status again and again, and at once when it changes.

    While the message broker is away it keeps trying.

    :param speaks: revision of the guest agent's interface that is served;
        of several major versions, one each, separated by commas
    :param status: returns the status to report
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport,
        speaks: str,
        status: Callable[[], str],
    ) -> None:
        self._instance_id = conf.guest_id
        # The guest's own: it is no administrator.
        self._context = trove_context.TroveContext(
            project_id=conf.tenant_id, overwrite=False
        )
        self._conductor = conductor.API(transport)
        self._status = status
        self._payload = {'rpc_version': speaks, 'release': version.release()}
        self._lock = threading.Lock()
        self._failing = False
        self._periodic = service.Periodic(
            self.beat, conf.agent_heartbeat_time, 'heartbeat'
        )

    def start(self) -> None:
        self._periodic.start()

    def wake(self) -> None:
        """Report now, without waiting for it."""
        self._periodic.wake()

    def stop(self) -> None:
        self._periodic.stop()

    def beat(self) -> None:
        """Report now; a failure is logged once until it works again."""
        with self._lock:
            payload = {'service_status': self._status(), **self._payload}
            try:
                self._conductor.heartbeat(
                    self._context,
                    instance_id=self._instance_id,
                    payload=payload,
                    sent=time.time(),
                )
            except Exception as error:  # noqa: BLE001
                if not self._failing:
                    LOG.error(
                        'The heartbeat could not be sent (%s: %s). %s '
                        'The agent keeps trying, and the database is not '
                        'affected.',
                        type(error).__name__,
                        error,
                        _remedy(error),
                    )
                self._failing = True
            else:
                if self._failing:
                    LOG.info('Heartbeats are sent again.')
                self._failing = False


def _remedy(error: Exception) -> str:
    if isinstance(error, exception.PeerUnreachable):
        return 'Check that a conductor runs.'
    if isinstance(error, exception.SealError):
        # It says what to do itself.
        return ''
    return 'Check that the message broker of transport_url runs.'
