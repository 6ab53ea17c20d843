# SPDX-License-Identifier: Apache-2.0
"""Reports the status of the database and the agent's version to conductors.

Conductors of releases 8 to 12 fail at the word ``healthy`` (see
:data:`trove.conductor.api.HEALTHY`). Those of later releases know ``healthy``
and ``running``, and expect ``healthy``. They all have the same version, and
several may share the topic. So while conductors may be of a release,
``healthy`` is sent as a call, and ``running`` after a failure.
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
from trove.common import masking
from trove.common import rpc
from trove.common import service
from trove.conductor import api as conductor

LOG = logging.getLogger(__name__)

#: How long ``healthy`` is not retried after a conductor has failed at it, in
#: units of ``refresh_interval``.
_HOLD: Final = 18

#: Maximum characters of why the database does not run.
_MAX_TROUBLE: Final = 1000

#: The exception in a conductor that does not know a word.
_UNKNOWN_WORD: Final = 'ValueError'


class Heartbeat:
    """Casts the status periodically, and at once when it changes.

    Retries while the message broker is unreachable.

    :param speaks: revision of the guest agent's interface that is served;
        of several major versions, one each, separated by commas
    :param status: returns the status to report
    :param time_sent: returns the time of a message, see
        :class:`trove.guestagent.monotonic_time.MonotonicTime`
    :param version_found: returns the version of the running server
    :param replication: returns how a replica follows, None of others
    :param trouble: returns why the database does not run, or not with its
        settings; else ''
    :param first: called before the first report; whatever it waits for is no
        condition of that
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport,
        speaks: str,
        status: Callable[[], str],
        time_sent: Callable[[], float],
        version_found: Callable[[], str | None] = lambda: None,
        replication: Callable[[], dict[str, Any] | None] = lambda: None,
        trouble: Callable[[], str] = lambda: '',
        clock: Callable[[], float] = time.monotonic,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        self._conf = conf
        self._first: Callable[[], object] | None = first
        self._instance_id = conf.guest_id
        # The guest's own context, which is not an administrator's.
        self._context = trove_context.TroveContext(
            project_id=conf.tenant_id, overwrite=False
        )
        self._conductor = conductor.API(transport)
        self._status = status
        self._time_sent = time_sent
        self._version_found = version_found
        self._replication = replication
        self._trouble = trouble
        self._clock = clock
        #: The word for "healthy" that released conductors are known to
        #: accept, and the time when one failed at "healthy".
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
        """Report now instead of after the interval."""
        self._periodic.wake()

    def stop(self) -> None:
        self._periodic.stop()

    def beat(self) -> None:
        """Report now; log only the first of consecutive failures."""
        with self._lock:
            first, self._first = self._first, None
            try:
                if first is not None:
                    first()
                self._report(self._status())
            except Exception as error:  # noqa: BLE001
                if not self._failing:
                    LOG.error(
                        'Could not send the heartbeat (%s: %s). %s Retrying; '
                        'the database is not affected.',
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
        """Send it to released conductors; return whether one accepted it."""
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
            # A slow conductor receives the known word later.
            return False
        except exception.PeerError as error:
            if error.values['remote_type'] != _UNKNOWN_WORD:
                raise
        else:
            return True
        if self._failed is None:
            LOG.info(
                'A conductor of release 12 or before does not know the '
                'status "healthy"; sending "running" instead.',
            )
        self._failed, self._word = now, conductor.HEALTHY.instead
        return False

    def _cast(self, status: str) -> None:
        self._conductor.heartbeat(self._context, **self._heartbeat(status))

    def _heartbeat(self, status: str) -> dict[str, Any]:
        payload: dict[str, Any] = {
            'service_status': status,
            **self._payload,
        }
        found = self._version_found()
        if found is not None:
            payload['server_version'] = found
        follows = self._replication()
        if follows is not None:
            payload['replication'] = follows
        if trouble := self._trouble():
            payload['trouble'] = masking.error(trouble, _MAX_TROUBLE)
        return {
            'instance_id': self._instance_id,
            'payload': payload,
            'sent': self._time_sent(),
        }


def _remedy(error: Exception) -> str:
    if isinstance(error, exception.PeerUnreachable):
        return 'Check that a conductor is running.'
    if isinstance(
        error,
        exception.SealError | exception.PeerError | exception.PeerTooOld,
    ):
        # Its text has the remedy.
        return ''
    return 'Check that the message broker of transport_url is running.'
