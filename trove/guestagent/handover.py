# SPDX-License-Identifier: Apache-2.0
"""Reports messages that the guest agent has rejected to the conductors."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.common import rpc
from trove.common import service
from trove.conductor import api as conductor
from trove.guestagent import conductors as conductors_
from trove.guestagent import rejections

LOG = logging.getLogger(__name__)

#: Seconds between two rounds; a new rejection starts one at once.
_INTERVAL: Final = 30.0
#: Seconds to wait for the version of the conductors, before a rejection is
#: reported in a form that every version knows.
_ANSWER_TIMEOUT: Final = 60.0
#: Timeout in seconds for a round in progress when the agent stops.
_STOP_TIMEOUT: Final = 1.0


class HandOver:
    """Reports each rejection once, and then deletes it.

    Conductors that know ``report_rejected`` get all of it. Others get the
    error, which becomes a fault of the instance, and the rest after their
    upgrade. While the broker or all conductors are unreachable, the
    rejections are kept.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        store: rejections.Rejections,
        transport: rpc.Transport,
        conductors: conductors_.Conductors,
    ) -> None:
        self._instance_id: str = conf.guest_id
        self._project_id = conf.tenant_id
        self._store = store
        self._conductors = conductors
        self._conductor = conductor.API(transport)
        self._stopped = False
        self._failing = False
        self._periodic = service.Periodic(self.round, _INTERVAL, 'rejected')

    def start(self) -> None:
        self._store.listen(self.wake)
        self._periodic.start()

    def wake(self) -> None:
        """Start a round; there is a new rejection or a new version."""
        self._periodic.wake()

    def stop(self) -> None:
        self._stopped = True
        waiter = threading.Thread(target=self._periodic.stop, daemon=True)
        waiter.start()
        waiter.join(_STOP_TIMEOUT)
        self._store.flush()

    def round(self) -> None:
        """Report what can be reported; keep the rest for the next round."""
        self._store.flush()
        waiting = self._due(self._store.waiting())
        if not waiting:
            return
        # Otherwise they would get an older form than they support.
        answered = self._conductors.look()
        for kept in self._due(waiting):
            if self._stopped:
                return
            # Negative when the clock was set back.
            age = abs(time.time() - kept.time)
            if not answered and age < _ANSWER_TIMEOUT:
                continue
            if not self._hand_over(kept):
                return

    def _due(self, waiting: list[rejections.Kept]) -> list[rejections.Kept]:
        """Skip those already reported as a fault, if no more is possible."""
        if self._conductor.can_send('report_rejected'):
            return waiting
        return [kept for kept in waiting if not kept.told]

    def _hand_over(self, kept: rejections.Kept) -> bool:
        """Report one; return False if the next would fail as well."""
        item = self._store.take(kept)
        if item is None:
            return True
        done = told = False
        error: Exception | None = None
        try:
            done = self._report(item)
            told = True
        except Exception as caught:  # noqa: BLE001
            error = caught
        if done:
            self._store.remove(kept)
        else:
            self._store.put_back(kept, told)
        # stop() may have closed the connection.
        if error is not None and not self._failing and not self._stopped:
            LOG.error(
                'Could not report a rejected message to the conductors (%s: '
                '%s). It is kept in %s; retrying. Check that a conductor and '
                'the message broker are running.',
                type(error).__name__,
                error,
                kept.path,
            )
        self._failing = error is not None
        return not isinstance(error, exception.ServiceUnavailable)

    def _report(self, item: rejections.Item) -> bool:
        """Return whether nothing is left to report.

        :raises Exception: it could not be sent
        """
        rejection = item.rejection
        # The guest's own context: an administrator may have sent the order.
        context = trove_context.TroveContext(
            project_id=self._project_id,
            user_id=rejection.user_id,
            request_id=rejection.request_id,
            overwrite=False,
        )
        try:
            self._conductor.report_rejected(
                context,
                instance_id=self._instance_id,
                rejection=rejection.to_dict()
                | {
                    'count': item.count,
                    'masked': not item.full,
                    'told': item.told,
                },
            )
        except exception.PeerTooOld:
            if not item.told:
                self._tell(context, rejection)
            return False
        return True

    def _tell(
        self,
        context: trove_context.TroveContext,
        rejection: rpc.Rejection,
    ) -> None:
        message = masking.error(
            f'The guest agent rejected {rejection.method!r}: '
            f'{rejection.reason}.'
        )
        self._conductor.notify_exc_info(
            context,
            serialized_notification={
                'instance_id': self._instance_id,
                'request_id': rejection.request_id,
                'server_type': 'guest',
            },
            message=message,
            exception=[
                f'{rejection.kind} {rejection.method!r} of version '
                f'{rejection.version} of the interface '
                f'{rejection.interface}, rejected because of its '
                f'{rejection.cause}.\n',
                'The guest keeps it until the conductors are upgraded.\n',
            ],
        )
