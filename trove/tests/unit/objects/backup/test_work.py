# SPDX-License-Identifier: Apache-2.0
"""How backups are begun, ended and deleted."""

from __future__ import annotations

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.unit.objects import base


class BackupTest(base.TestCase):
    """Given an instance that is ready."""

    def setUp(self):
        super().setUp()
        self.instance = self.ready()

    def order(self, **values):
        return work.Order(
            **{
                'instance_id': self.instance.id,
                'name': 'nightly',
                'description': None,
                'storage_driver': 'local',
                'container': None,
                'default_container': 'box',
            }
            | values
        )

    def make(self, context=None, **values):
        made, self.container = work.begin(
            self.conf, context or self.context, self.order(**values)
        )
        return made

    def report(self, backup, state, **fields):
        reports.record_update(
            backup.instance_id,
            backup.id,
            sent=None,
            fields={'state': state, **fields},
        )

    def done(self, backup):
        self.report(
            backup,
            'COMPLETED',
            location=f'file:///box/{backup.id}',
            checksum='c',
        )

    def complete(self, **values):
        """A backup that was made."""
        made = self.make(**values)
        self.claim(made.instance_id, work.CREATE)
        self.done(made)
        self.assertTrue(work.end(made.instance_id, made.id, base.OWNER))
        return backups.get(self.admin, made.id)

    def used(self):
        return {
            each.resource: each.in_use
            for each in quota.usages(self.conf, base.ALICE)
        }['backups']

    def set(self, backup, **columns):
        with session.writer() as db:
            row = db.get(models.Backup, backup.id)
            for name, value in columns.items():
                setattr(row, name, value)


class BeginTest(BackupTest):
    def test_a_full_backup(self):
        made = self.make(description='of monday')

        self.assertEqual(
            ('NEW', 'full', None, 'of monday', base.ALICE),
            (
                made.state,
                made.backup_type,
                made.parent_id,
                made.description,
                made.project_id,
            ),
        )
        queued = workflows.get_workflow(self.instance.id)
        self.assertEqual(work.CREATE, queued.action)
        self.assertEqual(
            {'backup_id': made.id, 'container': 'box'}, queued.details
        )
        self.assertEqual('BACKUP', self.get(self.instance.id).status)
        self.assertEqual(1, self.used())

    def test_one_at_a_time(self):
        self.make()

        self.assertRaises(exception.Unprocessable, self.make)
        self.assertEqual(1, self.used())

    def test_not_while_a_task_goes_on(self):
        self.restart(self.instance.id)

        self.assertRaises(exception.InstanceBusy, self.make)

    def test_no_task_while_one_is_being_made(self):
        self.make()

        self.assertRaises(
            exception.Unprocessable, self.restart, self.instance.id
        )

    def test_the_next_need_not_wait_for_the_task_manager(self):
        made = self.make()
        self.claim(self.instance.id, work.CREATE)
        self.done(made)

        self.make()

        self.assertFalse(work.end(made.instance_id, made.id, base.OWNER))

    def test_no_more_than_the_quota(self):
        self.config(max_backups_per_tenant=1)
        self.complete()

        self.assertRaises(exception.QuotaExceeded, self.make)
        self.assertIsNone(workflows.get_workflow(self.instance.id))

    def test_nobody_else(self):
        self.assertRaises(
            exception.InstanceNotFound, self.make, self.make_context(base.BOB)
        )


class ParentTest(BackupTest):
    def test_the_newest_is_continued(self):
        self.complete()
        second = self.complete(incremental=True)
        third = self.make(incremental=True)

        self.assertEqual(second.id, third.parent_id)
        self.assertEqual('incremental', third.backup_type)

    def test_of_one_time_the_last_of_the_chain(self):
        first = self.complete()
        second = self.complete(incremental=True)
        for each in first, second:
            self.set(each, created=first.created.replace(microsecond=0))

        self.assertEqual(
            second.id, self.make(incremental=True).parent_id
        )

    def test_the_first_is_full(self):
        self.assertEqual('full', self.make(incremental=True).backup_type)

    def test_the_one_that_is_named(self):
        first = self.complete()
        self.complete()

        self.assertEqual(
            first.id, self.make(parent_id=first.id).parent_id
        )

    def test_it_is_stored_with_its_parent(self):
        parent = self.complete()

        self.make(parent_id=parent.id, default_container='other')

        self.assertEqual('box', self.container)

    def test_it_is_not_stored_elsewhere(self):
        parent = self.complete()

        error = self.assertRaises(
            exception.BadRequest,
            self.make,
            parent_id=parent.id,
            container='other',
        )

        self.assertIn('"box"', str(error))

    def test_none_of_another_instance(self):
        parent = self.complete()
        other = self.ready()

        error = self.assertRaises(
            exception.BadRequest,
            self.make,
            instance_id=other.id,
            parent_id=parent.id,
        )

        self.assertIn('another instance', str(error))

    def test_none_that_failed(self):
        parent = self.complete()
        self.set(parent, state='FAILED')

        error = self.assertRaises(
            exception.BadRequest, self.make, parent_id=parent.id
        )

        self.assertIn('FAILED', str(error))

    def test_none_of_another_project(self):
        theirs = self.ready(self.make_context(base.BOB))
        parent = self.make(
            self.make_context(base.BOB), instance_id=theirs.id
        )

        self.assertRaises(
            exception.BackupNotFound, self.make, parent_id=parent.id
        )


