# SPDX-License-Identifier: Apache-2.0
"""Restart and reboot."""

from __future__ import annotations

from unittest import mock

from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import states
from trove.taskmanager.workflows import restart
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class TestRestart(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()

    def when_restarted(self):
        self.given_task(self.instance_id, Task.REBOOTING, 'restart')
        self.manager.restart(self.context, self.instance_id)

    def test_database_is_restarted(self):
        self.when_restarted()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(['rpc_ping', 'restart'], self.guest.asked)
        self.assertIn(
            self.context.request_id, self.guest.arguments('restart')['reason']
        )

    def test_guest_fails(self):
        def fail(**_):
            raise exception.DatastoreError(action='start', reason='no disk')

        self.guest.hooks['restart'] = fail

        self.when_restarted()

        self.assert_fault(self.instance_id, 'restart the database', 'no disk')

    def test_settings_that_were_taken_back_wait_for_a_restart(self):
        def take_back(**_):
            raise exception.SettingsTakenBack(reason='too many connections.')

        self.guest.hooks['restart'] = lambda **_: 1 / 0
        self.when_restarted()
        self.guest.hooks['restart'] = take_back

        self.when_restarted()

        shown = self.shown(self.instance_id)
        self.assertEqual('RESTART_REQUIRED', shown.status)
        self.assertIn('runs with the former ones', shown.fault.message)
        self.assertIn('too many connections', shown.fault.message)
        self.assertEqual(1, shown.fault.message.count('restart'))
        self.assertNotIn('reboot', shown.fault.details)

    def test_guest_reports_nothing_good_afterwards(self):
        self.config(reboot_time_out=1)
        self.guest.hooks['restart'] = lambda **_: self.guest.report(
            Status.CRASHED
        )

        self.when_restarted()

        self.assert_fault(
            self.instance_id, 'wait until the database runs', 'crashed'
        )

    def test_restart_that_works_heals_one_that_did_not(self):
        self.guest.hooks['restart'] = lambda **_: 1 / 0
        self.when_restarted()
        self.guest.hooks['restart'] = lambda **_: None

        self.when_restarted()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertIsNone(self.shown(self.instance_id).fault)

    def test_guest_that_does_not_answer_is_found_out_soon(self):
        lone = self.given_one_without_agent()

        self.manager.restart(self.context, lone)

        shown = self.shown(lone)
        self.assertEqual('ACTIVE', shown.status)
        self.assertIn('did not answer rpc_ping', shown.fault.message)
        self.assertIn('reboot it', shown.fault.message)
        self.assertIn('restart the database', shown.fault.details)

    def given_one_without_agent(self):
        self.config(agent_call_low_timeout=1)
        lone = self.given_request(name='lone')
        scene.Guest(lone).report(Status.HEALTHY)
        self.when_created(lone)
        self.given_task(lone, Task.REBOOTING, 'restart')
        return lone

    def test_one_that_was_adopted_may_have_stopped(self):
        lone = self.given_one_without_agent()
        with mock.patch.object(
            restart.Restart, '_restart', side_effect=scene.Killed
        ):
            self.assertRaises(
                scene.Killed, self.manager.restart, self.context, lone
            )

        self.when_recovered()

        self.assert_fault(lone, 'did not answer rpc_ping', 'reboot it')


class TestReboot(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()

    def when_rebooted(self):
        self.given_task(self.instance_id, Task.REBOOTING, 'reboot')
        self.manager.reboot(self.context, self.instance_id)

    def test_server_is_rebooted(self):
        self.given_guest_survives_reboots(self.guest)

        self.when_rebooted()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertIn(('reboot_server', self.instance_id), self.cloud.calls)
        self.assertEqual([], self.guest.asked)

    def test_what_its_guest_speaks_is_found_out_anew(self):
        # The image that it boots may have another agent.
        guest = guest_api.API(self.transport, self.instance_id)
        self.assertEqual('1.4', guest.cap)
        self.guest.version = '1.3'
        self.given_guest_survives_reboots(self.guest)

        self.when_rebooted()

        self.assertEqual('1.3', guest.cap)

    def test_what_the_guest_said_before_does_not_count(self):
        # Given: the last thing the guest said, while it was going down, is
        # that all is well, and the server does not come back.
        self.config(reboot_time_out=1)
        self.cloud.on(
            'reboot_server', lambda _: self.guest.report(Status.HEALTHY)
        )

        self.when_rebooted()

        self.assert_fault(
            self.instance_id,
            'wait until the database runs',
            'sent no heartbeat',
        )

    def test_cloud_fails(self):
        self.cloud.fail('reboot_server', exception.CloudError('no such host'))

        self.when_rebooted()

        self.assert_fault(
            self.instance_id, 'reboot the server', 'no such host'
        )

    def test_server_is_gone(self):
        self.cloud.compute.delete_server(self.context, self.instance_id)

        self.when_rebooted()

        self.assert_fault(
            self.instance_id, 'reboot the server', 'could not be found'
        )
