# SPDX-License-Identifier: Apache-2.0
"""Workflows that make a replica the primary of all others.

At most one of them can be written at any time. Before the new primary can be,
the former one is made read-only or its server is stopped. When that is undone,
the other way round: the former primary becomes writable only after the new one
is known not to be.

Once the new primary is recorded, nothing is undone any more. Replicas that do
not follow it then get a fault of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
import logging
from typing import Any

from trove.common import exception
from trove.common import masking
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import following

LOG = logging.getLogger(__name__)

_LEFT = (
    'Instance %(new)s is the primary now, but this replica does not follow '
    'it: %(why)s. It is read-only. Delete it, and create another replica.'
)


class Regroup(following.Following):
    """A workflow on a primary and its replicas."""

    left_over = (
        'Repeat the request when the instances can be reached: what was done '
        'already is not done again.'
    )

    #: Whether a replica that was promoted may still be writable.
    _unsafe = False

    @property
    def job(self) -> dict[str, Any]:
        """Return what is stored with the job: ``primary``, ``members``."""
        row = self.env.database(workflows.get_workflow, self.instance_id)
        if row is None or row.owner != self.owner:
            raise base.Superseded('it was adopted or cancelled')
        return row.details

    @property
    def primary(self) -> str:
        """The former primary."""
        return str(self.job['primary'])

    @property
    def members(self) -> set[str]:
        """All instances of the set, without replicas that failed before."""
        return {self.instance_id, *self.job['members']}

    def occupy(self) -> None:
        """Give the job its members, if another API began it."""
        if not self.env.database(
            replicas.occupy, self.instance_id, self.owner, self.action
        ):
            raise base.Superseded('it was adopted or cancelled')

    def remember(self, **details: Any) -> None:
        """Store something with the job, for whoever adopts it."""
        if not self.env.database(
            workflows.add_details, self.instance_id, self.owner, **details
        ):
            raise base.Superseded('it was adopted or cancelled')

    def open(self, new: str) -> None:
        """Make a replica writable."""
        self.give(
            new,
            lambda guest: guest.detach_replica(
                self.context, for_failover=True
            ),
        )
        self.give(
            new,
            lambda guest: guest.enable_as_master(
                self.context, replica_source_config=None
            ),
        )
        self.give(
            new,
            lambda guest: guest.make_read_only(self.context, read_only=False),
        )

    def close(self, new: str) -> None:
        """Undo :meth:`open`: see that a replica cannot be written.

        The server of one that does not obey is stopped.
        """
        if self.is_recorded(new):
            return
        self._unsafe = True
        try:
            self.give(
                new,
                lambda guest: guest.make_read_only(
                    self.context, read_only=True
                ),
            )
        except exception.TroveError as error:
            LOG.warning(
                'Instance %s may be writable, as it did not confirm that it '
                'is read-only: %s Stopping its server.',
                new,
                masking.error(error),
            )
            self.cloud.compute.stop_server(self.context, new)
        self._unsafe = False

    def require_closed(self, new: str) -> None:
        """See that the former primary may become writable again.

        :raises StepFailed: it may not
        """
        if self._unsafe:
            raise base.StepFailed(
                reason=f'instance {new} may be writable and its server cannot '
                'be stopped, so the former primary stays read-only. Repeat '
                'the request when that instance can be reached'
            )

    def is_recorded(self, new: str) -> bool:
        """Whether the new primary is recorded, so that nothing is undone."""
        if new == self.primary:
            return False
        found = self.env.database(replicas.primary_of, new)
        return found == new

    def record_primary(self, new: str, *, follows: bool) -> None:
        done = self.env.database(
            replicas.switch, self.instance_id, self.owner, new, follows=follows
        )
        if not done:
            raise base.Superseded('it was adopted or cancelled')
        if new != self.instance_id:
            self._end_member(new)

    def follow(
        self, new: str, others: Iterable[str], failed: states.Task
    ) -> None:
        """Have instances follow the new primary, those first that can.

        :param others: in their order
        :param failed: the task of those that do not
        """
        context = self.context_of(new)
        for each in others:
            try:
                self.attach(each, context)
            except exception.TroveError as error:
                self._leave(each, new, failed, error)
            else:
                self._end_member(each)

    def _end_member(self, instance_id: str) -> None:
        """End what an earlier job left to a member, such as a fault."""
        if not self.env.database(
            replicas.end_member, self.instance_id, self.owner, instance_id
        ):
            raise base.Superseded('it was adopted or cancelled')

    def _leave(
        self,
        instance_id: str,
        new: str,
        task: states.Task,
        error: exception.TroveError,
    ) -> None:
        why = masking.error(error).strip().rstrip('.')
        LOG.warning(
            'Replica %s does not follow its new primary %s: %s. Its fault has '
            'the remedy.',
            instance_id,
            new,
            why,
        )
        self.fail_member(instance_id, task, _LEFT % {'new': new, 'why': why})

    def fail_member(
        self, instance_id: str, task: states.Task, message: str
    ) -> None:
        """Give a member of the job a fault."""
        if not self.env.database(
            replicas.fail_member,
            self.instance_id,
            self.owner,
            instance_id,
            task,
            message,
        ):
            raise base.Superseded('it was adopted or cancelled')
