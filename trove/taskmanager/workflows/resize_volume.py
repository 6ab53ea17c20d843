# SPDX-License-Identifier: Apache-2.0
"""Enlarge the volume of an instance, and those of its replicas.

Online, the database runs meanwhile, if its guest agent can do that. Offline,
it is stopped, and its volume detached from the server until it is larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects.instance import enlarging
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import released_guest
from trove.taskmanager.workflows import resizing

_AGAIN = (
    'The data are untouched. Check the log of the guest agent, then resize '
    'the volume again.'
)
_CLOUD = 'Check the cloud and its logs, then resize the volume again.'
_OFFLINE = (
    f'{_CLOUD} If the cloud enlarges no volume in use, set '
    '"online_volume_resize = false" in [DEFAULT] of the task managers before.'
)


class ResizeVolume(resizing.Resize):
    """Enlarges the volumes; ``wanted`` is the new size in GiB.

    Replicas come first: so at any time they have room for what their primary
    has. A volume cannot shrink: when a step after its enlargement fails, the
    instance keeps its old size in Trove, and a repeated request resumes from
    there.

    :param online: None: as the option says. What a job has begun with stays,
        else its database could stay down.
    """

    action = enlarging.ACTION
    wants = 'new_size'
    left_over = (
        'The database may be stopped, or its volume detached, until the '
        'volume is resized again.'
    )

    online = True

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        wanted: Any = None,
        online: bool | None = None,
    ) -> None:
        super().__init__(env, context, instance_id, wanted)
        self.online = (
            env.conf.online_volume_resize if online is None else online
        )

    @classmethod
    def known(
        cls, env: base.Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        return (*super().known(env, row), row.details.get('online'))

    def steps(self) -> list[base.Step]:
        first, enlarge, *others = self._online_steps()
        if self.online:
            return [first, enlarge, *others]
        detach, attach = self._detachment(), self._attachment()
        return [first, detach, enlarge, attach, *others]

    def _online_steps(self) -> list[base.Step]:
        return [
            base.Step(
                'enlarge the volumes of the replicas',
                do=self._enlarge_replicas,
                remedy='Check its guest agent, or delete it, then resize the '
                'volume again.',
            ),
            base.Step(
                'enlarge the volume',
                do=lambda: self._extend(self.instance_id),
                remedy=_OFFLINE if self.online else _CLOUD,
            ),
            base.Step(
                'enlarge the file system',
                do=lambda: self._grow(self.instance_id),
                # Offline, that is undone with the detachment.
                undo=self._recover if self.online else None,
                remedy=_AGAIN,
            ),
            base.Step(
                'wait until the database runs',
                do=lambda: self._wait(self.instance_id),
                remedy=_AGAIN,
            ),
        ]

    def _detachment(self) -> base.Step:
        return base.Step(
            'detach the volume',
            do=lambda: self._detach(self.instance_id),
            undo=self._recover,
            remedy=_CLOUD,
        )

    def _attachment(self) -> base.Step:
        return base.Step(
            'attach the volume',
            do=lambda: self._attach(self.instance_id),
            remedy=_CLOUD,
        )

    def finish(self) -> bool:
        return self.env.database(
            tasks.end_task,
            self.instance_id,
            self.owner,
            volume_size=self.wanted,
        )

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        sizes = self.env.database(enlarging.sizes, self.instance_id)
        if len(sizes) > 1:
            # In the message by their first letters: a long one is cut.
            message = f'Volumes: {_told(sizes, 8)}. {message}'
            details = f'Volumes: {_told(sizes)}.\n{details}'
        return super().fail(step, message, details)

    def _enlarge_replicas(self) -> None:
        if not self.online and not self.cloud.volumes.detachable:
            raise base.StepFailed(
                reason='the option online_volume_resize is false, but this '
                'cloud detaches no volumes',
                remedy='Nothing was changed. Set it to true in [DEFAULT] of '
                'the task managers, then resize the volume again.',
            )
        self._keep(
            self.env.database(
                workflows.add_details,
                self.instance_id,
                self.owner,
                online=self.online,
            )
        )
        self._keep(
            self.env.database(
                enlarging.occupy,
                self.conf,
                self.instance_id,
                self.owner,
                self.wanted,
            )
        )
        replicas = self.env.database(enlarging.pending, self.instance_id)
        # Of a dead one nothing is changed at any.
        if not self.online:
            self._require_answer(self.instance_id)
        for each in replicas:
            self._try(each, self._require_answer)
        for each in replicas:
            self._try(each, self._enlarge_replica)
            self._keep(
                self.env.database(
                    enlarging.record_member,
                    self.instance_id,
                    self.owner,
                    each,
                    self.wanted,
                )
            )

    def _keep(self, ours: bool) -> None:
        if not ours:
            raise base.Superseded('it was adopted or cancelled')

    def _try(self, replica: str, do: Any) -> None:
        """Do something with a replica, unless it is no member any more."""
        try:
            do(replica)
        except exception.TroveError as error:
            if self.env.database(
                enlarging.takes_part, self.instance_id, replica
            ):
                raise base.StepFailed(
                    reason=f'replica {replica}: {str(error).rstrip(".")}'
                ) from error

    def _require_answer(self, instance_id: str) -> None:
        self.guest(instance_id=instance_id).rpc_ping(self.context)

    def _enlarge_replica(self, instance_id: str) -> None:
        if self.online:
            self._extend(instance_id)
        try:
            if not self.online:
                self._detach(instance_id)
                self._extend(instance_id)
                self._attach(instance_id)
            self._grow(instance_id)
        except exception.TroveError as error:
            self._start_anyway(instance_id, error)
            raise
        self._wait(instance_id)

    def _start_anyway(
        self, instance_id: str, cause: exception.TroveError
    ) -> None:
        try:
            self._ensure_running(instance_id)
        except exception.TroveError as error:
            raise base.StepFailed(
                reason=f'{str(cause).rstrip(".")}; and then its database '
                f'could not be started: {error}'
            ) from error

    def _detach(self, instance_id: str) -> None:
        where = self._where(instance_id)
        self._order(instance_id, lambda guest: guest.stop_db(self.context))
        self._order(
            instance_id,
            lambda guest: guest.unmount_volume(self.context, **where),
        )
        self.cloud.volumes.detach(self.context, instance_id)

    def _attach(self, instance_id: str) -> None:
        self.cloud.volumes.attach(self.context, instance_id)

    def _extend(self, instance_id: str) -> None:
        volume = self.cloud.volumes.extend(
            self.context, instance_id, self.wanted
        )
        if volume.size != self.wanted:
            raise base.StepFailed(
                reason=f'the cloud enlarged it to {volume.size} GiB instead '
                f'of {self.wanted} GiB'
            )

    def _grow(self, instance_id: str) -> None:
        where = self._where(instance_id)
        if self._is_online(instance_id):
            self._order(
                instance_id,
                lambda guest: guest.resize_fs(
                    self.context, online=True, **where
                ),
            )
            return
        self._order(instance_id, lambda guest: guest.stop_db(self.context))
        self._order(
            instance_id, lambda guest: guest.resize_fs(self.context, **where)
        )
        self._mount(instance_id)
        self._start(
            instance_id,
            f'its file system was enlarged, request {self.context.request_id}',
        )

    def _where(self, instance_id: str) -> dict[str, Any]:
        """Return the arguments of orders that concern the volume."""
        volume = self.cloud.volumes.get(self.context, instance_id)
        if volume is None:
            raise exception.NotFound(id=f'volume of instance {instance_id}')
        return {
            'device_path': volume.device_path,
            'mount_point': volume.mount_point
            or self._released_mount_point(instance_id),
        }

    def _released_mount_point(self, instance_id: str) -> str | None:
        """Return what a guest agent of a release does not know itself."""
        client = self.guest(instance_id=instance_id)
        version = self.instance(instance_id).datastore_version
        if client.is_sealing or not client.known or version is None:
            return None
        try:
            return released_guest.needs(version.manager or '').mount_point
        except released_guest.Unknown:
            return None

    def _mount(self, instance_id: str) -> None:
        """Mount the volume of a stopped database.

        A guest agent of a release refuses it for one that is mounted.
        """
        where = self._where(instance_id)
        self._order(
            instance_id,
            lambda guest: guest.unmount_volume(self.context, **where),
        )
        self._order(
            instance_id,
            lambda guest: guest.mount_volume(self.context, **where),
        )

    def _is_online(self, instance_id: str) -> bool:
        """Whether the database runs while its file system grows."""
        return self.online and self.guest(instance_id=instance_id).can_send(
            'resize_fs', online=True
        )

    def _order(self, instance_id: str, order: orders.Order) -> None:
        orders.give(self, order, to=instance_id)

    def _start(self, instance_id: str, reason: str) -> None:
        self._order(
            instance_id,
            lambda guest: guest.restart(self.context, reason=reason),
        )

    def _recover(self) -> None:
        self._ensure_running(self.instance_id)

    def _ensure_running(self, instance_id: str) -> None:
        """Start the database after a failure, whatever its volume is like."""
        if self._is_online(instance_id):
            return
        if not self.online:
            self._attach(instance_id)
        self._require_answer(instance_id)
        self._order(instance_id, lambda guest: guest.stop_db(self.context))
        self._mount(instance_id)
        self._start(instance_id, 'enlarging its volume failed')
        self._wait(instance_id)

    def _wait(self, instance_id: str) -> None:
        guest.wait_until_usable(
            self, self.conf.reboot_time_out, instance_id=instance_id
        )


def _told(sizes: Mapping[str, int], letters: int | None = None) -> str:
    """Return sizes in GiB by the ids of instances, or their beginnings."""
    return ', '.join(
        f'{each[:letters]} {sizes[each]} GiB' for each in sorted(sizes)
    )
