# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack`` on a real OpenStack."""

from __future__ import annotations

import uuid

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.functional.cloud import rig


class OpenStackTest(rig.TestCase):
    def test_snapshots(self):
        volumes = self.cloud.volumes
        this, other, backup = (str(uuid.uuid4()) for _ in range(3))
        self.instance_id = this
        self.create(access=cloud_base.Access())
        self.wait_for('ACTIVE')
        self.addCleanup(volumes.delete, self.context, other)
        self.addCleanup(volumes.delete_snapshot, self.context, backup)

        # Of a volume that is in use; an answer is lost, and one is made.
        self.given(
            {'at': 'api.cinder', 'match': 'POST .*/snapshots$', 'do': 'drop'}
        )
        made = volumes.snapshot(
            self.context, this, backup, {'backup_id': backup}
        )
        self.assertEqual(1, made.size)
        self.assertEqual(
            [f'snapshot {made.id}'],
            self.cloud.inventory(self.context)[backup],
        )
        restored = volumes.create(self.context, other, 2, backup_id=backup)
        self.assertEqual(2, restored.size)

        # No volume is deleted before its snapshots, and that is told.
        self.cloud.compute.delete_server(self.context, this)
        error = self.assertRaises(
            exception.CloudError, volumes.delete, self.context, this
        )
        self.assertIn(backup, str(error))
        for _ in range(2):
            volumes.delete_snapshot(self.context, backup)
        self.assertIsNone(volumes.get_snapshot(self.context, backup))
        volumes.delete(self.context, other)
        self.assert_gone()

    def test_the_life_of_an_instance(self):
        compute, volumes = self.cloud.compute, self.cloud.volumes
        small, large = compute.list_flavors(self.context)[:2]
        server = self.create()
        self.assertEqual(server.id, self.create().id)
        self.wait_for('ACTIVE')
        found = self.cloud.network.addresses(self.context, self.instance_id)
        self.assertEqual(['private', 'public'], [kind for _, kind in found])

        self.cloud.network.set_access(
            self.context,
            self.instance_id,
            cloud_base.Access(False, ['192.0.2.0/24']),
            'mysql',
            self.project,
        )
        found = self.cloud.network.addresses(self.context, self.instance_id)
        self.assertEqual(1, len(found))

        compute.stop_server(self.context, self.instance_id)
        self.assertEqual('SHUTOFF', self.status())
        compute.reboot_server(self.context, self.instance_id)
        compute.resize_server(self.context, self.instance_id, large)
        # Not confirmed: Nova gives the old one back.
        compute.resize_server(self.context, self.instance_id, small)
        self.assertEqual('ACTIVE', self.status())
        compute.resize_server(self.context, self.instance_id, large)
        compute.confirm_resize(self.context, self.instance_id)
        grown = volumes.extend(self.context, self.instance_id, 2)
        self.assertEqual((2, '/dev/vdb'), (grown.size, grown.device_path))
        self.assertEqual('ACTIVE', self.status())

        self.assert_gone()

    def test_a_volume_leaves_its_server_and_returns(self):
        volumes = self.cloud.volumes
        this = (self.context, self.instance_id)
        self.create(access=cloud_base.Access())
        self.wait_for('ACTIVE')
        request = {
            'at': 'api.nova',
            'match': '(POST|DELETE) /v2.1/servers/.*/os-volume_attachments',
        }
        for change, step in (
            (volumes.detach, 'nova.detach_volume'),
            (volumes.attach, 'nova.attach_volume'),
        ):
            # Nova fails to do it, and the volume is where it was.
            self.given({'at': step, 'do': 'error', 'text': 'no path'})
            error = self.assertRaises(exception.CloudError, change, *this)
            self.assertIn('Nova logged it with request', str(error))
            self.given({**request, 'do': 'drop'})
            for _ in range(2):
                change(*this)
        self.assertEqual('ACTIVE', self.status())

        volumes.detach(*this)
        self.given({'at': 'cinder.extend', 'do': 'error', 'text': 'full'})
        error = self.assertRaises(
            exception.CloudError, volumes.extend, *this, 2
        )
        self.assertIn('error_extending', str(error))
        volumes.attach(*this)

        volumes.detach(*this)
        self.assertEqual(2, volumes.extend(*this, 2).size)
        volumes.attach(*this)
        self.assert_gone()
