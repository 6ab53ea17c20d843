# SPDX-License-Identifier: Apache-2.0
"""Instances that are made of a backup."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import fixtures

from trove.db import models
from trove.db import session
from trove.objects.backup import deleting
from trove.objectstore import local
from trove.tests.unit.taskmanager import scene


class RestoredTest(scene.TestCase):
    """Given a backup, with its data."""

    def setUp(self):
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        self.config(
            local_directory=self.directory,
            local_min_free=0,
            group='objectstore',
        )
        self.stored = local.LocalStore(self.directory).save(
            'box', 'b1', io.BytesIO(b'data'), {}, suffix='.gz'
        )
        self.given_backup()
        self.instance_id = self.given_request()
        self.guest = self.given_guest(self.instance_id, version='1.5')
        self.cloud.on(
            'create_server', lambda _: self.guest.report(scene.Status.BUILDING)
        )

    def given_backup(self, **columns: Any) -> None:
        with session.writer() as db:
            db.merge(
                models.Backup(
                    **{
                        'id': 'b1',
                        'name': 'nightly',
                        'tenant_id': scene.PROJECT,
                        'instance_id': 'source',
                        'state': 'COMPLETED',
                        'backup_type': 'full',
                        'storage_driver': 'local',
                        'location': self.stored.location,
                        'checksum': self.stored.checksum,
                    }
                    | columns
                )
            )

    def when_restored(self):
        self.when_created(self.instance_id, backup_id='b1')

    def assert_refused(self, *texts):
        self.assert_fault(self.instance_id, 'understand the request', *texts)
        self.assertEqual([], self.guest.asked)
        self.assert_nothing_left()

    def test_the_guest_is_told(self):
        self.when_restored()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        told = self.guest.arguments('prepare')
        self.assertEqual(
            {
                'id': 'b1',
                'instance_id': 'source',
                'location': self.stored.location,
                'type': 'full',
                'checksum': self.stored.checksum,
                'storage_driver': 'local',
            },
            told['backup_info'],
        )
        self.assertEqual(
            {'driver': 'local', 'directory': self.directory, 'min_free': 0},
            told['store'],
        )
        # And begins with nothing that it would throw away
        files = self.cloud.specs[self.instance_id].files
        self.assertIn('restored = true\n', files['guest_info.conf'])

    def test_one_that_was_deleted_meanwhile(self):
        deleting.mark_deleted('b1')

        self.when_restored()

        self.assert_refused('b1', 'another backup')

    def test_one_that_is_not_complete(self):
        self.given_backup(state='FAILED')

        self.when_restored()

        self.assert_refused('FAILED')

    def test_one_whose_data_is_gone(self):
        (pathlib.Path(self.directory) / 'box' / 'b1.gz').unlink()

        self.when_restored()

        self.assert_refused('another backup')

    def test_one_whose_data_has_changed(self):
        self.given_backup(checksum='0' * 32)

        self.when_restored()

        self.assert_refused('it has changed since')
