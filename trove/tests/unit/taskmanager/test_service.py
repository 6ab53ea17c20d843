# SPDX-License-Identifier: Apache-2.0
"""The service: start, report, graceful stop, leaving unfinished work."""

from __future__ import annotations

import threading
from unittest import mock

import fixtures

from trove.common import exception
from trove.common import rpc
from trove.common import service as periodics
from trove.objects import service as services
from trove.objects.backup import log_work
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.taskmanager import api
from trove.taskmanager import service
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Task = states.Task


class TestService(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(transport_url='kombu+memory://', service_report_interval=1)

    def given_service(self):
        component = service.TaskManager(self.conf, cloud=self.cloud)
        component.start()
        self.addCleanup(component.stop)
        waiting.until(
            lambda: services.live(self.conf, 'trove-taskmanager'),
            'the task manager reports itself',
        )
        return component

    def test_it_reports_what_it_speaks_and_signs_off(self):
        component = self.given_service()

        (reported,) = services.live(self.conf, 'trove-taskmanager')
        self.assertEqual('test-host', reported.host)
        self.assertEqual(
            {'taskmanager': str(api.API.interface.latest)},
            reported.rpc_versions,
        )

        component.stop()

        self.assertEqual([], services.live(self.conf, 'trove-taskmanager'))

    def test_of_an_older_version_it_reports_that(self):
        component = service.TaskManager(
            self.conf, cloud=self.cloud, version='1.0/victoria'
        )
        component.start()
        self.addCleanup(component.stop)

        waiting.until(
            lambda: services.live_versions(
                self.conf, 'trove-taskmanager', 'taskmanager'
            )
            == ['1.0/victoria'],
            'it reports',
        )

    def test_it_reports_before_messages_come(self):
        live = []
        component = service.TaskManager(self.conf, cloud=self.cloud)
        self.addCleanup(component.stop)

        with mock.patch.object(
            rpc.Transport,
            'server',
            return_value=mock.Mock(
                start=lambda: live.extend(
                    services.live(self.conf, 'trove-taskmanager')
                )
            ),
        ):
            component.start()

        self.assertEqual(1, len(live))

    def test_it_starts_without_the_database(self):
        gone = exception.ServiceUnavailable(what='The database')
        component = service.TaskManager(self.conf, cloud=self.cloud)
        self.addCleanup(component.stop)

        with mock.patch.object(services, 'report', side_effect=gone):
            component.start()

        self.assertIn('Could not register before the start', self.logs.output)

    def test_it_does_not_start_with_secrets_for_guests(self):
        path = self.useFixture(fixtures.TempDir()).join('guests.conf')
        with open(path, 'w') as file:
            file.write('[DEFAULT]\ntransport_url = rabbit://trove:pw@mq/\n')
        self.config(guest_config=path)
        component = service.TaskManager(self.conf, cloud=self.cloud)
        self.addCleanup(component.stop)

        error = self.assertRaises(
            exception.ConfigurationError, component.start
        )

        self.assertIn('it sets [DEFAULT] transport_url. ', str(error))

    def test_each_pin_is_read_at_the_start(self):
        for name in ('taskmanager', 'conductor', 'guestagent'):
            self.config(**{name: 'nonsense'}, group='upgrade_levels')
            component = service.TaskManager(self.conf, cloud=self.cloud)
            self.addCleanup(component.stop)

            error = self.assertRaises(
                exception.ConfigurationError, component.start
            )

            self.assertIn(name, str(error))
            self.config(**{name: 'auto'}, group='upgrade_levels')

    def test_it_signs_off_though_an_object_store_does_not_answer(self):
        begun, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        self.patch(periodics, 'STOP_TIMEOUT', 0.1)

        def claim(interval):
            begun.set()
            go_on.wait(60)
            return []

        self.patch(log_work, 'claim', claim)
        component = self.given_service()
        self.assertTrue(begun.wait(20))

        component.stop()

        self.assertEqual([], services.live(self.conf, 'trove-taskmanager'))
        self.assertIn('longer for log archives', self.logs.output)

    def test_stop_finishes_what_runs(self):
        instance_id, guest = self.given_instance()
        begun, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def restart(**_):
            begun.set()
            go_on.wait(20)

        guest.hooks['restart'] = restart
        component = self.given_service()
        self.given_task(instance_id, Task.REBOOTING, 'restart')
        api.API(self.transport).restart(self.context, instance_id)
        self.assertTrue(begun.wait(20))

        stopper = threading.Thread(target=component.stop)
        stopper.start()
        go_on.set()
        stopper.join(20)

        self.assertFalse(stopper.is_alive())
        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.assertIsNone(workflows.get_workflow(instance_id))

    def test_stop_leaves_what_takes_too_long_to_the_next_one(self):
        # Given: a reboot that waits for a guest, and no time to stop.
        self.config(stop_timeout=0, group='taskmanager')
        instance_id, guest = self.given_instance()
        component = self.given_service()
        self.given_task(instance_id, Task.REBOOTING, 'reboot')
        api.API(self.transport).reboot(self.context, instance_id)
        waiting.until(
            lambda: (
                workflows.get_workflow(instance_id).step
                == 'wait until the database runs'
            ),
            'the reboot waits for the guest',
        )

        component.stop()

        self.assertEqual('REBOOT', self.shown(instance_id).status)

        # When: the next one starts, as this process or another.
        self.given_guest_survives_reboots(guest)
        self.given_service()

        waiting.until(
            lambda: self.shown(instance_id).status == 'ACTIVE',
            'the reboot is finished by the next task manager',
        )

    def test_it_starts_what_the_cloud_should_run(self):
        with mock.patch.object(
            self.cloud, 'resume', lambda: ['server-1'], create=True
        ):
            self.given_service()

        self.assertIn('server-1', self.logs.output)

    def test_cloud_that_does_not_answer_at_the_start_is_no_reason_to_die(self):
        error = exception.CloudError(action='look', reason='down')
        with mock.patch.object(
            self.cloud, 'resume', side_effect=error, create=True
        ):
            self.given_service()

        self.assertIn('Check the cloud', self.logs.output)

    def test_reload_looks_versions_up_anew(self):
        component = self.given_service()

        with mock.patch.object(component._transport, 'refresh') as refresh:
            component.reload()

        refresh.assert_called_once_with()

    def test_stop_before_start_is_fine(self):
        service.TaskManager(self.conf, cloud=self.cloud).stop()
