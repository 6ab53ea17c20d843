# SPDX-License-Identifier: Apache-2.0
"""A Cinder driver whose volumes are sparse files.

The driver of Nova makes loop devices of them.
"""

import os
import shutil
import subprocess

from cinder import exception
from cinder import interface
from cinder.image import image_utils
from cinder.volume import driver
from oslo_config import cfg

from osrig import faults

GIB = 1024**3
OPTIONS = [
    cfg.StrOpt('rig_volumes', help='Directory of the files.'),
    cfg.IntOpt('rig_capacity', default=1000, help='GiB that are offered.'),
]
cfg.CONF.register_opts(OPTIONS)


@interface.volumedriver
class FileDriver(driver.VolumeDriver):
    """One sparse file per volume or snapshot."""

    VERSION = '1.0'
    CI_WIKI_NAME = 'none'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)

    def do_setup(self, context):
        os.makedirs(self.configuration.rig_volumes, exist_ok=True)

    def check_for_setup_error(self):
        """Nothing can be wrong."""

    def _path(self, thing):
        return os.path.join(self.configuration.rig_volumes, thing['name'])

    def _fault(self, at, thing):
        try:
            faults.check(
                f'cinder.{at}', f'{thing["display_name"]} {thing["id"]}'
            )
        except faults.Fault as fault:
            raise exception.VolumeDriverException(
                message=str(fault)
            ) from fault

    def _resize(self, volume, size):
        with open(self._path(volume), 'ab') as file:
            file.truncate(size * GIB)

    def _copy(self, source, target):
        subprocess.run(
            [
                'cp',
                '--sparse=always',
                '--reflink=auto',
                self._path(source),
                self._path(target),
            ],
            check=True,
        )

    def create_volume(self, volume):
        self._fault('create', volume)
        self._resize(volume, volume['size'])

    def delete_volume(self, volume):
        self._fault('delete', volume)
        if os.path.exists(self._path(volume)):
            os.unlink(self._path(volume))

    def create_snapshot(self, snapshot):
        self._fault('snapshot', snapshot)
        self._copy(snapshot['volume'], snapshot)

    def delete_snapshot(self, snapshot):
        if os.path.exists(self._path(snapshot)):
            os.unlink(self._path(snapshot))

    def create_volume_from_snapshot(self, volume, snapshot):
        self._fault('create', volume)
        self._copy(snapshot, volume)
        self._resize(volume, volume['size'])

    def create_cloned_volume(self, volume, src_vref):
        self._copy(src_vref, volume)
        self._resize(volume, volume['size'])

    def extend_volume(self, volume, new_size):
        self._fault('extend', volume)
        self._resize(volume, new_size)

    def copy_image_to_volume(
        self, context, volume, image_service, image_id, disable_sparse=False
    ):
        with image_utils.temporary_file() as name:
            with open(name, 'wb') as file:
                image_service.download(context, image_id, file)
            shutil.copyfile(name, self._path(volume))
        self._resize(volume, volume['size'])

    def ensure_export(self, context, volume):
        """A file needs no export."""

    def create_export(self, context, volume, connector):
        """A file needs no export."""

    def remove_export(self, context, volume):
        """A file needs no export."""

    def initialize_connection(self, volume, connector):
        self._fault('attach', volume)
        return {
            'driver_volume_type': 'local',
            'data': {'device_path': self._path(volume)},
        }

    def terminate_connection(self, volume, connector, **kwargs):
        """Nothing is connected."""

    def _update_volume_stats(self):
        capacity = self.configuration.rig_capacity
        self._stats = {
            'volume_backend_name': self.configuration.volume_backend_name,
            'vendor_name': 'osrig',
            'driver_version': self.VERSION,
            'storage_protocol': 'local',
            'total_capacity_gb': capacity,
            'free_capacity_gb': capacity,
            'reserved_percentage': 0,
            'online_extend_support': True,
            'multiattach': False,
        }
