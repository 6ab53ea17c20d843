# SPDX-License-Identifier: Apache-2.0
"""Enlarge the volume of an instance, and those of its replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.common import exception
from trove.objects.instance import enlarging
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import released_guest
from trove.taskmanager.workflows import resizing

_AGAIN = (
    'The data are untouched. Check the log of the guest agent, then resize '
    'the volume again.'
)


class ResizeVolume(resizing.Resize):
    """Enlarges the volumes; ``wanted`` is the new size in GiB.

    Replicas come first: so at any time they have room for what their primary
    has. A volume cannot shrink: when a step after its enlargement fails, the
    instance keeps its old size in Trove, and a repeated request resumes from
    there.
    """

    action = enlarging.ACTION
    wants = 'new_size'

    def steps(self) -> list[base.Step]:
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
                remedy='Check the cloud and its logs, then resize the volume '
                'again.',
            ),
            base.Step(
                'enlarge the file system',
                do=lambda: self._grow(self.instance_id),
                undo=lambda: self._ensure_running(self.instance_id),
                remedy=_AGAIN,
            ),
            base.Step(
                'wait until the database runs',
                do=lambda: self._wait(self.instance_id),
                remedy=_AGAIN,
            ),
        ]

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
        self._extend(instance_id)
        try:
            self._grow(instance_id)
        except exception.TroveError:
            self._ensure_running(instance_id)
            raise
        self._wait(instance_id)

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
        return self.guest(instance_id=instance_id).can_send(
            'resize_fs', online=True
        )

    def _order(self, instance_id: str, order: orders.Order) -> None:
        orders.give(self, order, to=instance_id)

    def _start(self, instance_id: str, reason: str) -> None:
        self._order(
            instance_id,
            lambda guest: guest.restart(self.context, reason=reason),
        )

    def _ensure_running(self, instance_id: str) -> None:
        if not self._is_online(instance_id):
            self._start(instance_id, 'enlarging its file system failed')
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
