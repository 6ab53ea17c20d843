# SPDX-License-Identifier: Apache-2.0
"""Resize to another flavor, and back when it fails."""

from __future__ import annotations

from trove.common import exception
from trove.objects import quota
from trove.objects.guest import guest_versions
from trove.objects.instance import states
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class TestResizeFlavor(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()

    def when_resized(self):
        self.given_task(
            self.instance_id,
            Task.RESIZING,
            'resize_flavor',
            conf=self.conf,
            deltas={'ram': 512},
        )
        self.manager.resize_flavor(
            self.context, self.instance_id, scene.FLAVOR, scene.BIGGER
        )

    def ram(self):
        return {
            usage.resource: usage.in_use + usage.reserved
            for usage in quota.usages(self.conf, scene.PROJECT)
        }['ram']

    def test_instance_has_the_new_flavor(self):
        self.when_resized()

        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertEqual('2', shown.flavor_id)
        self.assertEqual('2', self.cloud.specs[self.instance_id].flavor.id)
        self.assertEqual(1024, self.ram())
        self.assertEqual(
            ['stop_db', 'rpc_ping', 'start_db_with_conf_changes'],
            self.guest.asked,
        )
        told = self.guest.arguments('start_db_with_conf_changes')
        self.assertEqual('18', told['ds_version'])
        self.assertEqual(
            ('confirm_resize', self.instance_id), self.cloud.calls[-1]
        )

    def test_its_guest_may_be_another_one_afterwards(self):
        self.guest.hooks['rpc_ping'] = lambda: self.guest.report(
            Status.SHUTDOWN
        )
        self.guest.version = '1.1'

        self.when_resized()

        self.assertEqual('1.1', guest_versions.guest_version(self.instance_id))
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def assert_as_before(self, *parts):
        self.assert_fault(self.instance_id, *parts)
        self.assertEqual('1', self.shown(self.instance_id).flavor_id)
        self.assertEqual('1', self.cloud.specs[self.instance_id].flavor.id)
        self.assertEqual(512, self.ram())
        self.assertEqual(
            Status.HEALTHY, self.shown(self.instance_id).service_status
        )

    def test_database_cannot_be_stopped(self):
        def fail(**_):
            self.guest.hooks['stop_db'] = lambda **_: None
            raise exception.DatastoreError(action='stop', reason='busy')

        self.guest.hooks['stop_db'] = fail

        self.when_resized()

        self.assert_as_before('stop the database', 'busy')

    def test_cloud_fails(self):
        self.cloud.fail(
            'resize_server', exception.CloudError('no host'), times=1
        )

        self.when_resized()

        self.assert_as_before('resize the server', 'no host')

    def test_guest_does_not_come_back(self):
        self.config(resize_time_out=1, agent_call_low_timeout=1)
        answers = iter([exception.TroveError('too early')])

        def ping(**_):
            for error in answers:
                raise error

        self.guest.hooks['rpc_ping'] = ping

        self.when_resized()

        self.assert_as_before('resize the server')

    def test_database_does_not_start(self):
        def fail(**_):
            self.guest.hooks['start_db_with_conf_changes'] = lambda **_: (
                self.guest.report(Status.HEALTHY)
            )
            raise exception.DatastoreError(action='start', reason='memory')

        self.guest.hooks['start_db_with_conf_changes'] = fail

        self.when_resized()

        self.assert_as_before('start the database', 'memory')

    def test_database_does_not_become_healthy(self):
        self.config(resize_time_out=1)

        def start(**_):
            self.guest.hooks['start_db_with_conf_changes'] = lambda **_: (
                self.guest.report(Status.HEALTHY)
            )
            self.guest.report(Status.CRASHED)

        self.guest.hooks['start_db_with_conf_changes'] = start

        self.when_resized()

        self.assert_as_before('wait until the database runs', 'crashed')

    def test_way_back_fails_too(self):
        self.cloud.fail('resize_server', exception.CloudError('no host'))

        self.when_resized()

        self.assert_fault(
            self.instance_id, 'no host', 'Not undone: "resize the server"'
        )
