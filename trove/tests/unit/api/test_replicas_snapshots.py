# SPDX-License-Identifier: Apache-2.0
"""Replicas that begin with a snapshot of the volume of their primary."""

from __future__ import annotations

import fixtures

from trove.objects.backup import backups
from trove.objects.instance import instances
from trove.tests.unit.api import test_replicas


class SnapshotsTest(test_replicas.TestCase):
    def test_a_snapshot_is_made_where_the_operator_wants_it(self):
        for wanted in ('cinder', 's3'):
            self.config(replica_snapshot_driver=wanted)
            self.primary = self.active(name=f'of-{wanted}')

            response = self.ask()

            self.assertEqual(200, response.status_code, response.text)
            backup = self.transport.sent[-2][2]
            info = backup['backup_info']
            self.assertEqual(self.primary.id, backup['instance_id'])
            self.assertEqual(wanted, info['storage_driver'])
            self.assertTrue(info['for_replica'])

    def test_a_primary_without_a_volume_has_no_snapshot(self):
        self.config(replica_snapshot_driver='cinder')
        instances.update(self.primary.id, volume_size=None)

        self.ask()

        info = self.transport.sent[0][2]['backup_info']
        self.assertEqual('local', info['storage_driver'])

    def test_a_cloud_without_snapshots(self):
        self.config(replica_snapshot_driver='cinder')
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.cloud.noop.NoopVolumes.has_snapshots', False
            )
        )

        response = self.ask()

        self.assert_fault(
            response, 501, 'notImplemented', 'replica_snapshot_driver'
        )
        self.assertEqual([], self.transport.sent)
        found, _ = backups.list_(limit=9, instance_id=self.primary.id)
        self.assertEqual([], found)
