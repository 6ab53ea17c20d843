# SPDX-License-Identifier: Apache-2.0
"""Backups are ordered, watched, and cleared up when they fail."""

from __future__ import annotations

import datetime
import hashlib
import io
import os
import pathlib

import fixtures
from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objects.instance import workflows as instance_workflows
from trove.objectstore import local
from trove.taskmanager import owner
from trove.taskmanager.workflows import create_backup
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene


class TestCase(scene.TestCase):
    """Given an instance whose guest makes backups."""

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(
            local_directory=str(self.directory),
            local_min_free=0,
            group='objectstore',
        )
        self.instance_id, self.guest = self.given_instance(version='1.5')
        self.guest.hooks['create_backup'] = self.complete
        #: That the guest reports, if not the right one.
        self.checksum = None

    def given_backup(self, **values):
        """What the API does before it casts."""
        backup, _ = work.begin(
            self.conf,
            self.context,
            work.Order(
                **{
                    'instance_id': self.instance_id,
                    'name': 'nightly',
                    'description': None,
                    'storage_driver': 'local',
                    'container': None,
                    'default_container': 'box',
                }
                | values
            ),
        )
        return backup

    def complete(self, backup_info, **_):
        """The guest has stored the data."""
        stored = local.LocalStore(self.directory).save(
            'box', backup_info['id'], io.BytesIO(b'data'), {}, suffix='.gz'
        )
        self.report(
            backup_info['id'],
            state='COMPLETED',
            location=stored.location,
            checksum=self.checksum or stored.checksum,
        )

    def report(self, backup_id, **fields):
        reports.record_update(
            self.instance_id, backup_id, sent=None, fields=fields
        )

    def when_made(self, backup):
        self.manager.create_backup(
            self.context,
            backup_info={'id': backup.id, 'swift_container': 'box'},
            instance_id=self.instance_id,
        )

    def state(self, backup):
        return backups.get(self.admin, backup.id).state

    def work(self):
        return instance_workflows.get_workflow(self.instance_id)


class CreateBackupTest(TestCase):
    def test_the_guest_is_told(self):
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('COMPLETED', self.state(backup))
        self.assertIsNone(self.work())
        told = self.guest.arguments('create_backup')
        self.assertEqual(
            {
                'id': backup.id,
                'name': 'nightly',
                'description': None,
                'instance_id': self.instance_id,
                'backup_type': 'full',
                'checksum': None,
                'parent': None,
                'datastore': 'postgresql',
                'datastore_version': '18',
                'storage_driver': 'local',
                'swift_container': 'box',
            },
            told['backup_info'],
        )
        self.assertEqual(
            {
                'driver': 'local',
                'directory': str(self.directory),
                'min_free': 0,
            },
            told['store'],
        )

    def test_what_an_incremental_continues(self):
        first = self.given_backup()
        self.when_made(first)

        self.when_made(self.given_backup(incremental=True))

        told = self.guest.arguments('create_backup')['backup_info']
        self.assertEqual('incremental', told['backup_type'])
        self.assertEqual(
            {
                'location': f'file://{self.directory}/box/{first.id}.gz',
                'checksum': hashlib.md5(b'data').hexdigest(),
            },
            told['parent'],
        )

    def test_the_guest_is_not_believed(self):
        self.checksum = '0' * 32
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertIn(
            'its checksum is', self.shown(self.instance_id).fault.message
        )
        self.assertEqual([], list((self.directory / 'box').iterdir()))

    def test_a_guest_that_has_more_parts_than_its_volume(self):
        def tell(backup_info, **_):
            self.report(
                backup_info['id'],
                state='SAVING',
                location=f'file://{self.directory}/box/{backup_info["id"]}.gz',
                checksum='0' * 32,
                parts=9_999_999,
                metadata={},
            )

        self.guest.hooks['create_backup'] = tell
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertIn(
            'has stored 9999999 parts',
            self.shown(self.instance_id).fault.message,
        )

    def test_a_guest_that_stores_without_end_is_not_renewed(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.objectstore._storage.Storage.needs_renewal',
                lambda *_: True,
            )
        )

        def store(backup_info, **_):
            part = self.directory / 'box' / f'{backup_info["id"]}_00000000'
            part.parent.mkdir(exist_ok=True)
            part.touch()
            # Sparse.
            os.truncate(part, 5 << 40)

        self.guest.hooks['create_backup'] = store
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        fault = self.shown(self.instance_id).fault
        self.assertIn(f'has stored {5 << 40} bytes', fault.message)
        self.assertIn('Check the guest agent', fault.message)
        self.assertEqual([], list((self.directory / 'box').iterdir()))

    def test_a_parent_that_was_deleted_meanwhile(self):
        first = self.given_backup()
        self.when_made(first)
        second = self.given_backup(incremental=True)
        deleting.mark_deleted(first.id)

        self.when_made(second)

        self.assertEqual('FAILED', self.state(second))
        self.assertIn(first.id, self.shown(self.instance_id).fault.message)

    def test_an_agent_that_is_too_old(self):
        self.guest.version = '1.4'
        self.guest.report(scene.Status.HEALTHY)
        self.transport.caps.forget('guestagent', self.instance_id)
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertIn('Upgrade the guest agent', shown.fault.details)

    def test_one_that_fails_leaves_nothing(self):
        box = self.directory / 'box'

        def fail(backup_info, **_):
            box.mkdir()
            (box / f'{backup_info["id"]}_00000000').write_text('half')
            (box / 'another').write_text('whole')
            self.report(backup_info['id'], state='FAILED')

        self.guest.hooks['create_backup'] = fail
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertEqual(['another'], [each.name for each in box.iterdir()])
        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertIn('wait for the backup', shown.fault.message)

    def test_the_reason_of_the_guest_is_not_cut_off(self):
        def fail(backup_info, **_):
            self.report(backup_info['id'], state='FAILED')
            scene.instances.add_fault(
                self.instance_id,
                f'The guest agent could not make backup {backup_info["id"]}: '
                f'{"it is what it is, " * 7}and there is no room.',
            )
        self.guest.hooks['create_backup'] = fail

        self.when_made(self.given_backup())

        shown = self.shown(self.instance_id).fault.message
        self.assertIn('there is no room', shown)

    def test_the_reason_of_the_guest_is_told(self):
        def fail(backup_info, **_):
            self.report(backup_info['id'], state='FAILED')
            scene.instances.add_fault(self.instance_id, 'No room left.')

        self.guest.hooks['create_backup'] = fail

        self.when_made(self.given_backup())

        self.assertIn(
            'No room left', self.shown(self.instance_id).fault.message
        )


