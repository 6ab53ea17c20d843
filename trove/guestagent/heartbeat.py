# SPDX-License-Identifier: Apache-2.0
"""Tells the conductors how the database is, and what this agent speaks.

Conductors of releases 8 to 12 fail at the word ``healthy`` (see
:data:`trove.conductor.api.HEALTHY`). Those of later releases know both words
and wait for it. They are all of one version, and several may share the
topic. So where conductors may be of a release, ``healthy`` is sent as
something that is answered, and after a failure ``running`` instead.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any
from typing import Final

from oslo_config import cfg
from oslo_log import log as logging

from trove import version
from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.conductor import api as conductor

LOG = logging.getLogger(__name__)

#: How long after one failed at a word it is not tried again, in units of
#: ``refresh_interval``.
_HOLD: Final = 18

#: What a conductor fails with that does not know a word.
_UNKNOWN_WORD: Final = 'ValueError'


class Heartbeat:
    """Casts the status again and again, and at once when it changes.

    While the message broker is away it keeps trying.

    :param speaks: revision of the guest agent's interface that is served;
        of several major versions, one each, separated by commas
    :param status: returns the status to report
    :param time_sent: see :class:`trove.guestagent.steady.Steady`
    :param version_found: returns the version of the server that runs
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport,
        speaks: str,
        status: Callable[[], str],
        time_sent: Callable[[], float],
        version_found: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conf = conf
        self._instance_id = conf.guest_id
        # The guest's own: it is no administrator.
        self._context = trove_context.TroveContext(
            project_id=conf.tenant_id, overwrite=False
        )
        self._conductor = conductor.API(transport)
        self._status = status
        self._time_sent = time_sent
        self._version_found = version_found
        self._clock = clock
        #: What conductors of releases are known to take for "healthy", and
        #: when one of them failed at that word.
        self._word = conductor.HEALTHY.instead
        self._failed: float | None = None
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
            try:
                self._report(self._status())
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

    def _report(self, status: str) -> None:
        if status != conductor.HEALTHY.name or self._conductor.knows(
            conductor.HEALTHY
        ):
            self._cast(status)
        elif self._try_healthy():
            self._word = conductor.HEALTHY.name
        else:
            self._cast(self._word)

    def _try_healthy(self) -> bool:
        """Send it to conductors of a release; say whether one took it."""
        hold: int = _HOLD * self._conf.upgrade_levels.refresh_interval
        now = self._clock()
        if self._failed is not None and now - self._failed < hold:
            return False
        try:
            self._conductor.confirmed(
                self._context,
                'heartbeat',
                self._heartbeat(conductor.HEALTHY.name),
            )
        except exception.PeerTimeout:
            # What they took before they take again, when they get to it.
            return False
        except exception.PeerError as error:
            if error.values['remote_type'] != _UNKNOWN_WORD:
                raise
        else:
            return True
        if self._failed is None:
            LOG.info(
                'There is a conductor of release 12 or before, which does '
                'not know the status "healthy"; it is told "running".'
            )
        self._failed, self._word = now, conductor.HEALTHY.instead
        return False

    def _cast(self, status: str) -> None:
        self._conductor.heartbeat(self._context, **self._heartbeat(status))

    def _heartbeat(self, status: str) -> dict[str, Any]:
        payload = {'service_status': status, **self._payload}
        found = self._version_found()
        if found is not None:
            payload['server_version'] = found
        return {
            'instance_id': self._instance_id,
            'payload': payload,
            'sent': self._time_sent(),
        }


def _remedy(error: Exception) -> str:
    if isinstance(error, exception.PeerUnreachable):
        return 'Check that a conductor runs.'
    if isinstance(
        error,
        exception.SealError | exception.PeerError | exception.PeerTooOld,
    ):
        # It says what to do itself.
        return ''
    return 'Check that the message broker of transport_url runs.'
