# SPDX-License-Identifier: Apache-2.0
"""When scheduled backups are due, and which of them are kept."""

from __future__ import annotations

import datetime

from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects.backup import schedules
from trove.objects.instance import instances
from trove.tests.unit.objects import base


class SchedulesTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.db_id = self.create().id
        self.save()

    def save(self, **changed):
        values = {
            'interval': 24,
            'full_every': 3,
            'keep': None,
            'keep_days': None,
        }
        schedules.save(
            base.ALICE,
            self.db_id,
            storage_driver='local',
            container='box',
            **(values | changed),
        )

    def schedule(self):
        return schedules.get([self.db_id])[self.db_id]

    def given(self, *names, parent=None, days=0, scheduled=True, **columns):
        """Given backups, each a second younger than the one before."""
        for name in names:
            with session.writer() as db:
                created = clock.now(db) - datetime.timedelta(days=days)
                number = db.query(models.Backup).count()
                row = models.Backup(
                    **{
                        'id': name,
                        'name': name,
                        'tenant_id': base.ALICE,
                        'instance_id': self.db_id,
                        'state': 'COMPLETED',
                        'parent_id': parent,
                        'created': created
                        + datetime.timedelta(seconds=number),
                    }
                    | columns
                )
                db.add(row)
            if scheduled:
                schedules.begun(self.db_id, name)

    def expendable(self, **changed):
        self.save(**changed)
        return schedules.expendable(self.schedule())

    def test_it_is_due_at_once_and_then_after_the_interval(self):
        (found,) = schedules.claim()

        self.assertEqual(self.db_id, found.instance_id)
        self.assertEqual([], schedules.claim())
        schedules.begun(self.db_id, 'b')
        until = self.schedule().next - found.next
        self.assertAlmostEqual(86400, until.total_seconds(), delta=60)

    def test_a_change_of_the_interval_makes_it_due(self):
        schedules.claim()

        self.save(keep=7)
        self.assertEqual([], schedules.claim())
        self.save(interval=1)

        self.assertEqual(1, len(schedules.claim()))

    def test_of_a_deleted_instance(self):
        instances.mark_deleted(self.db_id)

        self.assertEqual([], schedules.claim())
        self.assertEqual({}, schedules.get([self.db_id]))

    def test_the_first_of_so_many_is_full(self):
        found = []
        for name in 'abcd':
            found.append(self.schedule().is_full)
            self.given(name)

        self.assertEqual([True, False, False, True], found)

    def test_so_many_are_kept(self):
        self.given('a', 'b', 'c')

        self.assertEqual([], self.expendable())
        self.assertEqual(['a'], self.expendable(keep=2))
        self.assertEqual(['a', 'b'], self.expendable(keep=1))

    def test_what_another_continues_is_kept(self):
        self.given('full')
        self.given('more', parent='full')
        self.given('last', parent='more')
        self.given('later')

        self.assertEqual([], self.expendable(keep=2))
        self.assertEqual(['full', 'more', 'last'], self.expendable(keep=1))
        # One that somebody ordered is never deleted, nor what it needs
        self.given('mine', parent='full', scheduled=False)
        self.assertEqual(['more', 'last'], self.expendable(keep=1))

    def test_by_age_but_the_newest(self):
        self.given('old', 'newest', days=9)

        self.assertEqual(['old'], self.expendable(keep_days=7))
        self.assertEqual([], self.expendable(keep_days=10))

    def test_failed_ones_go_after_the_next(self):
        self.given('failed', state='FAILED')
        self.assertEqual([], self.expendable())

        self.given('next')

        self.assertEqual(['failed'], self.expendable())

    def test_those_whose_deletion_failed_are_tried_again(self):
        self.given('stored', state='DELETE_FAILED')
        self.given('mine', state='DELETE_FAILED', scheduled=False)

        self.given('next')

        self.assertEqual(['stored'], self.expendable())

    def test_a_failure_is_told_and_tried_again_soon(self):
        (found,) = schedules.claim()

        schedules.failed(found, 'the quota is used up.', False)

        fault = instances.get(self.admin, self.db_id).fault
        self.assertIn('the quota is used up', fault.message)
        until = self.schedule().next - found.next
        self.assertAlmostEqual(600, until.total_seconds(), delta=60)
