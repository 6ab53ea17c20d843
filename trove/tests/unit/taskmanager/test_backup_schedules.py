# SPDX-License-Identifier: Apache-2.0
"""Scheduled backups are begun once, and deleted in time."""

from __future__ import annotations

import datetime

import fixtures

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.backup import reports
from trove.objects.backup import schedules
from trove.objects.backup import verifications
from trove.objects.backup import work
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.taskmanager import backup_schedules
from trove.tests.unit.taskmanager import scene


class BackupSchedulesTest(scene.TestCase):
    """Given an instance with a schedule."""

    def setUp(self):
        super().setUp()
        box = self.useFixture(fixtures.TempDir()).path
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(local_directory=box, group='objectstore')
        self.instance_id, _ = self.given_instance('1.5')
        self.plan(self.instance_id)

    def plan(self, instance_id):
        schedules.save(
            scene.PROJECT,
            instance_id,
            storage_driver='local',
            container='box',
            interval=24,
            full_every=2,
            keep=1,
            keep_days=None,
        )

    def change(self, instance_id, **values):
        with session.writer() as db:
            row = db.get(models.BackupSchedule, instance_id)
            for name, value in values.items():
                setattr(row, name, value)

    def now(self):
        with session.reader() as db:
            return clock.now(db)

    def next(self, instance_id):
        with session.reader() as db:
            return db.get(models.BackupSchedule, instance_id).next

    def look(self):
        """Look once by each of two task managers, when one is due."""
        with session.writer() as db:
            row = db.get(models.BackupSchedule, self.instance_id)
            row.next -= datetime.timedelta(hours=24)
        for host in 'tm-1', 'tm-2':
            backup_schedules.BackupSchedules(self.environment(host)).look()

    def complete(self):
        """Complete the backup that is being made; return its id."""
        job = workflows.get_workflow(self.instance_id)
        backup_id = job.details['backup_id']
        workflows.claim_workflow(self.instance_id, work.CREATE, 'tm')
        reports.record_update(
            self.instance_id,
            backup_id,
            sent=None,
            fields={
                'state': 'COMPLETED',
                'location': f'file:///box/{backup_id}',
                'checksum': 'c',
            },
        )
        work.end(self.instance_id, backup_id, 'tm')
        return backup_id

    def test_those_kept_no_longer_go_when_none_begins(self):
        self.look()
        old = self.complete()
        self.look()
        self.complete()
        schedules.save(
            scene.PROJECT,
            self.instance_id,
            storage_driver='local',
            container='box',
            interval=24,
            full_every=1,
            keep=None,
            keep_days=1,
        )
        with session.writer() as db:
            for row in db.query(models.Backup):
                row.parent_id = None
                row.created -= datetime.timedelta(days=3)

        for host in 'tm-1', 'tm-2':
            backup_schedules.BackupSchedules(self.environment(host)).look()

        # The newest stays in any case
        left = [each.id for each in self.found() if each.is_usable]
        self.assertEqual(1, len(left))
        self.assertNotIn(old, left)

    def test_one_that_is_to_be_verified(self):
        self.look()
        made = self.complete()
        schedules.after(made, self.instance_id)
        self.assertEqual({}, verifications.get([made]))
        with session.writer() as db:
            db.get(models.BackupSchedule, self.instance_id).verify = True

        for each in made, 'another':
            schedules.after(each, self.instance_id)

        self.assertEqual([made], list(verifications.get([made, 'another'])))

    def found(self):
        return backups.list_(limit=9)[0]

    def test_one_is_begun_by_one_of_them(self):
        self.look()

        (made,) = self.found()
        self.assertEqual(
            ('full', 'NEW', scene.PROJECT),
            (made.backup_type, made.state, made.project_id),
        )
        job = workflows.get_workflow(self.instance_id)
        self.assertEqual(('create_backup', 'box'), (
            job.action, job.details['container']
        ))

    def test_one_waits_until_the_log_is_archived(self):
        self.change(self.instance_id, next=self.now())
        logs.want(scene.PROJECT, self.instance_id, 'local', 'box')
        look = backup_schedules.BackupSchedules(self.environment('tm')).look

        look()

        self.assertIsNone(workflows.get_workflow(self.instance_id))
        log_work.ordered(self.instance_id, None)
        look()
        self.assertIsNotNone(workflows.get_workflow(self.instance_id))

    def test_one_does_not_wait_for_the_log_for_ever(self):
        logs.want(scene.PROJECT, self.instance_id, 'local', 'box')

        self.look()

        self.assertIsNotNone(workflows.get_workflow(self.instance_id))

    def test_every_other_one_is_full(self):
        self.look()
        full = self.complete()
        self.look()

        newest = next(each for each in self.found() if each.id != full)
        self.assertEqual(full, newest.parent_id)

    def test_one_that_cannot_be_made_is_told(self):
        self.config(max_backups_per_tenant=0)

        self.look()

        self.assertEqual([], self.found())
        fault = instances.get(self.admin, self.instance_id).fault
        self.assertIn('scheduled backup could not be made', fault.message)

    def test_one_whose_message_is_not_sent_is_left_to_recovery(self):
        self.useFixture(
            fixtures.MockPatch(
                'trove.taskmanager.api.API.create_backup',
                side_effect=exception.BrokerError('lost'),
            )
        )
        before = self.next(self.instance_id)

        self.look()

        (made,) = self.found()
        self.assertEqual('NEW', made.state)
        fault = instances.get(self.admin, self.instance_id).fault
        self.assertIsNone(fault)
        until = self.next(self.instance_id) - before
        self.assertGreater(until, datetime.timedelta(hours=23))

    def test_a_busy_instance_is_no_failure(self):
        self.look()
        self.look()

        self.assertEqual(1, len(self.found()))
        fault = instances.get(self.admin, self.instance_id).fault
        self.assertIsNone(fault)

    def test_those_that_are_kept_no_longer_are_to_be_deleted(self):
        self.look()
        oldest = self.complete()
        for _ in range(2):
            self.look()
            self.complete()
        self.assertNotIn(oldest, deleting.waiting())

        self.look()

        self.assertIn(oldest, deleting.waiting())

    def test_one_that_breaks_keeps_no_other_from_its_backup(self):
        other, _ = self.given_instance('1.5')
        self.plan(other)
        # No request is accepted that leads to this.
        long_ago = self.next(other) - datetime.timedelta(days=9)
        self.change(self.instance_id, full_every=0, next=long_ago)

        self.look()

        (made,) = self.found()
        self.assertEqual(other, made.instance_id)
        fault = instances.get(self.admin, self.instance_id).fault
        self.assertIn('log of the task manager says why', fault.message)
        now = datetime.timedelta(minutes=9) + self.next(other)
        self.assertLess(self.next(self.instance_id), now)

    def test_one_whose_task_manager_died_is_due_again_soon(self):
        before = self.next(self.instance_id)

        (claimed,) = schedules.claim()

        self.assertEqual([], schedules.claim())
        later = self.next(self.instance_id) - before
        self.assertLess(later, datetime.timedelta(hours=1))
        schedules.begun(claimed.instance_id, 'b')
        later = self.next(self.instance_id) - before
        self.assertGreater(later, datetime.timedelta(hours=23))
