# SPDX-License-Identifier: Apache-2.0
"""Replace a primary that failed by one of its replicas."""

from __future__ import annotations

import logging

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.common import masking
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest as guests
from trove.taskmanager.workflows import regroup

LOG = logging.getLogger(__name__)

_AGAIN = 'Check the guest agents of the replicas, then eject it again.'
_FENCE = (
    'Two instances must not be writable, so stop its server by other means '
    'of the cloud, or delete it there; then eject it again.'
)
_GONE = (
    'This primary was ejected: instance %s took over from it, with all that '
    'it had received. Its server is stopped. Delete this instance; or reboot '
    'it as an instance of its own, to save what only it has. If its server is '
    'gone from the cloud, see "Save the data of a server that is gone" in the '
    'runbooks instead.'
)


class Eject(regroup.Regroup):
    """Ejects a primary.

    Its server is stopped first, as it may run and be writable, though nobody
    hears of it. Of the replicas that answer, the one that has received most
    takes over.
    """

    action = replicas.EJECT
    urgent = True

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'find a replica that answers', do=self._check, remedy=_AGAIN
            ),
            base.Step(
                'stop the server of the failed primary',
                do=self._fence,
                undo=self._unfence,
                remedy=_FENCE,
            ),
            base.Step(
                'choose the replica that has most',
                do=self._choose,
                remedy=_AGAIN,
            ),
            base.Step(
                'make the replica writable',
                do=lambda: self.open(self._new),
                undo=lambda: self.close(self._new),
                remedy=_AGAIN,
            ),
            base.Step(
                'record the new primary',
                do=lambda: self.record_primary(self._new, follows=False),
                remedy=_AGAIN,
            ),
            base.Step(
                'have the others follow the new primary',
                do=self._follow,
                remedy='One of the replicas is the primary now; check its '
                'guest agent. Delete those that do not follow it.',
            ),
        ]

    def finish(self) -> bool:
        new = self._new
        return self.env.database(
            tasks.fail_task,
            self.instance_id,
            self.owner,
            message=_GONE % new,
            details=_GONE % new,
        )

    def _check_server(self) -> None:
        """Whatever the server of the failed primary is like, go on."""

    @property
    def _new(self) -> str:
        """The replica that was chosen, the primary itself before that."""
        return str(self.job.get('chosen') or self.instance_id)

    @property
    def _replicas(self) -> list[str]:
        return sorted(self.members - {self.instance_id})

    def _check(self) -> None:
        self.occupy()
        if not any(self._answers(each) for each in self._replicas):
            raise base.StepFailed(
                reason='none of its replicas answers, so none can take over'
            )

    def _answers(self, instance_id: str) -> bool:
        try:
            guest = self.guest(instance_id=instance_id)
            return bool(guest.rpc_ping(self.context))
        except exception.TroveError as error:
            LOG.warning(
                'Replica %s cannot take over from %s: %s',
                instance_id,
                self.instance_id,
                masking.error(error),
            )
            return False

    def _fence(self) -> None:
        self.cloud.compute.stop_server(self.context, self.instance_id)
        server = self.cloud.compute.get_server(self.context, self.instance_id)
        if server is not None and server.status == cloud_base.ACTIVE:
            raise base.StepFailed(reason='the cloud says that it still runs')

    def _unfence(self) -> None:
        """Start the primary again, and have the replicas follow it."""
        if self.is_recorded(self._new):
            return
        self.require_closed(self._new)
        newest = guests.last_sent(self)
        self.cloud.compute.reboot_server(self.context, self.instance_id)
        guests.wait_until_usable(
            self, self.conf.reboot_time_out, newer_than=newest
        )
        context = self.context_of(self.instance_id)
        for each in self._replicas:
            if self._answers(each):
                self.attach(each, context)

    def _choose(self) -> None:
        """Choose a replica, after all of them stopped to receive.

        :raises StepFailed: none can be chosen
        """
        if self.job.get('chosen'):
            return
        received: dict[str, tuple[str, int]] = {}
        for each in self._replicas:
            if not self._answers(each):
                continue
            try:
                received[each] = self._received(each)
            except exception.TroveError as error:
                LOG.warning(
                    'Replica %s does not tell what it has received: %s',
                    each,
                    masking.error(error),
                )
        sources = {source for source, _ in received.values()}
        if len(sources) > 1:
            raise base.StepFailed(
                reason='its replicas have data of different primaries: '
                f'{", ".join(sorted(received))}',
                remedy='Detach or delete those that do not belong to it, '
                'then eject it again.',
            )
        if not received:
            raise base.StepFailed(
                reason='none of its replicas tells what it has received'
            )
        chosen = max(received, key=lambda each: (received[each][1], each))
        LOG.info('Of %s, %s takes over.', received, chosen)
        self.remember(chosen=chosen)

    def _received(self, instance_id: str) -> tuple[str, int]:
        self.give(
            instance_id,
            lambda guest: guest.detach_replica(
                self.context, for_failover=True
            ),
        )
        guest = self.guest(instance_id=instance_id)
        source, number = guest.get_last_txn(self.context)
        return str(source), int(number)

    def _follow(self) -> None:
        new = self._new
        others = [each for each in self._replicas if each != new]
        self.follow(new, others, states.Task.EJECTION_ERROR)
