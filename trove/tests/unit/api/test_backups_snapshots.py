# SPDX-License-Identifier: Apache-2.0
"""Backups that are snapshots of the volume."""

from __future__ import annotations

import fixtures

from trove.objects.backup import work
from trove.objects.instance import workflows
from trove.tests.unit.api import test_backups


class SnapshotsTest(test_backups.TestCase):
    def test_a_snapshot(self):
        self.config(storage_drivers=['local', 'cinder'])

        backup_id = self.made(storage_driver='cinder')['id']

        ((_, _, arguments),) = self.transport.sent
        self.assertEqual('cinder', arguments['backup_info']['storage_driver'])
        workflows.claim_workflow(self.instance.id, work.CREATE, 'tm')
        work.complete(
            self.instance.id, backup_id, 'tm', 'cinder://s', None, size=2
        )
        work.end(self.instance.id, backup_id, 'tm')
        for method, path, body, code, text in (
            ('post', '/backups', self.body(
                storage_driver='cinder', incremental=1
            ), 400, 'Omit incremental'),
            ('post', '/backups', self.body(
                storage_driver='cinder', swift_container='box'
            ), 400, 'Omit swift_container'),
            ('post', '/backups', self.body(parent_id=backup_id), 400,
             'is a snapshot'),
            ('post', f'/backups/{backup_id}/action', {'verify': {}}, 409,
             'is a snapshot'),
            ('delete', f'/instances/{self.instance.id}', None, 403,
             backup_id),
        ):
            with self.subTest(path=path, text=text):
                ask = getattr(self, method)
                response = ask(path) if body is None else ask(path, body)
                self.assertEqual(code, response.status_code, response.text)
                self.assertIn(text, response.text)

    def test_a_cloud_without_snapshots(self):
        self.config(storage_drivers=['local', 'cinder'])
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.cloud.noop.NoopVolumes.has_snapshots', False
            )
        )

        response = self.post('/backups', self.body(storage_driver='cinder'))

        self.assertEqual(400, response.status_code)
        self.assertIn('available: local', response.text)
