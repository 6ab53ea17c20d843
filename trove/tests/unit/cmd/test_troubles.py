# SPDX-License-Identifier: Apache-2.0
"""trove-manage fault_list and replica_list."""

from __future__ import annotations

import json
from typing import Any

from trove.common import context as trove_context
from trove.objects import datastore as datastores
from trove.objects.guest import replication
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.fixtures import reports
from trove.tests.unit.cmd import base


class TroublesTest(base.ManageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.synced()
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql', '18', manager='postgresql', image_id='image-1'
        )

    def given(self, **values: Any) -> str:
        made = instances.create(
            self.conf,
            trove_context.TroveContext(project_id='p1', user_id='u1'),
            name='db',
            flavor_id='1',
            ram=512,
            volume_size=2,
            datastore_version_id=self.version.id,
        )
        instances.update(made.id, **values)
        return made.id

    def listed(self, command: str, *arguments: str) -> list[dict[str, Any]]:
        self.assertEqual(
            0, self.run_manage(command, '-f', 'json', *arguments), self.error
        )
        found: list[dict[str, Any]] = json.loads(self.out)
        return found

    def test_current_faults_of_all_are_shown(self) -> None:
        first, _, second = self.given(), self.given(), self.given()
        instances.add_fault(first, 'It was full before.')
        instances.add_fault(first, 'The volume is full.', 'Row 1\nRow 2')
        instances.add_fault(second, 'No host.')

        found = self.listed('fault_list')

        self.assertEqual(
            {first: 'The volume is full.', second: 'No host.'},
            {each['Instance']: each['Fault'] for each in found},
        )
        self.assertEqual('p1', found[0]['Project'])
        self.assertEqual([], self.listed('fault_list', '--status', 'ERROR'))
        details = self.listed('fault_list', '--details')
        self.assertIn('Row 1\nRow 2', [each['Fault'] for each in details])

    def test_replicas_have_the_words_of_their_servers(self) -> None:
        primary = self.given()
        replica = self.given(slave_of_id=primary)
        reports.heard(
            replica,
            status=states.ServiceStatus.HEALTHY,
            guest_version='1.5',
            sent=1.0,
            replication=replication.State(
                follows=False, error='slot is gone'
            ),
        )

        (found,) = self.listed('replica_list')

        self.assertEqual(
            {
                'Replica': replica,
                'Project': 'p1',
                'Primary': primary,
                'State': 'stopped',
                'Lag (s)': None,
                'Error': 'slot is gone',
            },
            found,
        )
        self.assertEqual([], self.listed('replica_list', '--state', 'behind'))
        self.assertEqual(0, self.run_manage('replica_list'))
        self.assertIn('slot is gone', self.out)
