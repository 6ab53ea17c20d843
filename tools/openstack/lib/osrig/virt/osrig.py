# SPDX-License-Identifier: Apache-2.0
"""A Nova virt driver whose servers are processes in namespaces of their own.

:mod:`osrig.box` has what a server is. Its metadata, user data and injected
files lie in a config drive's tree, which osrig/guestinit.py applies at boot.
"""

import json
import os
import shutil
import tarfile

from nova import exception
from nova.api.metadata import base as metadata
from nova.compute import power_state
from nova.image import glance
from nova.virt import configdrive
from nova.virt import fake
from nova.virt import hardware
from nova.virt import node
from oslo_log import log as logging
from osrig import box as boxes
from osrig import faults
from osrig import firewall

LOG = logging.getLogger(__name__)


def fault(at, instance):
    try:
        faults.check(at, f'{instance.display_name} {instance.uuid}')
    except faults.Fault as error:
        raise exception.NovaException(str(error)) from error


class NamespaceDriver(fake.FakeDriver):
    """Servers as namespaces."""

    vcpus, memory_mb, local_gb = 64, 65536, 2000
    capabilities = dict(
        fake.FakeDriver.capabilities,
        supports_migrate_to_same_host=True,
        has_imagecache=False,
        supports_multiattach=False,
    )

    def init_host(self, host):
        super().init_host(host)
        self._images = glance.API()

    def get_available_resource(self, nodename):
        found = super().get_available_resource(nodename)
        if found:
            found['uuid'] = node.get_local_node_uuid()
        return found

    def get_nodenames_by_uuid(self, refresh=False):
        return {node.get_local_node_uuid(): self._host}

    def list_instance_uuids(self):
        return [
            path.parent.name
            for path in (boxes.HOME / 'servers').glob('*/server.json')
        ]

    def list_instances(self):
        return [
            boxes.Box(uuid).load()['name']
            for uuid in self.list_instance_uuids()
        ]

    def get_info(self, instance, use_cache=True):
        box = boxes.Box(instance.uuid)
        box.load()
        running = box.pid() is not None
        return hardware.InstanceInfo(
            state=power_state.RUNNING if running else power_state.SHUTDOWN
        )

    def instance_exists(self, instance):
        return boxes.Box(instance.uuid).exists()

    def instance_on_disk(self, instance):
        return boxes.Box(instance.uuid).exists()

    def get_console_output(self, context, instance):
        return (boxes.Box(instance.uuid).path / 'console.log').read_bytes()

    def default_root_device_name(self, instance, image_meta, root_bdm):
        return '/dev/vda'  # the next ones are then vdb, vdc …

    # Life of a server

    def spawn(
        self,
        context,
        instance,
        image_meta,
        injected_files,
        admin_password,
        allocations,
        network_info=None,
        block_device_info=None,
        power_on=True,
        accel_info=None,
    ):
        box = boxes.Box(instance.uuid)
        for name in ('image', 'upper', 'work', 'root', 'seed'):
            (box.path / name).mkdir(parents=True, exist_ok=True)
        fault('nova.spawn', instance)
        self._unpack(context, image_meta, box)
        self._write_seed(
            instance, injected_files, admin_password, network_info, box
        )
        state = {
            'name': instance.name,
            'hostname': instance.hostname,
            'volumes': {},
        }
        box.save(state)
        self._connect(instance, network_info, block_device_info, box)
        if power_on:
            box.start()

    def _unpack(self, context, image_meta, box):
        if (
            not image_meta
            or not image_meta.obj_attr_is_set('id')
            or not image_meta.id
        ):
            return
        tar = box.path / 'image.tar'
        with open(tar, 'wb') as file:
            self._images.download(context, image_meta.id, data=file)
        try:
            with tarfile.open(tar) as archive:
                archive.extractall(box.path / 'image')
        except tarfile.ReadError:
            LOG.warning(
                'image %s is no tar: the server is the bare host',
                image_meta.id,
            )
        tar.unlink()

    def _write_seed(self, instance, files, password, network_info, box):
        drive = configdrive.required_by(instance)
        seed = metadata.InstanceMetadata(
            instance,
            content=files if drive else [],
            network_info=network_info,
            extra_md={'admin_pass': password} if password and drive else {},
        )
        for path, data in seed.metadata_for_config_drive():
            target = box.path / 'seed' / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(
                data.encode() if isinstance(data, str) else data
            )

    def _connect(self, instance, network_info, block_device_info, box):
        """Plug the ports and the volumes that are not plugged yet."""
        fault('nova.plug', instance)
        box.unplug()
        box.plug(network_info or [])
        state = box.load()
        for mapping in (block_device_info or {}).get(
            'block_device_mapping'
        ) or []:
            name = os.path.basename(mapping['mount_device'])
            if name not in state['volumes']:
                box.attach(
                    state,
                    name,
                    mapping['connection_info']['data']['device_path'],
                )

    def destroy(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        destroy_disks=True,
        destroy_secrets=True,
    ):
        fault('nova.destroy', instance)
        box = boxes.Box(instance.uuid)
        box.stop()
        if box.exists():
            state = box.load()
            for name in list(state['volumes']):
                box.detach(state, name)
        box.unplug()
        if destroy_disks:
            shutil.rmtree(box.path, ignore_errors=True)

    def cleanup(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        destroy_disks=True,
        migrate_data=None,
        destroy_vifs=True,
        destroy_secrets=True,
    ):
        box = boxes.Box(instance.uuid)
        box.unplug()
        if destroy_disks:
            shutil.rmtree(box.path, ignore_errors=True)

    def reboot(
        self,
        context,
        instance,
        network_info,
        reboot_type,
        block_device_info=None,
        bad_volumes_callback=None,
        accel_info=None,
        share_info=None,
    ):
        fault('nova.reboot', instance)
        box = boxes.Box(instance.uuid)
        box.load()
        box.stop(grace=10 if reboot_type == 'SOFT' else 0)
        self._connect(instance, network_info, block_device_info, box)
        box.start()

    def power_off(self, instance, timeout=0, retry_interval=0):
        box = boxes.Box(instance.uuid)
        box.load()
        box.stop(grace=timeout)

    def power_on(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        accel_info=None,
        share_info=None,
    ):
        box = boxes.Box(instance.uuid)
        self._connect(instance, network_info, block_device_info, box)
        box.start()

    def resume_state_on_host_boot(
        self,
        context,
        instance,
        network_info,
        share_info,
        block_device_info=None,
    ):
        self.power_on(context, instance, network_info, block_device_info)

    # Resize and cold migration; all computes of the rig share the directory

    def migrate_disk_and_power_off(
        self,
        context,
        instance,
        dest,
        flavor,
        network_info,
        block_device_info=None,
        timeout=0,
        retry_interval=0,
    ):
        fault('nova.resize', instance)
        box = boxes.Box(instance.uuid)
        box.stop(grace=timeout)
        state = box.load()
        for name in list(state['volumes']):
            box.detach(state, name)
        return '[]'

    def finish_migration(
        self,
        context,
        migration,
        instance,
        disk_info,
        network_info,
        image_meta,
        resize_instance,
        allocations,
        block_device_info=None,
        power_on=True,
        share_info=None,
    ):
        box = boxes.Box(instance.uuid)
        self._connect(instance, network_info, block_device_info, box)
        if power_on:
            box.start()

    def finish_revert_migration(
        self,
        context,
        instance,
        network_info,
        migration,
        block_device_info=None,
        power_on=True,
        share_info=None,
    ):
        self.finish_migration(
            context,
            migration,
            instance,
            None,
            network_info,
            None,
            False,
            None,
            block_device_info,
            power_on,
        )

    def check_instance_shared_storage_local(self, context, instance):
        return {'uuid': instance.uuid}

    def check_instance_shared_storage_remote(self, context, data):
        # Else the revert of a resize would begin by removing the server.
        return boxes.Box(data['uuid']).exists()

    def confirm_migration(self, context, migration, instance, network_info):
        """Nothing is left on the source."""

    # Devices

    def attach_volume(
        self,
        context,
        connection_info,
        instance,
        mountpoint,
        disk_bus=None,
        device_type=None,
        encryption=None,
    ):
        fault('nova.attach_volume', instance)
        box = boxes.Box(instance.uuid)
        box.attach(
            box.load(), mountpoint, connection_info['data']['device_path']
        )

    def detach_volume(
        self, context, connection_info, instance, mountpoint, encryption=None
    ):
        fault('nova.detach_volume', instance)
        box = boxes.Box(instance.uuid)
        box.detach(box.load(), os.path.basename(mountpoint))

    def extend_volume(
        self, context, connection_info, instance, requested_size
    ):
        path = connection_info['data']['device_path']
        for volume in boxes.Box(instance.uuid).load()['volumes'].values():
            if volume['path'] == path:
                boxes.run('losetup', '--set-capacity', volume['loop'])

    def attach_interface(self, context, instance, image_meta, vif):
        box = boxes.Box(instance.uuid)
        links = json.loads(
            boxes.run('ip', '-j', '-n', box.namespace, 'link', 'show')
        )
        box.plug_one(vif, f'eth{len(links) - 1}', False)
        with firewall.Lock():
            firewall.apply_server(instance.uuid)

    def detach_interface(self, context, instance, vif):
        boxes.run(
            'ip', '-n', boxes.NET, 'link', 'del', vif['devname'], check=False
        )
