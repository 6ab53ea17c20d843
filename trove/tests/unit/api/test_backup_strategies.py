# SPDX-License-Identifier: Apache-2.0
"""Backup strategies."""

from __future__ import annotations

from trove.tests.unit.api import base
from trove.tests.unit.api import test_backups


class StrategyTest(test_backups.TestCase):
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
        }
        self.assertEqual({'backup_strategy': ours}, response.json)
        listed = self.get('/backup_strategies').json['backup_strategies']
        self.assertEqual(2, len(listed))
        query = f'instance_id={self.instance.id}'
        (mine,) = self.get('/backup_strategies', query_string=query).json[
            'backup_strategies'
        ]
        self.assertEqual('mine', mine['swift_container'])

        gone = self.delete('/backup_strategies', query_string=query)

        self.assertEqual(202, gone.status_code)
        self.assertEqual(
            [ours], self.get('/backup_strategies').json['backup_strategies']
        )
        self.assert_fault(
            self.delete('/backup_strategies', query_string=query),
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
