# SPDX-License-Identifier: Apache-2.0
"""A backup of replicas goes with the last one that needs it."""

from __future__ import annotations

from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import temporary
from trove.tests.unit.objects import base


class TemporaryTest(base.TestCase):
    def given(self, **columns):
        with session.writer() as db:
            db.merge(
                models.Backup(
                    **{
                        'id': 'b1',
                        'name': 'of the primary',
                        'instance_id': 'gone',
                        'state': 'COMPLETED',
                    }
                    | columns
                )
            )

    def state(self):
        with session.reader() as db:
            return db.get(models.Backup, 'b1').state

    def test_one_that_nothing_needs_is_deleted(self):
        for state in ('COMPLETED', 'FAILED'):
            self.given(state=state)

            self.assertTrue(temporary.drop('b1'))
            self.assertEqual(backups.GOING, self.state())

    def test_one_that_is_being_made_stays(self):
        self.given(state='BUILDING')

        self.assertFalse(temporary.drop('b1'))
        self.assertEqual('BUILDING', self.state())

    def test_one_that_is_gone(self):
        self.assertFalse(temporary.drop('b1'))
        self.given(deleted=True)
        self.assertFalse(temporary.drop('b1'))
