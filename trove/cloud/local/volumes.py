# SPDX-License-Identifier: Apache-2.0
"""Volumes of the local cloud."""

from __future__ import annotations

import dataclasses
import shutil
import uuid

from trove.cloud import base
from trove.cloud.local import files
from trove.cloud.local import machine as machines
from trove.common import exception

GIB = 1024**3


class LocalVolumes(base.Volumes):
    """Volumes are directories.

    A directory has no size of its own, so the size is checked where it can
    be: there must be room for it when it is made or grows, and the guest
    agent reports what of it is used.
    """

    def __init__(self, machine: machines.Machine) -> None:
        self._machine = machine

    def types(self, context: base.Context) -> list[base.VolumeType]:
        names = self._machine.conf.cloud_local.volume_types
        return [base.VolumeType(id=name, name=name) for name in names]

    def create(
        self,
        context: base.Context,
        instance_id: str,
        size: int,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        backup_id: str | None = None,
    ) -> base.Volume:
        if backup_id is not None:
            raise exception.NotSupported(what='A volume from a snapshot')
        with self._machine.changing(instance_id, 'create the volume') as home:
            volume = home.read_volume()
            if volume is None:
                self._check_room('create the volume', size * GIB)
                volume = home.make_volume(str(uuid.uuid4()), size)
            return volume

    def get(
        self, context: base.Context, instance_id: str
    ) -> base.Volume | None:
        return self._machine.home(instance_id).read_volume()

    def extend(
        self, context: base.Context, instance_id: str, size: int
    ) -> base.Volume:
        action = 'extend the volume'
        with self._machine.changing(instance_id, action) as home:
            volume = home.read_volume()
            if volume is None:
                raise exception.NotFound(
                    id=f'volume of instance {instance_id}'
                )
            if size < volume.size:
                raise exception.CloudError(
                    action=action,
                    reason=f'it already has {volume.size} GiB, and a volume '
                    'cannot shrink',
                )
            if size > volume.size:
                used = files.used_bytes(home.volume)
                self._check_room(action, size * GIB - used)
                volume = dataclasses.replace(volume, size=size)
                home.write_volume(volume)
            record = home.read()
            if record is not None:
                home.configure(record)
            return volume

    def delete(self, context: base.Context, instance_id: str) -> None:
        with self._machine.changing(
            instance_id, 'delete the volume', gone=True
        ) as home:
            if home.read() is not None:
                raise exception.CloudError(
                    action='delete the volume',
                    reason='it is in use by the server of instance '
                    f'{instance_id}',
                )
            home.remove_volume()

    def _check_room(self, action: str, needed: int) -> None:
        free = shutil.disk_usage(self._machine.state_dir).free
        if needed > free:
            raise exception.CloudError(
                action=action,
                reason=f'it needs {needed / GIB:.1f} GiB more of '
                f'{self._machine.state_dir}, which has {free / GIB:.1f} GiB '
                'free',
            )
