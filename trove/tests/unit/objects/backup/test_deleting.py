# SPDX-License-Identifier: Apache-2.0
"""How backups are deleted, with those that continue them."""

from __future__ import annotations

import datetime
import time

from oslo_utils import timeutils

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import work
from trove.objects.instance import workflows
from trove.tests.unit.objects import base
from trove.tests.unit.objects.backup import test_work


class DeletionTest(test_work.BackupTest):
    def setUp(self):
        super().setUp()
        self.first = self.complete()
        self.second = self.complete(incremental=True)
        self.third = self.complete(incremental=True)

    def request(self, backup, context=None, cancels=False):
        return deleting.request(
            self.conf, context or self.context, backup.id, cancels=cancels
        )

    def test_those_that_continue_it_go_first(self):
        self.assertEqual(
            [self.third.id, self.second.id], self.request(self.second)
        )

        self.assertEqual(
            {self.second.id, self.third.id}, set(deleting.waiting())
        )

    def test_none_that_is_being_made(self):
        running = self.make(incremental=True)

        error = self.assertRaises(
            exception.Unprocessable, self.request, self.first
        )

        self.assertIn(running.id, str(error))
        self.assertEqual({}, deleting.waiting())

    def test_one_that_nobody_makes_any_more(self):
        running = self.make(incremental=True)
        self.set(running, updated=self.long_ago(), created=self.long_ago())

        self.assertIn(running.id, self.request(running))

    def minutes_ago(self, minutes):
        return timeutils.utcnow() - datetime.timedelta(minutes=minutes)

    def quiet(self, **fields):
        """A backup that its guest began, and reports no more."""
        running = self.make(incremental=True)
        self.claim(self.instance.id, work.CREATE)
        self.report(running, 'BUILDING', **fields)
        self.set(running, updated=self.minutes_ago(11))
        return running

    def test_one_whose_end_was_lost(self):
        running = self.quiet(progress=0)
        # What nobody asked for waits longer.
        self.assertRaises(
            exception.Unprocessable, self.request, self.first
        )
        self.set(running, updated=self.minutes_ago(9))
        error = self.assertRaises(
            exception.Unprocessable, self.request, running, cancels=True
        )
        self.assertIn('nothing for 10 minutes', str(error))
        self.set(running, updated=self.minutes_ago(11))

        self.assertEqual([running.id], self.request(running, cancels=True))

        # The instance is free, and its task manager notices.
        self.assertEqual('NEW', self.make().state)
        self.assertFalse(
            work.end(self.instance.id, running.id, base.OWNER)
        )

    def test_one_whose_guest_reports_its_end_only(self):
        # Given a guest of a release, which may be storing it.
        running = self.quiet()

        error = self.assertRaises(
            exception.Unprocessable, self.request, running, cancels=True
        )

        self.assertIn('reported nothing for 3 days', str(error))

    def test_one_whose_guest_may_store_more_stays_until_it_cannot(self):
        running = self.quiet(progress=7)
        workflows.add_details(
            self.instance.id, base.OWNER, expires=time.time() + 3600
        )
        self.request(running, cancels=True)

        self.assertFalse(deleting.mark_deleted(running.id))
        self.assertEqual({}, deleting.waiting())
        with session.reader() as db:
            until = db.get(models.Backup, running.id).deleted_at
        self.assertGreater(until, self.minutes_ago(-69))
        self.assertLess(until, self.minutes_ago(-71))

        self.set(running, deleted_at=self.minutes_ago(0))

        self.assertTrue(deleting.waiting()[running.id].again)
        self.assertTrue(deleting.mark_deleted(running.id))

    def long_ago(self):
        return self.first.created.replace(year=2020)

    def test_one_that_is_its_own_ancestor(self):
        self.set(self.first, parent_id=self.third.id)

        self.assertEqual(3, len(self.request(self.first)))

    def test_nobody_else(self):
        self.assertRaises(
            exception.BackupNotFound,
            self.request,
            self.first,
            self.make_context(base.BOB),
        )

    def test_one_that_is_gone(self):
        self.request(self.third)

        self.assertTrue(deleting.mark_deleted(self.third.id))
        self.assertFalse(deleting.mark_deleted(self.third.id))

        self.assertEqual(2, self.used())
        self.assertEqual({}, deleting.waiting())
        self.assertRaises(
            exception.BackupNotFound, backups.get, self.admin, self.third.id
        )