class EndTest(BackupTest):
    def setUp(self):
        super().setUp()
        self.made = self.make()

    def test_what_was_not_sent_is_undone(self):
        self.assertTrue(work.undo(self.instance.id, self.made.id))

        self.assertRaises(
            exception.BackupNotFound, backups.get, self.admin, self.made.id
        )
        self.assertEqual(0, self.used())
        self.assertEqual('ACTIVE', self.get(self.instance.id).status)

    def test_what_a_task_manager_has_is_not(self):
        self.claim(self.instance.id, work.CREATE)

        self.assertFalse(work.undo(self.instance.id, self.made.id))

    def test_the_instance_is_as_it_was(self):
        self.change(
            self.instance.id, task_id=states.Task.RESTART_REQUIRED.code
        )
        self.claim(self.instance.id, work.CREATE)
        self.done(self.made)

        self.assertTrue(work.end(self.instance.id, self.made.id, base.OWNER))

        self.assertEqual(
            states.Task.RESTART_REQUIRED, self.get(self.instance.id).task
        )

    def test_one_that_failed(self):
        self.claim(self.instance.id, work.CREATE)

        self.assertTrue(
            work.fail(
                self.instance.id, self.made.id, base.OWNER, 'No room.'
            )
        )

        self.assertEqual(
            'FAILED', backups.get(self.admin, self.made.id).state
        )
        found = self.get(self.instance.id)
        self.assertEqual('ACTIVE', found.status)
        self.assertEqual('A backup failed: No room.', found.fault.message)
        self.assertIsNone(workflows.get_workflow(self.instance.id))

    def test_of_another_owner(self):
        self.claim(self.instance.id, work.CREATE)

        self.assertFalse(work.end(self.instance.id, self.made.id, base.OTHER))
        self.assertFalse(
            work.fail(self.instance.id, self.made.id, base.OTHER, 'x')
        )

        self.assertEqual('NEW', backups.get(self.admin, self.made.id).state)

    def test_the_instance_is_deleted_meanwhile(self):
        self.delete(self.instance.id)
        self.claim(self.instance.id, 'delete_instance')
        instances.mark_deleted(self.instance.id, owner=base.OWNER)

        self.assertEqual(
            'FAILED', backups.get(self.admin, self.made.id).state
        )


class ListTest(BackupTest):
    def test_in_pages_the_last_changed_first(self):
        made = [self.complete().id for _ in range(3)]
        for number, each in enumerate(made):
            with session.writer() as db:
                row = db.get(models.Backup, each)
                row.updated = row.updated.replace(
                    second=number, microsecond=0
                )

        first, more = backups.list_(limit=2, project_id=base.ALICE)
        rest, end = backups.list_(
            limit=2, offset=more, project_id=base.ALICE
        )

        self.assertEqual(made[::-1], [each.id for each in first + rest])
        self.assertIsNone(end)

    def test_of_whom(self):
        mine = self.complete()
        other = self.ready()
        theirs = self.make(instance_id=other.id)

        def listed(**wanted):
            return {each.id for each in backups.list_(limit=9, **wanted)[0]}

        self.assertEqual({mine.id, theirs.id}, listed())
        self.assertEqual({theirs.id}, listed(instance_id=other.id))
        self.assertEqual(set(), listed(project_id=base.BOB))
        self.assertEqual(
            {mine.id, theirs.id},
            listed(datastore_id=self.version.datastore_id),
        )
        self.assertEqual(set(), listed(datastore_id='none'))
