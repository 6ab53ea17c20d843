# SPDX-License-Identifier: Apache-2.0
"""Volumes of Cinder."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds


class VolumesTest(clouds.TestCase):
    def made(self):
        (volume,) = self.services.things['volume'].values()
        return volume

    def create(self, **more):
        return self.cloud.volumes.create(self.context, 'i1', 2, **more)

    def delete(self):
        self.cloud.volumes.delete(self.context, 'i1')

    def test_it_is_named_after_its_instance(self):
        found = self.create(availability_zone='az1')

        volume = self.made()
        self.assertEqual('trove-i1', volume.name)
        self.assertEqual({'trove_instance_id': 'i1'}, volume.metadata)
        self.assertFalse(hasattr(volume, 'availability_zone'))
        self.assertEqual(
            ('/dev/vdb', None), (found.device_path, found.mount_point)
        )

    def test_its_type_is_that_of_the_request_or_of_the_operator(self):
        self.config(cinder_volume_type='slow', enable_volume_az=True)
        self.create(availability_zone='az1')
        self.assertEqual('slow', self.made().volume_type)
        self.assertEqual('az1', self.made().availability_zone)
        self.delete()

        self.create(volume_type='fast')

        self.assertEqual('fast', self.made().volume_type)

    def test_a_broken_one_says_so_and_can_be_deleted(self):
        self.services.volumes_become = 'error'

        error = self.assertRaises(exception.CloudError, self.create)

        self.assertIn('has the status error', str(error))
        self.delete()
        self.assertEqual([], self.services.left())

    def test_one_that_is_never_ready_is_given_up(self):
        self.config(volume_time_out=1)
        self.services.volumes_become = 'creating'

        error = self.assertRaises(exception.CloudError, self.create)

        self.assertIn('not done after 1 seconds', str(error))
        self.assertIn('has the status creating', str(error))

    def test_a_deletion_that_takes_too_long_says_what_it_waits_for(self):
        self.config(volume_time_out=1)
        self.create()
        self.made().status = 'reserved'

        error = self.assertRaises(exception.CloudError, self.delete)

        self.assertIn('has the status reserved', str(error))

    def test_one_whose_enlargement_failed_can_be_enlarged_again(self):
        self.create()
        for attachments, former in (([], 'available'), (['s1'], 'in-use')):
            with self.subTest(former):
                volume = self.made()
                volume.attachments = attachments
                volume.status = 'error_extending'
                size = volume.size + 1

                grown = self.cloud.volumes.extend(self.context, 'i1', size)

                self.assertEqual(size, grown.size)
                self.assertEqual(former, volume.status)

    def test_one_that_cannot_be_deleted_is_told(self):
        self.create()
        volume = self.made()

        def fail(*_, **__):
            volume.status = 'error_deleting'

        delete = self.services.delete_volume
        self.services.delete_volume = fail

        error = self.assertRaises(exception.CloudError, self.delete)

        self.assertIn('error_deleting', str(error))
        # Another attempt is not refused for that.
        self.services.delete_volume = delete
        self.delete()
        self.assertEqual([], self.services.left())

    def test_one_that_a_deleted_server_still_has_is_deleted(self):
        # Given: Cinder did not answer when Nova detached it.
        self.create()
        self.services.put('gone', self.made().id)

        self.delete()

        self.assertEqual([], self.services.left())

    def test_one_that_another_server_has_stays(self):
        self.config(volume_time_out=1)
        self.given()

        error = self.assertRaises(exception.CloudError, self.delete)

        self.assertIn('has the status in-use', str(error))

    def test_a_root_disk_is_not_taken_for_it(self):
        self.create()
        self.made().is_bootable = True

        self.assertIsNone(self.cloud.volumes.get(self.context, 'i1'))
        self.delete()
        self.assertEqual([], self.services.left())

    def test_types_are_those_of_cinder(self):
        (found,) = self.cloud.volumes.types(self.context)

        self.assertEqual(('t1', 'fast'), (found.id, found.name))
