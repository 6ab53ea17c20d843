# SPDX-License-Identifier: Apache-2.0
"""How backups are deleted, with those that continue them."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils

from trove.common import exception
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import work
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

    def test_one_whose_end_was_lost(self):
        running = self.make(incremental=True)
        self.assertRaises(
            exception.Unprocessable, self.request, running, cancels=True
        )
        now = timeutils.utcnow()
        self.set(running, updated=now - datetime.timedelta(minutes=11))
        # What nobody asked for waits longer.
        self.assertRaises(
            exception.Unprocessable, self.request, self.first
        )

        self.assertEqual([running.id], self.request(running, cancels=True))

        # The instance is free, and its task manager notices.
        self.assertEqual('NEW', self.make().state)
        self.assertFalse(
            work.end(self.instance.id, running.id, base.OWNER)
        )

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
