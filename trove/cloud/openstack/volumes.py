# SPDX-License-Identifier: Apache-2.0
"""Volumes of Cinder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final

from trove.cloud import base
from trove.cloud import snapshots as cloud_snapshots
from trove.cloud.openstack import attachments
from trove.cloud.openstack import calls
from trove.cloud.openstack import flavors
from trove.cloud.openstack import marks
from trove.cloud.openstack import snapshots
from trove.common import exception

#: Statuses in which Cinder accepts no deletion, and which it leaves by itself.
_BUSY: Final = frozenset(
    {
        'attaching', 'creating', 'deleting', 'detaching', 'downloading',
        'extending', 'in-use', 'maintenance', 'reserved', 'retyping',
        'uploading', 'backing-up', 'restoring-backup',
    }
)

#: Status after a failed deletion.
_NOT_DELETED: Final = 'error_deleting'
_USABLE: Final = frozenset({'available', 'in-use', 'reserved', 'attaching'})


class OpenStackVolumes(base.Volumes):
    """One volume per instance, found by its name.

    Nova deletes no volume with the server, nor Cinder one with snapshots.

    :param known: the types, shared by all that use the cloud
    """

    def __init__(
        self,
        api: calls.Calls,
        known: flavors.Cached[list[base.VolumeType]],
    ) -> None:
        self._api = api
        self._known = known
        self._snapshots = snapshots.Snapshots(api)
        self._attachments = attachments.Attachments(api)

    detachable = True
    has_snapshots = True

    def types(self, context: base.Context) -> list[base.VolumeType]:
        return list(self._known.get(self._types))

    def _types(self) -> list[base.VolumeType]:
        api = self._api
        return [
            base.VolumeType(
                id=str(each.id),
                name=each.name,
                is_public=bool(each.is_public),
                description=each.description,
            )
            for each in api.look(
                'list the volume types', lambda: list(api.volumes.types())
            )
        ]

    def create(
        self,
        context: base.Context,
        instance_id: str,
        size: int,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        backup_id: str | None = None,
    ) -> base.Volume:
        conf = self._api.conf
        body: dict[str, Any] = {
            'name': marks.name(instance_id),
            'description': f'datastore volume for {instance_id}',
            'size': size,
            'metadata': {marks.METADATA: instance_id},
        }
        if volume_type is None and backup_id is None:
            # Else that of the snapshot.
            volume_type = conf.cinder_volume_type
        if volume_type:
            body['volume_type'] = volume_type
        if availability_zone and conf.enable_volume_az:
            body['availability_zone'] = availability_zone
        if backup_id is not None:
            body['snapshot_id'] = self._require_snapshot(backup_id).id
        api = self._api
        action = 'create the volume'
        if self._get(instance_id) is None:
            api.make(
                action,
                lambda: api.volumes.create_volume(**body),
                lambda: self._get(instance_id),
            )
        return self._view(self._settled(action, instance_id))

    def _settled(self, action: str, instance_id: str) -> Any:
        def look() -> Any | calls.Pending:
            volume = self._require(instance_id)
            if volume.status in _USABLE:
                return volume
            if volume.status in _BUSY:
                return attachments.pending(volume)
            raise exception.CloudError(
                action=action,
                reason=f'volume {volume.id} has the status {volume.status}. '
                'Check the log of cinder-volume and the space of its backend',
            )

        return self._api.wait(action, look, self._api.conf.volume_time_out)

    def get(
        self, context: base.Context, instance_id: str
    ) -> base.Volume | None:
        found = self._get(instance_id)
        return None if found is None else self._view(found)

    def _get(self, instance_id: str) -> Any | None:
        for volume in self._all_of(instance_id):
            # A root disk that a released Trove made has the same name.
            if not volume.is_bootable and volume.status != 'deleting':
                return volume
        return None

    def _require(self, instance_id: str) -> Any:
        found = self._get(instance_id)
        if found is None:
            raise exception.NotFound(id=f'volume of instance {instance_id}')
        return found

    def _all_of(self, instance_id: str) -> list[Any]:
        api = self._api
        return api.look(
            'list the volumes',
            lambda: list(api.volumes.volumes(name=marks.name(instance_id))),
        )

    def _view(self, found: Any) -> base.Volume:
        return base.Volume(
            id=str(found.id),
            size=int(found.size),
            device_path=self._api.conf.device_path,
        )

    def extend(
        self, context: base.Context, instance_id: str, size: int
    ) -> base.Volume:
        action = 'enlarge the volume'
        api = self._api
        # The error of a failed attempt would end this one before it begins.
        volume = self._attachments.settled(
            action, lambda: self._require(instance_id)
        )
        if size < volume.size:
            raise exception.CloudError(
                action=action,
                reason=f'it already has {volume.size} GiB, and a volume '
                'cannot shrink',
            )
        if size > volume.size:
            api.change(
                action, lambda: api.volumes.extend_volume(volume.id, size)
            )

        def look() -> Any | calls.Pending:
            found = self._settled(action, instance_id)
            if found.size >= size:
                return found
            return calls.Pending(
                f'volume {found.id} still has {found.size} GiB'
            )

        grown = api.wait(action, look, api.conf.volume_time_out)
        return self._view(grown)

    def detach(self, context: base.Context, instance_id: str) -> None:
        self._attachments.detach(
            instance_id, lambda: self._require(instance_id)
        )

    def attach(self, context: base.Context, instance_id: str) -> None:
        self._attachments.attach(
            instance_id, lambda: self._require(instance_id)
        )

    def delete(self, context: base.Context, instance_id: str) -> None:
        action = 'delete the volume'
        api = self._api
        asked: set[str] = set()

        def look() -> bool | calls.Pending:
            left = self._all_of(instance_id)
            for volume in left:
                if volume.status in _BUSY:
                    if volume.status == 'in-use':
                        self._attachments.forget(volume)
                    continue
                self._refuse_snapshots(action, volume.id)
                if volume.id in asked and volume.status.startswith('error'):
                    raise exception.CloudError(
                        action=action,
                        reason=f'volume {volume.id} has the status '
                        f'{volume.status}. Check the log of cinder-volume',
                    )
                self._drop(action, volume)
                asked.add(volume.id)
            return attachments.pending(left[0]) if left else True

        api.wait(action, look, api.conf.volume_time_out)

    def _drop(self, action: str, volume: Any) -> None:
        api = self._api
        if volume.status == _NOT_DELETED:
            # Cinder would refuse another attempt.
            api.change(
                'reset the status of the volume',
                lambda: api.volumes.reset_volume_status(volume.id, 'error'),
            )
        api.drop(
            action,
            lambda: api.volumes.delete_volume(volume.id, ignore_missing=False),
        )

    def _refuse_snapshots(self, action: str, volume_id: str) -> None:
        names = self._snapshots.of_volume(volume_id)
        if names:
            raise exception.CloudError(
                action=action,
                reason=f'volume {volume_id} has the snapshots '
                f'{", ".join(names)}. Delete these backups',
            )

    # Snapshots

    def snapshot(
        self,
        context: base.Context,
        instance_id: str,
        backup_id: str,
        metadata: Mapping[str, str],
    ) -> cloud_snapshots.Snapshot:
        volume = self._require(instance_id)
        return self._snapshots.make(volume.id, backup_id, metadata)

    def get_snapshot(
        self, context: base.Context, backup_id: str
    ) -> cloud_snapshots.Snapshot | None:
        return self._snapshots.get(backup_id)

    def _require_snapshot(self, backup_id: str) -> cloud_snapshots.Snapshot:
        found = self._snapshots.get(backup_id)
        if found is None:
            raise exception.NotFound(id=f'snapshot of backup {backup_id}')
        return found

    def delete_snapshot(self, context: base.Context, backup_id: str) -> None:
        self._snapshots.delete(backup_id)
