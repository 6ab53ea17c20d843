# SPDX-License-Identifier: Apache-2.0
"""Backups are verified on request."""

from __future__ import annotations

from trove.tests.unit.api import test_backups


class VerifyTest(test_backups.TestCase):
    def verify(self, backup_id):
        return self.post(f'/backups/{backup_id}/action', {'verify': {}})

    def test_it_is_requested_and_shown(self):
        self.guest_version = '1.5'
        self.instance = self.active()
        backup_id = self.complete()
        shown = self.get(f'/backups/{backup_id}').json['backup']
        self.assertNotIn('verification', shown)

        response = self.verify(backup_id)

        self.assertEqual(202, response.status_code, response.text)
        for shown in (
            self.get(f'/backups/{backup_id}').json['backup'],
            self.get('/backups').json['backups'][0],
        ):
            known = shown['verification']
            self.assertEqual('REQUESTED', known['status'])
            self.assertIsNone(known['reason'])
            self.assertTrue(known['time'])
        # It is the task manager's, not this message's
        self.assertEqual(
            ['create_backup'], [each[0] for each in self.transport.sent]
        )

    def test_what_cannot_be_verified(self):
        made = self.made()['id']
        self.assert_fault(self.verify(made), 409, 'conflict', 'COMPLETED')
        self.guest_version = '1.2'
        self.instance = self.active()
        backup_id = self.complete()
        self.assert_fault(
            self.verify(backup_id), 409, 'conflict', 'too old to verify'
        )
        self.assertEqual(404, self.verify(made[:-4] + '0000').status_code)
