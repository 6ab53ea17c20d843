# SPDX-License-Identifier: Apache-2.0
"""The times that archived logs can restore."""

from __future__ import annotations

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.tests.unit.objects import base


def at(hour):
    return f'2027-01-31T{hour:02d}:00:00.000000Z'


class LogsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        logs.want(base.ALICE, 'i', 'local', 'box')

    def backup(self, name, hour, number=1, series=1, **columns):
        with session.writer() as db:
            db.add(
                models.Backup(
                    **{
                        'id': name,
                        'name': name,
                        'tenant_id': base.ALICE,
                        'instance_id': 'i',
                        'state': 'COMPLETED',
                    }
                    | columns
                )
            )
        logs.note_backup(
            name,
            {
                'log-series': str(series),
                'log-number': str(number),
                'log-time': at(hour),
            },
        )

    def window(self):
        found = logs.window('i')
        return found.archived, found.earliest, found.latest

    def test_why_there_is_no_time_yet(self):
        def assert_reason(words):
            self.assertIn(words, logs.window('i').reason)
            self.assertIn(words, str(logs.refuse('i', at(9))))

        self.assertIn('is not archived', str(logs.refuse('another', at(9))))
        assert_reason('has not been told yet')
        log_work.ordered('i', None)
        assert_reason('Make a full backup')
        self.backup('b', 3, number=2)
        assert_reason('Look again in some minutes.')
        log_work.extend('i', 1, 5, at(9))
        self.assertIsNone(logs.window('i').reason)

    def test_from_the_first_backup_to_the_last_object(self):
        self.assertIsNone(logs.window('another'))
        self.assertEqual((True, None, None), self.window())
        log_work.extend('i', 1, 5, at(9))
        self.assertEqual((True, None, None), self.window())

        self.backup('b', 3, number=2)
        self.backup('c', 5, number=4)

        self.assertEqual((True, at(3), at(9)), self.window())
        point = logs.point('i', at(6))
        self.assertEqual(('c', 4), (point.backup_id, point.first))
        self.assertEqual('b', logs.point('i', at(6), 'b').backup_id)
        self.assertEqual('b', logs.point('i', at(4)).backup_id)

    def test_times_that_cannot_be_restored(self):
        log_work.extend('i', 1, 5, at(9))
        self.backup('b', 3)

        for time, backup_id in (
            (at(2), None),
            (at(10), None),
            (at(4), 'another'),
        ):
            self.assertIsNone(logs.point('i', time, backup_id))
        refusal = str(logs.refuse('i', at(10)))
        self.assertIn(f'from {at(3)} to {at(9)}', refusal)

    def test_a_backup_whose_log_is_not_all_there(self):
        log_work.extend('i', 1, 5, at(9))
        self.backup('late', 3, number=6)
        self.backup('other', 3, series=2)
        self.backup('failed', 3, state='FAILED')
        self.backup('gone', 3, deleted=True)

        self.assertEqual((True, None, None), self.window())

    def test_malformed_metadata_are_ignored(self):
        for changed in (
            {'log-series': 'x'},
            {'log-number': '-1'},
            {'log-time': 'now'},
            {'log-time': '2026-02-30T10:00:00.000000Z'},
            {'log-time': '\uff12026-02-03T10:00:00.000000Z'},
        ):
            known = {
                'log-series': '1',
                'log-number': '1',
                'log-time': at(3),
            }
            logs.note_backup('b', known | changed)
        logs.note_backup('b', {})

        with session.reader() as db:
            self.assertIsNone(db.get(models.BackupLog, 'b'))

    def test_a_gap_begins_a_window_of_its_own(self):
        log_work.extend('i', 1, 5, at(9))
        self.backup('b', 3)
        (archive,) = log_work.claim(60)
        (series,) = archive.series

        later = log_work.begin_series(series, 'a gap')
        log_work.extend('i', later.series, 2, at(12))

        self.assertEqual((True, at(3), at(9)), self.window())
        self.backup('c', 11, series=2)
        self.assertEqual((True, at(11), at(12)), self.window())
        # What was there before the gap is not lost
        self.assertEqual('b', logs.point('i', at(8)).backup_id)

    def test_one_of_several_looks_after_it(self):
        self.assertEqual(1, len(log_work.claim(60)))
        self.assertEqual([], log_work.claim(60))
        self.assertEqual(1, len(log_work.claim(0)))

    def test_what_no_backup_needs(self):
        log_work.extend('i', 1, 9, at(9))
        (archive,) = log_work.claim(60)
        (series,) = archive.series
        self.assertEqual(range(1, 10), log_work.needless(series))

        self.backup('b', 3, number=4)
        self.backup('c', 5, number=7)
        self.assertEqual(range(1, 4), log_work.needless(series))

        # The log of a backup that is made begins anywhere
        self.backup('d', 6, number=7, state='BUILDING')
        self.assertEqual(range(0), log_work.needless(series))

    def test_another_container_is_another_series(self):
        logs.want(base.ALICE, 'i', 'local', 'box')
        logs.want(base.ALICE, 'i', 'local', 'crate')

        (archive,) = log_work.claim(60)
        self.assertEqual(
            [(1, 'box'), (2, 'crate')],
            [(each.series, each.container) for each in archive.series],
        )
        self.assertEqual({'i'}, logs.wanted(['i', 'j']))
        logs.unwant('i')
        self.assertEqual(set(), logs.wanted(['i']))

    def test_times_have_a_zone(self):
        self.assertEqual(at(8), logs.parse('2027-01-31T09:00:00+01:00'))
        for text in '2027-01-31T09:00:00', 'yesterday', '':
            self.assertRaises(ValueError, logs.parse, text)
        self.assertIsInstance(logs.refuse('i', at(1)), exception.BadRequest)

    def test_not_in_ever_more_places(self):
        for number in range(25):
            place = 'local', f'box-{number}'
            if number < 20:
                logs.want(base.ALICE, 'j', *place)
                continue
            self.assertRaises(
                exception.Conflict, logs.want, base.ALICE, 'j', *place
            )

        # What is so already is no other place.
        logs.want(base.ALICE, 'j', 'local', 'box-19')
