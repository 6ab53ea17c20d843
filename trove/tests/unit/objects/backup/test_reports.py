# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objects.instance import workflows
from trove.tests.unit.objects import base

DONE = {'state': 'COMPLETED', 'checksum': 'c', 'location': 'file:///b1.gz'}


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.ready()
        with session.writer() as db:
            db.add(
                models.Backup(
                    id='b1',
                    name='nightly',
                    state='NEW',
                    instance_id=self.instance.id,
                    tenant_id=base.ALICE,
                )
            )

    def record(self, sent=None, backup_id='b1', instance_id=None, **fields):
        return reports.record_update(
            instance_id or self.instance.id,
            backup_id,
            sent=sent,
            fields=fields,
        )

    def row(self):
        with session.reader() as db:
            return db.get(models.Backup, 'b1')


class TestRecordUpdate(TestCase):
    def test_it_is_written_down(self):
        self.assertTrue(
            self.record(
                state='COMPLETED',
                size=0.5,
                checksum='c',
                location='swift://x/b1.tar.gz',
                updated='9999-12-31T00:00:00',
            )
        )

        row = self.row()
        self.assertEqual(
            ('COMPLETED', 0.5, 'c', 'swift://x/b1.tar.gz'),
            (row.state, row.size, row.checksum, row.location),
        )
        self.assertLess(row.updated.year, 9999)

    def test_what_no_guest_may_say(self):
        for fields in (
            {'state': 'DELETED'},
            {'state': {'a': 1}},
            {'size': float('inf')},
            {'size': -5},
            {'size': 'abc'},
            {'checksum': 'c' * 33},
            {'backup_type': 'x' * 99},
            {'location': 'swift://x/b2.tar.gz'},
            {'location': 'swift://x/b1/../b2'},
            {'location': 7},
            {'state': 'COMPLETED', 'checksum': 'c'},
            {'state': 'COMPLETED', 'location': 'swift://x/b1'},
        ):
            with self.subTest(fields):
                self.assertRaises(
                    exception.BadRequest, self.record, **fields
                )
                self.assertEqual('NEW', self.row().state)

    def test_it_is_stored_where_the_task_manager_said(self):
        with session.writer() as db:
            db.get(models.Backup, 'b1').location = 'file:///box/b1'

        self.assertRaises(
            exception.BadRequest, self.record, location='file:///other/b1.gz'
        )
        self.assertTrue(self.record(location='file:///box/b1.tar.gz'))

    def test_what_has_ended_stays_as_it_is(self):
        self.record(state='FAILED')

        self.assertFalse(
            self.record(
                state='COMPLETED', checksum='c', location='file:///b1'
            )
        )

        self.assertEqual('FAILED', self.row().state)

    def test_a_stale_one_is_dropped(self):
        self.assertTrue(self.record(10.0, state='SAVING'))
        self.assertTrue(self.record(12.0, **DONE))

        self.assertFalse(self.record(11.0, state='SAVING'))

        self.assertEqual('COMPLETED', self.row().state)

    def test_a_clock_that_is_set_back_holds_nothing_up(self):
        for fields, sent in (
            ({'state': 'BUILDING'}, 10_000),
            ({'state': 'SAVING'}, 6400),
            (DONE, 6401),
        ):
            self.assertTrue(self.record(sent=sent, **fields))
            self.assertEqual(fields['state'], self.row().state)

    def test_what_is_done_stays_so_whatever_the_clock_says(self):
        self.record(sent=6400, **DONE)

        self.assertFalse(self.record(sent=10_000, state='BUILDING'))
        self.assertFalse(self.record(sent=6000, state='FAILED'))

        self.assertEqual('COMPLETED', self.row().state)

    def test_a_guest_speaks_for_its_own_backups_only(self):
        other = self.ready()

        for values in (
            {'backup_id': 'b2'},
            {'instance_id': other.id},
        ):
            error = self.assertRaises(
                exception.NotFound, self.record, state='FAILED', **values
            )
            self.assertEqual(404, error.code)

        self.assertEqual('NEW', self.row().state)

    def test_a_guest_may_not_give_it_away(self):
        self.record(tenant_id=base.BOB, deleted=True, id='b1', nope=1)

        row = self.row()
        self.assertEqual((base.ALICE, False), (row.tenant_id, row.deleted))
        self.assertIn('tenant_id', self.logs.output)
        self.assertIn('nope', self.logs.output)


class TestVerified(TestCase):
    """Given the work of a task manager that verifies what is stored."""

    def setUp(self):
        super().setUp()
        with session.writer() as db:
            db.get(models.Backup, 'b1').location = 'swift:///box/b1'
            workflows.add(
                db,
                self.instance.id,
                work.CREATE,
                request_id=None,
                details={'backup_id': 'b1'},
            )

    def saved(self):
        return workflows.get_workflow(self.instance.id).details.get('saved')

    def test_what_is_stored_is_not_complete_yet(self):
        for number, state in (0, 'COMPLETED'), (2, 'SAVING'):
            with self.subTest(state):
                said = {'metadata': {'lsn': '7'}, 'parts': number}

                self.record(
                    state=state,
                    checksum='c',
                    location='swift:///box/b1.tar.gz',
                    **(said if number else {}),
                )

                row = self.row()
                self.assertEqual(('SAVING', None), (row.state, row.checksum))
                self.assertEqual('swift:///box/b1.tar.gz', row.location)
                self.assertEqual(
                    {
                        'checksum': 'c',
                        'metadata': said['metadata'] if number else {},
                        'parts': number,
                        'suffix': '.tar.gz',
                    },
                    self.saved(),
                )

    def test_progress_is_shown_while_it_is_made(self):
        def shown():
            return backups.get(self.context, 'b1').progress

        self.assertIsNone(shown())
        for stored in 5, 1 << 40:
            self.record(state='BUILDING', progress=stored)
            self.assertEqual(stored, shown())
        for wrong in -1, 1 << 63, True, 'x', 1.5:
            self.assertRaises(
                exception.BadRequest,
                self.record,
                state='BUILDING',
                progress=wrong,
            )
        self.record(state='FAILED')
        self.assertIsNone(shown())

    def test_malformed_parts(self):
        right = {
            'state': 'SAVING',
            'parts': 2,
            'metadata': {'lsn': '7'},
            'checksum': 'c',
            'location': 'swift:///box/b1.gz',
        }
        for wrong in (
            {'parts': -1},
            {'parts': True},
            {'parts': 10**9},
            {'metadata': None},
            {'metadata': {'a b': 'c'}},
            {'metadata': {'lsn': 'a\r\nX-Delete-After: 1'}},
            {'metadata': {f'k{number}': '' for number in range(31)}},
            {'checksum': None},
            {'location': None},
            {'location': 'swift:///other/b1.gz'},
        ):
            with self.subTest(wrong):
                self.assertRaises(
                    exception.BadRequest, self.record, **(right | wrong)
                )
                self.assertIsNone(self.saved())

    def test_parts_are_of_the_backup_that_is_being_made(self):
        self.record(state='FAILED')

        self.record(
            state='SAVING',
            parts=2,
            metadata={},
            checksum='c',
            location='swift:///box/b1.gz',
        )

        self.assertIsNone(self.saved())
        self.assertEqual('FAILED', self.row().state)