class SleepTest(TestCase):
    """Given one that takes longer than a thread waits for it."""

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MockPatchObject(create_backup, '_FIRST_WAIT', 0.05)
        )
        self.guest.hooks['create_backup'] = lambda backup_info, **_: (
            self.report(backup_info['id'], state='BUILDING')
        )
        self.backup = self.given_backup()
        self.when_made(self.backup)

    def test_no_thread_waits(self):
        self.assertEqual(owner.ASLEEP, self.work().owner)
        self.assertEqual('BACKUP', self.shown(self.instance_id).status)

    def test_it_goes_on(self):
        self.when_recovered(seconds=10)

        self.assertEqual('BUILDING', self.state(self.backup))
        self.assertEqual(owner.ASLEEP, self.work().owner)

    def test_it_is_done(self):
        self.complete({'id': self.backup.id})

        self.when_recovered(seconds=0)

        self.assertIsNone(self.work())
        self.assertEqual('COMPLETED', self.state(self.backup))
        self.assertEqual(1, self.guest.asked.count('create_backup'))

    def test_its_guest_dies(self):
        then = timeutils.utcnow() - datetime.timedelta(hours=1)
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat)
                .where(models.AgentHeartbeat.instance_id == self.instance_id)
                .values(updated_at=then)
            )

        self.when_recovered(seconds=0)

        self.assertIsNone(self.work())
        self.assertEqual('FAILED', self.state(self.backup))
        self.assertIn(
            'has not reported', self.shown(self.instance_id).fault.message
        )

    def test_its_instance_is_deleted(self):
        self.given_task(
            self.instance_id, scene.Task.DELETING, 'delete_instance'
        )

        self.manager.delete_instance(self.context, self.instance_id)

        self.assertEqual('FAILED', self.state(self.backup))


class DiesTest(TestCase):
    """A task manager is killed in a step, and another one goes on."""

    def setUp(self):
        super().setUp()
        self.backup = self.given_backup()

    def when_killed_in(self, method):
        def kill(_):
            raise scene.Killed

        patch = fixtures.MockPatchObject(
            create_backup.CreateBackup, method, kill
        )
        with patch:
            self.assertRaises(scene.Killed, self.when_made, self.backup)
        self.when_recovered()
        self.then_stored()
        self.when_recovered(seconds=0)

    def then_stored(self):
        waiting.until(
            lambda: self.state(self.backup) in ('SAVING', 'COMPLETED'),
            'the guest has made it',
        )

    def test_before_the_guest_is_told(self):
        for method in '_check', '_order':
            with self.subTest(method):
                self.when_killed_in(method)

                self.assertEqual('COMPLETED', self.state(self.backup))
                self.assertIsNone(self.work())
                self.backup = self.given_backup()

    def test_after_the_guest_was_told(self):
        self.when_killed_in('_wait')

        self.assertEqual('COMPLETED', self.state(self.backup))
        self.assertIsNone(self.work())
        self.assertEqual(1, self.guest.asked.count('create_backup'))

    def test_its_message_is_lost(self):
        self.when_recovered(seconds=120)
        self.then_stored()
        self.when_recovered(seconds=0)

        self.assertEqual('COMPLETED', self.state(self.backup))


class StoreTest(TestCase):
    def test_a_driver_that_is_not_there(self):
        backup = self.given_backup(storage_driver='tape')

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertIn('tape', self.shown(self.instance_id).fault.details)
