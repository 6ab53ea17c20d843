# SPDX-License-Identifier: Apache-2.0
"""Backup strategies."""

from __future__ import annotations

from trove.objects.backup import logs
from trove.tests.unit.api import base
from trove.tests.unit.api import test_backups


class StrategyTest(test_backups.TestCase):
    def setUp(self):
        super().setUp()
        self.guest_version = '1.5'

    def save(self, **values):
        return self.post('/backup_strategies', {'backup_strategy': values})

    def test_made_changed_listed_deleted(self):
        self.save(swift_container='first')
        response = self.save(swift_container='ours')
        self.save(swift_container='mine', instance_id=self.instance.id)

        self.assertEqual(202, response.status_code)
        ours = {
            'project_id': base.PROJECT,
            'instance_id': '',
            'backend': 'local',
            'swift_container': 'ours',
            'log_archive': False,
            'schedule': None,
        }
        self.assertEqual({'backup_strategy': ours}, response.json)
        listed = self.get('/backup_strategies').json['backup_strategies']
        self.assertEqual(2, len(listed))
        query = f'instance_id={self.instance.id}'
        (mine,) = self.get('/backup_strategies', query_string=query).json[
            'backup_strategies'
        ]
        self.assertEqual('mine', mine['swift_container'])
        # The second is how trove-dashboard names it.
        for said in (query, f'project_id={base.PROJECT}{self.instance.id}'):
            self.save(swift_container='mine', instance_id=self.instance.id)

            gone = self.delete('/backup_strategies', query_string=said)

            self.assertEqual(202, gone.status_code)
            listed = self.get('/backup_strategies').json['backup_strategies']
            self.assertEqual([ours], listed)
            self.assert_fault(
                self.delete('/backup_strategies', query_string=said),
                404,
                'itemNotFound',
            )

    def test_of_others(self):
        theirs = self.active(base.OTHER_PROJECT)

        self.assert_fault(
            self.save(swift_container='x', instance_id=theirs.id),
            404,
            'itemNotFound',
        )
        for verb in 'GET', 'DELETE':
            self.assert_fault(
                self.request(
                    verb,
                    '/backup_strategies',
                    query_string=f'project_id={base.OTHER_PROJECT}',
                ),
                403,
                'forbidden',
            )

    def mine(self, **values):
        return self.save(
            swift_container='mine', instance_id=self.instance.id, **values
        )

    def test_the_log_is_archived_on_request(self):
        response = self.mine(log_archive=True)

        self.assertTrue(response.json['backup_strategy']['log_archive'])
        self.assertEqual({self.instance.id}, logs.wanted([self.instance.id]))
        # Clients that do not know the key change nothing
        again = self.mine()
        self.assertTrue(again.json['backup_strategy']['log_archive'])
        shown = self.get(f'/instances/{self.instance.id}').json['instance']
        reason = shown['restorable'].pop('reason')
        self.assertIn('has not been told yet', reason)
        self.assertEqual(
            {'archived': True, 'earliest': None, 'latest': None},
            shown['restorable'],
        )

        ended = self.mine(log_archive=False)

        self.assertFalse(ended.json['backup_strategy']['log_archive'])
        self.assertEqual(set(), logs.wanted([self.instance.id]))

    def test_without_the_strategy_it_is_not(self):
        self.mine(log_archive=True)

        self.delete(
            '/backup_strategies',
            query_string=f'instance_id={self.instance.id}',
        )

        self.assertEqual(set(), logs.wanted([self.instance.id]))

    def test_logs_that_cannot_be_archived(self):
        self.assert_fault(
            self.save(swift_container='x', log_archive=True),
            400,
            'badRequest',
            'instance_id',
        )
        self.guest_version = '1.4'
        self.assert_fault(
            self.mine(log_archive=True), 409, 'conflict', 'too old'
        )

    def test_a_schedule(self):
        wanted = {'interval': 24, 'full_every': 7, 'keep': 14}

        response = self.mine(schedule=wanted)

        shown = response.json['backup_strategy']['schedule']
        self.assertLessEqual(
            {**wanted, 'keep_days': None}.items(), shown.items()
        )
        # It stays if it is not named, and null ends it
        again = self.mine().json['backup_strategy']
        self.assertEqual(shown, again['schedule'])
        ended = self.mine(schedule=None).json['backup_strategy']
        self.assertIsNone(ended['schedule'])

    def test_schedules_that_are_refused(self):
        for schedule, text in (
            ({}, 'interval'),
            ({'interval': 0}, 'interval'),
            ({'interval': 24, 'keep': 0}, 'keep'),
        ):
            self.assert_refused(self.mine(schedule=schedule), text)
        self.assert_refused(
            self.save(swift_container='x', schedule={'interval': 1}),
            'instance_id',
        )
