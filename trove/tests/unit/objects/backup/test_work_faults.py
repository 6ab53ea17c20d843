# SPDX-License-Identifier: Apache-2.0
"""What backups that cannot be made say, and for how long."""

from __future__ import annotations

import datetime

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.backup import work
from trove.objects.instance import instances
from trove.tests.unit.objects import base
from trove.tests.unit.objects.backup import test_work


class FaultsTest(test_work.BackupTest):
    def fault(self):
        found = self.get(self.instance.id).fault
        return found.message if found else None

    def fail(self):
        made = self.make()
        self.claim(self.instance.id, work.CREATE)
        work.fail(self.instance.id, made.id, base.OWNER, 'No room.')
        return made

    def test_a_complete_one_ends_the_fault_of_one_that_failed(self):
        self.fail()
        self.assertEqual('A backup failed: No room.', self.fault())

        self.complete()

        self.assertIsNone(self.fault())

    def test_a_complete_one_ends_no_other_fault(self):
        instances.add_fault(self.instance.id, 'The disk is slow.')

        self.complete()

        self.assertEqual('The disk is slow.', self.fault())

    def test_what_archives_logs_again_ends_the_fault_of_that(self):
        with session.writer() as db:
            db.add(
                models.LogSeries(
                    instance_id=self.instance.id,
                    series=1,
                    storage_driver='swift',
                    container='c',
                    first=1,
                    last=3,
                )
            )
        instances.add_fault(
            self.instance.id,
            'The guest agent could not archive the log of changes: No.',
        )

        log_work.extend(self.instance.id, 1, 3, None)
        self.assertIn('could not archive', self.fault())
        log_work.extend(self.instance.id, 1, 4, None)
        self.assertIsNone(self.fault())

    def test_a_full_one_ends_the_fault_of_a_gap(self):
        self.complete()
        instances.add_fault(self.instance.id, f'{log_work.GAP}9. Make one.')

        self.complete(incremental=True)
        self.assertIn('gap', self.fault())
        self.complete()
        self.assertIsNone(self.fault())

    def test_one_that_began_before_a_gap_does_not_end_its_fault(self):
        logs.want(base.ALICE, self.instance.id, 'swift', 'c')
        with session.reader() as db:
            known = logs.read(db.get(models.LogSeries, (self.instance.id, 1)))
        log_work.begin_series(known, f'{log_work.GAP}9. Make one.')

        for series, ends in (None, False), (1, False), (2, True):
            with self.subTest(series):
                self.complete_in(series)

                self.assertEqual(ends, self.fault() is None)

    def test_what_is_archived_no_more_has_no_gap(self):
        logs.want(base.ALICE, self.instance.id, 'swift', 'c')
        instances.add_fault(self.instance.id, f'{log_work.GAP}9. Make one.')
        logs.unwant(self.instance.id)

        self.complete_in(1)

        self.assertIsNone(self.fault())

    def complete_in(self, series):
        """Make a full backup that a series of the log goes on from."""
        made = self.make()
        self.claim(self.instance.id, work.CREATE)
        self.done(made)
        if series is not None:
            logs.note_backup(
                made.id,
                {
                    'log-series': str(series),
                    'log-number': '1',
                    'log-time': '2026-11-30T10:00:00.000000Z',
                },
            )
        self.assertTrue(work.end(self.instance.id, made.id, base.OWNER))

    def test_the_fault_of_a_failed_task_stays(self):
        instances.add_fault(self.instance.id, 'It was ejected.')
        self.change(self.instance.id, server_status='ERROR')

        made = self.fail()

        self.assertEqual('It was ejected.', self.fault())
        self.assertEqual('FAILED', backups.get(self.admin, made.id).state)

    def test_none_of_an_instance_whose_guest_agent_is_silent(self):
        with session.writer() as db:
            for row in db.query(models.AgentHeartbeat):
                row.updated_at -= datetime.timedelta(hours=1)

        error = self.assertRaises(exception.Unprocessable, self.make)

        self.assertIn('reported for', str(error))
        self.assertEqual(0, self.used())
