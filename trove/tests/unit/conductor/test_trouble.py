# SPDX-License-Identifier: Apache-2.0
"""Databases that do not run as they should."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.tests.unit.conductor import test_manager

SAID = 'The database does not start: 10:00:01 FATAL: no space left.'


class TestTrouble(test_manager.ConductorTestCase):
    def setUp(self):
        super().setUp()
        self.sent = 0.0

    def when_reported(self, trouble, **more):
        self.sent += 1.0
        self.heartbeat(
            self.guest_context,
            self.instance_id,
            {'service_status': 'crashed', 'trouble': trouble} | more,
            sent=self.sent,
        )

    def fault(self):
        """The fault that the instance has, as the users see it."""
        fault = self.shown(self.instance_id).fault
        return fault.message if fault else None

    def faults(self):
        """How many it has had."""
        with session.reader() as db:
            return len(db.scalars(sa.select(models.InstanceFault)).all())

    def test_each_reason_is_told_until_it_has_passed(self):
        for trouble in (SAID, SAID.replace('10:00:01', '10:00:09')):
            self.when_reported(trouble)
            self.assertEqual(f'The guest agent reports: {SAID}', self.fault())
        self.assertEqual(1, self.faults())
        self.when_reported('Another reason.')
        self.assertEqual(
            'The guest agent reports: Another reason.', self.fault()
        )

        self.when_reported('')
        self.assertIsNone(self.fault())
        self.assertIn('runs as it should again', self.logs.output)

    def test_a_long_reason_is_told_once(self):
        for _ in range(2):
            self.when_reported(SAID + 900 * 'x' + '\n')
        self.assertEqual(1, self.faults())
        self.assertIn(900 * 'x', self.shown(self.instance_id).fault.details)

    def test_a_longer_process_id_is_no_other_reason(self):
        for process in 99999, 100000, 7:
            self.when_reported(f'PANIC [{process}]: ' + 99 * 'no room; ')
        self.assertEqual(1, self.faults())
        self.when_reported('PANIC [8]: ' + 99 * 'no file; ')
        self.assertEqual(2, self.faults())

        # Of 255 characters, and of one more.
        begin = 'The guest agent reports: [9] '
        for process in 9, 10, 9:
            self.when_reported(f'[{process}] ' + (255 - len(begin)) * 'x')
        self.assertEqual(3, self.faults())

    def test_what_is_not_a_reason_is_ignored(self):
        for trouble in (None, 5, ['x'], {}):
            self.when_reported(trouble)
            self.assertIsNone(self.fault())

    def test_secrets_are_masked(self):
        self.when_reported("It said: password='geheim12' is wrong")
        self.assertNotIn('geheim12', self.fault())

    def test_the_fault_of_a_failed_task_stays(self):
        with session.writer() as db:
            db.get(models.Instance, self.instance_id).server_status = 'ERROR'
        instances.add_fault(self.instance_id, 'The resize failed.')

        self.when_reported(SAID)
        self.when_reported('')

        self.assertEqual('The resize failed.', self.fault())

    def test_an_upgraded_agent_ends_the_fault_of_a_failed_upgrade(self):
        text = 'The guest agent could not upgrade itself: No room.'
        for release, fault in ('27.0.0', text), ('27.0.1', None):
            self.when_reported('', rpc_version='1.5', release='27.0.0')
            instances.add_fault(self.instance_id, text)

            self.when_reported('', rpc_version='1.5', release=release)

            self.assertEqual(fault, self.fault())

    def test_another_version_is_told_afterwards(self):
        self.when_reported(SAID, server_version='17.2')
        self.assertIn(SAID, self.fault())
        self.when_reported('', server_version='17.2')
        self.assertIn('17.2, and 18 was ordered', self.fault())
