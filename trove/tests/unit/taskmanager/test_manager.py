# SPDX-License-Identifier: Apache-2.0
"""The endpoint, by way of messages."""

from __future__ import annotations

from trove.common import rpc
from trove.db import models
from trove.db import session
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.taskmanager import api
from trove.taskmanager import manager
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Task = states.Task


class TestManager(scene.TestCase):
    def test_it_serves_its_contract(self):
        rpc.verify(api.API.interface, self.manager)

    def test_several_task_managers_share_the_work(self):
        # Given: two of them at one topic.
        for host in ('tm-1', 'tm-2'):
            server = self.transport.server(
                manager.Manager(self.environment(host)), host=host
            )
            server.start()
            self.addCleanup(server.wait)
            self.addCleanup(server.stop)
        client = api.API(self.transport)
        guests = {}
        self.cloud.on(
            'create_server',
            lambda instance_id: guests[instance_id].report(
                states.ServiceStatus.NEW
            ),
        )
        ids = [self.given_request(name=f'db-{n}') for n in range(4)]

        # When: every message comes twice.
        for instance_id in ids:
            guests[instance_id] = self.given_guest(instance_id)
            for _ in range(2):
                client.create_instance(self.context, **self.order(instance_id))

        # Then: each is built, once.
        waiting.until(
            lambda: all(
                self.shown(instance_id).status == 'ACTIVE'
                and workflows.get_workflow(instance_id) is None
                for instance_id in ids
            ),
            'all instances are ACTIVE',
        )
        for instance_id in ids:
            self.assertEqual(
                [
                    ('volumes.create', instance_id),
                    ('create_server', instance_id),
                ],
                [call for call in self.cloud.calls if call[1] == instance_id],
            )
            self.assertEqual(['prepare'], guests[instance_id].asked)

    def test_request_of_a_released_api_that_wrote_no_row(self):
        # Given: an instance whose task a released API has set.
        instance_id, guest = self.given_instance()
        self.given_task(instance_id, Task.REBOOTING, 'restart')
        self.drop_workflow(instance_id)

        self.manager.restart(self.context, instance_id)

        self.assertEqual(['rpc_ping', 'restart'], guest.asked)
        self.assertEqual('ACTIVE', self.shown(instance_id).status)

    def drop_workflow(self, instance_id):
        with session.writer() as db:
            db.delete(db.get(models.Workflow, instance_id))
