# SPDX-License-Identifier: Apache-2.0
"""Promote a replica; its primary becomes a replica."""

from __future__ import annotations

from trove.common import exception
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import regroup

_AGAIN = 'The primary is the same as before. Promote the replica again.'
_CHECK = (
    'Check the guest agents of both instances, and reboot one whose server '
    'was stopped; then promote the replica again.'
)
_READ_ONLY = (
    'This primary may be read-only: the promotion of its replica %s failed '
    'and was not undone. When the guest agents answer, promote a replica; or '
    'eject this primary. Without replicas, it is writable after a restart.'
)
_NOT_STOPPED = (
    'This primary stays read-only: its replica %s may be writable, as its '
    'promotion failed and its server was not stopped. Stop that by other '
    'means before another promotion or ejection; or promote it again.'
)


class Promote(regroup.Regroup):
    """Promotes a replica.

    Nothing that the primary acknowledged is lost: the replica has all of it
    before it becomes writable.
    """

    action = replicas.PROMOTE

    #: Whether the replica was refused before anything was changed.
    _refused = False

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'check the primary and the replica',
                do=self._check,
                remedy=_AGAIN,
            ),
            base.Step(
                'let the primary be followed',
                do=self._prepare,
                undo=self._return,
                remedy=_AGAIN,
            ),
            base.Step(
                'make the primary read-only',
                do=self._close_primary,
                undo=self._reopen_primary,
                remedy=_CHECK,
            ),
            base.Step(
                'wait until the replica has all changes',
                do=self._catch_up,
                remedy=_AGAIN,
            ),
            base.Step(
                'make the replica writable',
                do=lambda: self.open(self.instance_id),
                undo=lambda: self.close(self.instance_id),
                remedy=_CHECK,
            ),
            base.Step(
                'record the new primary',
                do=lambda: self.record_primary(
                    self.instance_id, follows=True
                ),
                remedy=_CHECK,
            ),
            base.Step(
                'have the others follow the new primary',
                do=self._follow,
                remedy='The replica is the primary now; check its guest '
                'agent. Delete those that do not follow it.',
            ),
        ]

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        if self._refused:
            return self.end_unchanged(message, details)
        return super().fail(step, message, details)

    def _check(self) -> None:
        """See that both answer, and that the replica receives and applies.

        One whose receiver stands still has all that an idle primary wrote
        before. So the primary writes something: the user for replicas anew.
        """
        self.occupy()
        seconds = self.conf.taskmanager.promote_lag_timeout
        self.guest().rpc_ping(self.context)
        self._prepare()
        position = self._position()
        try:
            self.guest(timeout=seconds).wait_for_txn(
                self.context, txn=position
            )
        except exception.PeerTimeout:
            self._refused = True
            raise base.StepFailed(
                reason=f'it has not applied within {seconds} seconds what '
                'its primary wrote: it lags behind too far, or receives '
                'nothing',
                remedy='Nothing was changed. Restart this replica, promote '
                'it later, or choose another one.',
            ) from None

    def _prepare(self) -> None:
        self.give(
            self.primary,
            lambda guest: guest.enable_as_master(
                self.context, replica_source_config=None
            ),
        )

    def _return(self) -> None:
        """Have the replica follow its primary again."""
        if self.is_recorded(self.instance_id):
            return
        self.require_closed(self.instance_id)
        # It runs, unless it died meanwhile, which shows within the timeout of
        # a ping: others have minutes, and all members wait.
        self.guest(instance_id=self.primary).rpc_ping(self.context)
        seconds = self.conf.agent_call_low_timeout
        context = self.context_of(self.primary, seconds=seconds)
        self.attach(self.instance_id, context)

    def _close_primary(self) -> None:
        self.give(
            self.primary,
            lambda guest: guest.make_read_only(self.context, read_only=True),
        )

    def _reopen_primary(self) -> None:
        if self.is_recorded(self.instance_id):
            return
        try:
            self.require_closed(self.instance_id)
            self.give(
                self.primary,
                lambda guest: guest.make_read_only(
                    self.context, read_only=False
                ),
            )
        except exception.TroveError:
            message = _NOT_STOPPED if self._unsafe else _READ_ONLY
            self.fail_member(
                self.primary, states.Task.NONE, message % self.instance_id
            )
            raise

    def _position(self) -> str:
        """Return where the primary is.

        If it has died meanwhile, nobody can be written until it is ejected:
        that shows within the timeout of a ping.
        """
        primary = self.guest(instance_id=self.primary)
        primary.rpc_ping(self.context)
        return primary.get_latest_txn_id(self.context)

    def _catch_up(self) -> None:
        position = self._position()
        self.give(
            self.instance_id,
            lambda guest: guest.wait_for_txn(self.context, txn=position),
        )

    def _follow(self) -> None:
        """Have all others follow; the former primary comes last.

        Its own changes reach the others by way of the new primary only.
        """
        former = self.primary
        others = sorted(self.members - {self.instance_id, former})
        failed = states.Task.PROMOTION_ERROR
        self.follow(self.instance_id, others, failed)
        self.follow(self.instance_id, [former], failed)
        try:
            self.guest(instance_id=former).demote_replication_master(
                self.context
            )
        except exception.TroveError:
            # What it keeps for replicas is bounded. It has its fault, if it
            # does not follow.
            pass
