# SPDX-License-Identifier: Apache-2.0
"""Backups are verified by their guest agents, whoever orders it."""

from __future__ import annotations

import datetime
import io
import pathlib

import fixtures

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import reports
from trove.objects.backup import verifications
from trove.objects.instance import instances
from trove.objectstore import local
from trove.taskmanager import verifications as ordering
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene


class VerificationsTest(scene.TestCase):
    """Given an instance with a backup that is to be verified."""

    def setUp(self):
        super().setUp()
        box = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(local_directory=str(box), group='objectstore')
        self.store = local.LocalStore(box)
        self.instance_id, self.guest = self.given_instance('1.5')
        self.given_backup('b')
        verifications.request('b')
        self.verifications = ordering.Verifications(self.env)

    def given_backup(self, backup_id):
        stored = self.store.save('box', backup_id, io.BytesIO(b'data'), {})
        with session.writer() as db:
            db.add(
                models.Backup(
                    id=backup_id,
                    name=backup_id,
                    tenant_id=scene.PROJECT,
                    instance_id=self.instance_id,
                    state='COMPLETED',
                    storage_driver='local',
                    size=0.5,
                    location=stored.location,
                    checksum=stored.checksum,
                )
            )

    def later(self, **changes):
        """Given that nothing was heard for an hour."""
        with session.writer() as db:
            for row in db.query(models.BackupVerification):
                row.changed -= datetime.timedelta(hours=1)
                for name, value in changes.items():
                    setattr(row, name, value)

    def told(self, number=1, guest=None):
        """Wait for the orders, which are cast; return the last one."""
        guest = guest or self.guest
        waiting.until(
            lambda: guest.asked.count('create_backup') == number,
            f'the guest is told {number} times',
        )
        return guest.arguments('create_backup')

    def report(self, backup_id='b', **told):
        return reports.record_update(
            self.instance_id,
            backup_id,
            sent=None,
            fields={'verification': told},
        )

    def found(self, backup_id='b'):
        it = verifications.get([backup_id])[backup_id]
        return it.state, it.reason

    def fault(self):
        return instances.get(self.context, self.instance_id).fault

    def test_its_guest_is_told_and_reports(self):
        self.verifications.look()
        self.verifications.look()

        order = self.told()
        self.assertEqual('b', order['backup_info']['id'])
        self.assertEqual(
            (True, 1 << 29, 'local'),
            tuple(order['store'][n] for n in ('verifies', 'room', 'driver')),
        )
        self.assertEqual(('RUNNING', None), self.found())
        self.assertTrue(self.report(state='VERIFIED'))
        self.assertEqual(('VERIFIED', None), self.found())
        # What has ended is not changed by later reports
        self.assertFalse(self.report(state='FAILED', reason='x'))
        self.assertEqual(('VERIFIED', None), self.found())
        self.assertIsNone(self.fault())

    def test_a_failure_is_a_fault(self):
        self.verifications.look()

        self.report(state='FAILED', reason='a file is missing.')

        self.assertEqual(('FAILED', 'a file is missing.'), self.found())
        self.assertIn('a file is missing', self.fault().message)
        # It can be requested again
        verifications.request('b')
        self.assertEqual(('REQUESTED', None), self.found())

    def test_only_what_was_ordered_is_believed(self):
        self.assertFalse(self.report(state='VERIFIED'))
        self.verifications.look()
        for told in (
            {'state': 'GOOD'},
            {'state': 'FAILED', 'reason': 7},
            {'state': 'FAILED', 'reason': 'a\nb'},
            {'state': 'FAILED', 'reason': 'x' * 1025},
        ):
            self.assertRaises(exception.BadRequest, self.report, **told)
        self.assertRaises(exception.NotFound, self.report, 'c', state='ERROR')
        other, _ = self.given_instance('1.5')
        self.assertRaises(
            exception.NotFound, verifications.record, other, 'b', 'VERIFIED'
        )
        self.assertEqual(('RUNNING', None), self.found())

    def test_a_guest_that_does_not_report(self):
        for number in 1, 2, 3:
            self.verifications.look()
            self.told(number)
            self.later()
        self.verifications.look()

        state, reason = self.found()
        self.assertEqual('ERROR', state)
        self.assertIn('told 3 times', reason)
        self.assertEqual(3, self.guest.asked.count('create_backup'))

    def test_one_at_a_time(self):
        self.given_backup('c')
        verifications.request('c')

        self.verifications.look()
        self.told()

        states = {self.found(each)[0] for each in 'bc'}
        self.assertEqual({'REQUESTED', 'RUNNING'}, states)
        running = 'b' if self.found()[0] == 'RUNNING' else 'c'
        self.report(running, state='VERIFIED')
        self.verifications.look()
        self.told(2)

    def test_one_with_many_leaves_places_to_others(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.objects.backup.verifications._AT_ONCE', 2
            )
        )
        for each in 'xy':
            self.given_backup(each)
            verifications.request(each)
        self.verifications.look()
        self.instance_id, other = self.given_instance('1.5')
        self.given_backup('c')
        verifications.request('c')

        self.verifications.look()

        self.assertEqual('RUNNING', self.found('c')[0])
        self.told(1)
        self.told(1, other)

    def test_an_object_that_is_gone_or_another(self):
        location = self.store.location('box', 'b')
        self.store.delete(location)
        self.verifications.look()
        self.assertEqual('FAILED', self.found()[0])
        self.assertIn('box/b', self.found()[1])

        self.store.save('box', 'b', io.BytesIO(b'other'), {})
        verifications.request('b')
        self.verifications.look()

        self.assertEqual('FAILED', self.found()[0])
        self.assertIn('checksum', self.found()[1])
        self.assertEqual(0, self.guest.asked.count('create_backup'))

    def test_a_store_that_is_away_says_nothing_of_it(self):
        def head(*_):
            raise exception.ObjectStoreUnreachable(
                action='find it', reason='away', remedy='Wait.'
            )

        with fixtures.MonkeyPatch(
            'trove.objectstore.local.LocalStore.head', head
        ):
            self.verifications.look()

        self.assertEqual('RUNNING', self.found()[0])
        self.later()
        self.verifications.look()
        self.told()

    def test_an_instance_or_a_backup_that_is_gone(self):
        instances.update(self.instance_id, deleted=True)
        self.verifications.look()
        self.assertEqual('ERROR', self.found()[0])

        verifications.request('b')
        with session.writer() as db:
            db.get(models.Backup, 'b').deleted = True
        self.verifications.look()
        self.assertEqual({}, verifications.get(['b']))
