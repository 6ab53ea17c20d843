# SPDX-License-Identifier: Apache-2.0
"""trove-manage job_list."""

from __future__ import annotations

import json

from trove.common import context as trove_context
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.tests.unit.cmd import base


class JobsTest(base.ManageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.synced()
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql', '18', manager='postgresql', image_id='image-1'
        )

    def given_job(self) -> str:
        made = instances.create(
            self.conf,
            trove_context.TroveContext(
                project_id='p1', user_id='u1', request_id='req-1'
            ),
            name='db',
            flavor_id='1',
            ram=512,
            volume_size=2,
            datastore_version_id=self.version.id,
        )
        return made.id

    def jobs(self, *arguments: str) -> list[dict[str, str | None]]:
        self.assertEqual(
            0, self.run_manage('job_list', '-f', 'json', *arguments)
        )
        found: list[dict[str, str | None]] = json.loads(self.out)
        return found

    def test_a_job_is_shown_with_its_step_and_its_host(self) -> None:
        instance_id = self.given_job()
        owner = 'tm-1.example.org:machine:7:1#3'
        workflows.claim_workflow(
            instance_id, 'create_instance', owner, 'req-1'
        )
        workflows.workflow_step(instance_id, owner, 'create the server')

        self.assertEqual(0, self.run_manage('job_list'))

        heading, row = self.out.splitlines()
        for word in ('Instance', 'Step', 'Host', 'Request'):
            self.assertIn(word, heading)
        for word in (
            instance_id,
            'create_instance',
            'running',
            'create the server',
            'tm-1.example.org ',
            'req-1',
        ):
            self.assertIn(word, row)

    def test_one_without_a_task_manager_is_queued(self) -> None:
        instance_id = self.given_job()

        (job,) = self.jobs()

        self.assertEqual(instance_id, job['Instance'])
        self.assertEqual('queued', job['State'])
        for each in 'Step', 'Host', 'Started (UTC)':
            self.assertIsNone(job[each])

    def test_one_that_waits_for_its_project(self) -> None:
        instance_id = self.given_job()
        workflows.claim_workflow(
            instance_id, 'create_instance', 'tm-1:m:7:1#3', 'req-1'
        )

        self.assertEqual('waiting', self.jobs()[0]['State'])

    def test_those_of_one_action(self) -> None:
        self.given_job()

        self.assertEqual([], self.jobs('--action', 'restart'))
        self.assertEqual(1, len(self.jobs('--action', 'create_instance')))

    def test_the_one_that_has_not_advanced_for_longest_is_first(self) -> None:
        older, newer = self.given_job(), self.given_job()
        workflows.claim_workflow(
            older, 'create_instance', 'tm-1:m:7:1#3', 'req-1'
        )

        self.assertEqual(
            [newer, older], [each['Instance'] for each in self.jobs()]
        )
