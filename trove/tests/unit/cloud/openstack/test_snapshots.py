# SPDX-License-Identifier: Apache-2.0
"""Snapshots of Cinder."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds

BACKUP = '5d0a7c3e-9b1f-4e62-8d47-2c6f0b9a1e35'


class SnapshotsTest(clouds.TestCase):
    def setUp(self):
        super().setUp()
        self.volumes = self.cloud.volumes
        self.volume = self.volumes.create(self.context, 'i1', 2)

    def snapshot(self):
        return self.volumes.snapshot(
            self.context, 'i1', BACKUP, {'backup_id': BACKUP}
        )

    def made(self):
        (snapshot,) = self.services.things['snapshot'].values()
        return snapshot

    def delete(self):
        self.volumes.delete_snapshot(self.context, BACKUP)

    def test_it_is_named_after_its_backup_and_has_its_metadata(self):
        found = self.snapshot()

        made = self.made()
        self.assertEqual(f'trove-{BACKUP}-backup', made.name)
        self.assertEqual({'backup_id': BACKUP}, made.metadata)
        self.assertEqual(self.volume.id, made.volume_id)
        self.assertTrue(made.is_forced)
        self.assertEqual((made.id, 2), (found.id, found.size))
        self.assertEqual(found, self.snapshot())
        self.assertEqual(
            found, self.volumes.get_snapshot(self.context, BACKUP)
        )

    def test_a_lost_answer_makes_no_second_one(self):
        self.services.fail('create_snapshot', 504, done=True)

        found = self.snapshot()

        self.assertEqual(self.made().id, found.id)

    def test_a_volume_is_made_of_it(self):
        found = self.snapshot()

        self.volumes.create(self.context, 'i2', 3, backup_id=BACKUP)

        (volume,) = self.services.volumes(name='trove-i2')
        self.assertEqual(found.id, volume.snapshot_id)

    def test_a_volume_of_it_has_its_type(self):
        self.config(cinder_volume_type='slow')
        self.snapshot()

        self.volumes.create(self.context, 'i2', 3, backup_id=BACKUP)

        (volume,) = self.services.volumes(name='trove-i2')
        # Cinder takes that of the snapshot, and refuses most others.
        self.assertFalse(hasattr(volume, 'volume_type'))

    def test_a_volume_of_one_that_is_gone(self):
        self.assertRaises(
            exception.NotFound,
            self.volumes.create,
            self.context,
            'i2',
            3,
            backup_id=BACKUP,
        )
        self.assertEqual([], self.services.volumes(name='trove-i2'))

    def test_a_volume_with_one_is_not_deleted_and_says_why(self):
        self.snapshot()

        error = self.assertRaises(
            exception.CloudError, self.volumes.delete, self.context, 'i1'
        )

        self.assertIn(f'trove-{BACKUP}-backup', str(error))
        self.delete()
        self.volumes.delete(self.context, 'i1')
        self.assertEqual([], self.services.left())

    def test_a_broken_one_says_so_and_can_be_deleted(self):
        self.services.snapshots_become = 'error'

        error = self.assertRaises(exception.CloudError, self.snapshot)

        self.assertIn('has the status error', str(error))
        self.assertIsNone(self.volumes.get_snapshot(self.context, BACKUP))
        self.delete()
        self.assertEqual({}, self.services.things['snapshot'])

    def test_one_that_cannot_be_deleted_is_told(self):
        self.snapshot()
        made = self.made()

        def fail(*_, **__):
            made.status = 'error_deleting'

        self.services.delete_snapshot = fail

        error = self.assertRaises(exception.CloudError, self.delete)

        self.assertIn('error_deleting', str(error))

    def test_it_is_in_the_inventory_by_its_backup(self):
        found = self.snapshot()

        self.assertEqual(
            [f'snapshot {found.id}'],
            self.cloud.inventory(self.context)[BACKUP],
        )
