# SPDX-License-Identifier: Apache-2.0
"""Task managers of releases share the topic, and know nothing of the queue."""

from __future__ import annotations

from trove.objects import service as services
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.fixtures import reports
from trove.tests.unit.taskmanager import scene

Task = states.Task


class TestDoneByARelease(scene.TestCase):
    def given_done(self, instance_id):
        """What a task manager of a release leaves when it is through."""
        instances.update(
            instance_id,
            task_id=Task.NONE.code,
            task_description=Task.NONE.text,
            server_status='ACTIVE',
        )
        reports.heard(
            instance_id,
            status=states.ServiceStatus.HEALTHY,
            guest_version=None,
            sent=None,
        )

    def test_what_it_built_is_left_alone(self):
        instance_id = self.given_request()
        self.given_guest(instance_id)
        self.given_done(instance_id)

        self.when_recovered(seconds=10_000)

        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.assertIsNone(self.shown(instance_id).fault)
        self.assertIsNone(workflows.get_workflow(instance_id))
        self.assertEqual([], self.cloud.calls)

    def test_what_it_restarted_is_not_restarted_again(self):
        instance_id, guest = self.given_instance()
        self.given_task(instance_id, Task.REBOOTING, 'restart')
        self.given_done(instance_id)

        self.when_recovered(seconds=10_000)

        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.assertNotIn('restart', guest.asked)

    def test_while_one_lives_it_gets_its_time(self):
        self.config(usage_timeout=500)
        self.config(queue_timeout=20, group='taskmanager')
        services.report(
            'trove-taskmanager',
            f'{services.UNREGISTERED} 1.0/victoria',
            {'taskmanager': '1.0/victoria'},
            None,
            started=True,
        )
        instance_id = self.given_request()

        self.when_recovered(
            seconds=400,
            between=lambda now: services.report(
                'trove-taskmanager',
                f'{services.UNREGISTERED} 1.0/victoria',
                {'taskmanager': f'1.0/victoria,{now + 2}.0'},
                None,
            ),
        )

        self.assertEqual(Task.BUILDING, self.shown(instance_id).task)
