# SPDX-License-Identifier: Apache-2.0
"""Backups are deleted, whatever happens to who does it."""

from __future__ import annotations

import datetime
import pathlib

import fixtures
from oslo_utils import timeutils

from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.taskmanager import deletions
from trove.tests.unit.taskmanager import scene


class DeletionsTest(scene.TestCase):
    """Given a backup and one that continues it, each with its data."""

    def setUp(self):
        super().setUp()
        self.box = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(local_directory=str(self.box), group='objectstore')
        (self.box / 'box').mkdir()
        self.given('first')
        self.given('second', parent_id='first')

    def given(self, name, **columns):
        path = self.box / 'box' / name
        path.write_text('data')
        with session.writer() as db:
            db.add(
                models.Backup(
                    **{
                        'id': name,
                        'name': name,
                        'tenant_id': scene.PROJECT,
                        'instance_id': 'gone',
                        'state': 'COMPLETED',
                        'location': path.as_uri(),
                        'storage_driver': 'local',
                    }
                    | columns
                )
            )

    def request(self, backup_id):
        deleting.request(self.conf, self.context, backup_id)

    def left(self):
        """Return the backups that are there, and the data."""
        rows = {each.id for each in backups.list_(limit=9)[0]}
        data = {each.name for each in (self.box / 'box').iterdir()}
        return rows, data

    def test_with_all_that_continue_it(self):
        self.request('first')

        self.manager.delete_backup(self.context, 'first')

        self.assertEqual((set(), set()), self.left())

    def test_one_of_them(self):
        self.request('second')

        self.manager.delete_backup(self.context, 'second')

        self.assertEqual(({'first'}, {'first'}), self.left())

    def test_one_whose_data_is_gone(self):
        (self.box / 'box' / 'second').unlink()
        self.request('first')

        self.manager.delete_backup(self.context, 'first')

        self.assertEqual((set(), set()), self.left())

    def test_one_that_has_no_data(self):
        self.given('failed', state='FAILED', location=None)
        self.request('failed')

        self.manager.delete_backup(self.context, 'failed')

        self.assertNotIn('failed', self.left()[0])

    def test_what_a_guest_that_died_has_left(self):
        self.given('failed', state='FAILED')
        for name in 'failed_00000001', '.failed.tar.gz.unfinished':
            (self.box / 'box' / name).write_text('half')
        self.request('failed')

        self.manager.delete_backup(self.context, 'failed')

        self.assertEqual({'first', 'second'}, self.left()[1])

    def test_what_a_guest_stores_after_the_deletion(self):
        self.now = 0.0
        self.request('second')
        self.until(datetime.timedelta(hours=1))
        self.manager.delete_backup(self.context, 'second')
        self.assertEqual(({'first', 'second'}, {'first'}), self.left())
        (self.box / 'box' / 'second.gz').write_text('late')
        looking = deletions.Deletions(self.env, lambda: self.now)

        self.turn(looking)
        self.assertEqual({'first', 'second.gz'}, self.left()[1])
        self.until(-datetime.timedelta(seconds=1))
        self.turn(looking)

        self.assertEqual(({'first'}, {'first'}), self.left())
        self.assertNotIn('no task manager has ended', self.logs.output)

    def until(self, delta):
        """Say how long its guest may write the second one."""
        with session.writer() as db:
            row = db.get(models.Backup, 'second')
            row.deleted_at = timeutils.utcnow() + delta

    def test_data_of_another_backup_stays(self):
        victim = (self.box / 'box' / 'first').as_uri()
        self.given('mine', location=victim)
        self.request('mine')

        self.manager.delete_backup(self.context, 'mine')

        rows, data = self.left()
        self.assertIn('first', data)
        self.assertIn('mine', rows)

    def test_data_of_another_trove_stays(self):
        self.given('theirs', state='RESTORED', instance_id=None)
        self.request('theirs')

        self.manager.delete_backup(self.context, 'theirs')

        rows, data = self.left()
        self.assertNotIn('theirs', rows)
        self.assertIn('theirs', data)

    def test_one_that_cannot_be_deleted(self):
        self.given('third', parent_id='second', storage_driver='tape')
        self.request('first')

        self.manager.delete_backup(self.context, 'first')

        states = {each.id: each.state for each in backups.list_(limit=9)[0]}
        self.assertEqual({'DELETE_FAILED'}, set(states.values()))
        self.assertEqual({'first', 'second', 'third'}, self.left()[1])
        self.assertEqual({}, deleting.waiting())

    def test_a_task_manager_that_dies_is_replaced(self):
        self.request('first')
        now = 0.0
        looking = deletions.Deletions(self.env, lambda: now)
        looking.look()
        now = 10.0
        looking.look()
        self.assertEqual({'first', 'second'}, self.left()[0])
        for _ in range(6):
            now += 10.0
            looking.look()

        self.assertEqual((set(), set()), self.left())

    def turn(self, looking):
        """Let so much time pass that others are replaced, then look."""
        for _ in range(7):
            self.now += 10.0
            looking.look()

    def given_objects(self, name, number):
        for each in range(number):
            (self.box / 'box' / f'{name}_{each:08d}').write_text('part')

    def test_one_with_many_objects_is_deleted_turn_by_turn(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.taskmanager.deletions._AT_ONCE', 2)
        )
        self.now = 0.0
        self.given_objects('second', 4)
        self.request('second')

        self.manager.delete_backup(self.context, 'second')

        self.assertEqual(4, len(self.left()[1]))
        self.assertIn('second', deleting.waiting())
        looking = deletions.Deletions(self.env, lambda: self.now)
        self.turn(looking)
        self.assertEqual(2, len(self.left()[1]))
        # It goes on at once, while others see that somebody does.
        self.now += 10.0
        looking.look()
        self.assertEqual(({'first'}, {'first'}), self.left())

    def test_one_that_another_task_manager_deletes(self):
        self.now = 0.0
        self.request('second')
        (before,) = deleting.waiting().values()
        self.assertTrue(deleting.claim('second', before.updated))

        self.assertFalse(deleting.claim('second', before.updated))

    def test_one_project_does_not_keep_the_others_waiting(self):
        self.now = 0.0
        for name in 'other-1', 'other-2':
            self.given(name, tenant_id='other')
            deleting.request(self.conf, self.admin, name)
        self.request('second')
        looking = deletions.Deletions(self.env, lambda: self.now)

        self.turn(looking)

        left = self.left()[0]
        self.assertNotIn('second', left)
        self.assertEqual(1, len(left & {'other-1', 'other-2'}))

    def test_one_whose_deletion_breaks(self):
        self.given('third')
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.objectstore.local.LocalStore.discard',
                lambda *args: {}['name'],
            )
        )
        self.request('third')

        self.manager.delete_backup(self.context, 'third')

        states = {each.id: each.state for each in backups.list_(limit=9)[0]}
        self.assertEqual('DELETE_FAILED', states['third'])
        self.assertIn("KeyError: 'name'", self.logs.output)
