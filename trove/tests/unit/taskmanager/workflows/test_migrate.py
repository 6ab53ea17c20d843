# SPDX-License-Identifier: Apache-2.0
"""Move the server to another host."""

from __future__ import annotations

from trove.common import exception
from trove.objects.instance import states
from trove.tests.unit.taskmanager import scene

Task = states.Task


class MigrateTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()

    def when_moved(self, host='h2'):
        self.given_task(
            self.instance_id, Task.MIGRATING, 'migrate', details={'host': host}
        )
        self.manager.migrate(self.context, self.instance_id, host)

    def host(self):
        return self.cloud.servers[self.instance_id].host

    def test_the_database_is_stopped_meanwhile(self):
        asked = []
        self.cloud.on('migrate_server', lambda _: asked.extend(self.asked()))

        self.when_moved()

        self.assertEqual('h2', self.host())
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(['stop_db'], asked)
        self.assertIn('start_db_with_conf_changes', self.asked())

    def asked(self):
        return self.guest.asked

    def test_the_cloud_chooses(self):
        self.when_moved(None)

        self.assertEqual('elsewhere', self.host())

    def test_a_cloud_with_one_host(self):
        # The API refuses it; those of other releases do not.
        self.cloud.refuses = {'migrate_server': 'there is one host'}

        self.when_moved()

        self.assert_fault(self.instance_id, 'there is one host', 'Nothing')
        self.assertEqual([], self.asked())

    def test_the_cloud_fails(self):
        self.cloud.fail('migrate_server', exception.CloudError('no host'))

        self.when_moved()

        self.assert_fault(self.instance_id, 'move the server', 'no host')
        self.assertEqual('noop', self.host())
        self.assertEqual(
            states.ServiceStatus.HEALTHY,
            self.shown(self.instance_id).service_status,
        )

    def test_another_task_manager_goes_on_with_it(self):
        def die(_):
            self.cloud.on('migrate_server', lambda _: None)
            raise scene.Killed

        self.cloud.on('migrate_server', die)
        self.assertRaises(scene.Killed, self.when_moved)

        self.when_recovered()

        self.assertEqual('h2', self.host())
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
