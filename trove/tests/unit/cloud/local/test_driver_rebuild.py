# SPDX-License-Identifier: Apache-2.0
"""Servers of the local cloud that get another disk."""

import dataclasses
import pathlib

from trove.common import exception
from trove.tests.unit.cloud.local import guests


class RebuildTestCase(guests.LocalCloudTestCase):
    def test_a_rebuilt_server_has_another_disk_and_the_same_volume(self):
        volume = self.cloud.volumes.create(self.context, 'i1', 1)
        spec = dataclasses.replace(self.spec(), volume_id=volume.id)
        self.cloud.compute.create_server(self.context, spec)
        self.wait_for_starts(1)
        data = pathlib.Path(volume.mount_point) / 'table'
        data.write_text('kept')
        (self.home() / 'state/password').write_text('lost')
        (self.home() / 'log/guestagent.log').write_text('told')
        spec = dataclasses.replace(spec, files={'guest_info.conf': 'new'})

        self.cloud.compute.rebuild_server(self.context, spec)

        self.assertEqual('kept', data.read_text())
        self.assertFalse((self.home() / 'state/password').exists())
        self.assertEqual(
            'new', (self.home() / 'etc/guest_info.conf').read_text()
        )
        log = (self.home() / 'log/guestagent.log').read_text()
        self.assertTrue(log.startswith('told'))
        self.assertEqual('ACTIVE', self.server().status)

    def test_data_on_the_disk_are_not_thrown_away(self):
        self.create()
        (self.home() / 'disk/table').write_text('kept')

        error = self.assertRaises(
            exception.CloudError,
            self.cloud.compute.rebuild_server,
            self.context,
            self.spec(),
        )

        self.assertIn('would be replaced', str(error))
        self.assertTrue((self.home() / 'disk/table').exists())
