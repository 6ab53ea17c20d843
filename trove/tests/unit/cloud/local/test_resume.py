# SPDX-License-Identifier: Apache-2.0
"""Servers of the local cloud that stop and start with their machine."""

import shutil
import signal

import fixtures

from trove.cloud.local import launcher
from trove.cloud.local import processes
from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.unit.cloud.local import guests


def _fail_for(instance_id, method, error):
    def call_or_fail(self, home, *args):
        if home.instance_id == instance_id:
            raise error
        method(self, home, *args)

    return call_or_fail


class ResumeTestCase(guests.LocalCloudTestCase):
    def halt(self, instance_id='i1'):
        """What a loss of power does: nothing runs, the files are there."""
        server = self.home(instance_id)
        for identity in processes.belonging_to(server):
            processes.send(identity, signal.SIGKILL)
        waiting.until(
            lambda: self.server(instance_id).status == 'SHUTOFF',
            'the server is down',
        )

    def test_what_ran_before_a_loss_of_power_runs_again(self):
        server = self.create()
        self.wait_for_starts(1)
        self.halt()
        self.assertIn('reboot', self.server().reason)

        self.assertEqual(['i1'], self.new_cloud().resume())
        self.wait_for_starts(2)

        self.assertEqual(server, self.server())

    def test_it_is_another_boot(self):
        self.create()
        self.wait_for_starts(1)
        before = self.boot()
        self.halt()

        self.new_cloud().resume()

        self.assertNotEqual(before, self.boot())

    def test_what_was_suspended_in_order_runs_again(self):
        for name in ('i1', 'i2'):
            self.create(name)
            self.wait_for_starts(1, name)

        self.cloud.suspend()

        for name in ('i1', 'i2'):
            self.assertEqual([], self.running(name))
            self.assertEqual('SHUTOFF', self.server(name).status)
        self.assertEqual(['i1', 'i2'], self.cloud.resume())

    def test_suspending_goes_on_when_one_cannot_be_stopped(self):
        for name in ('i1', 'i2'):
            self.create(name)
            self.wait_for_starts(1, name)
        for error in (OSError(5, 'Input/output error'), ValueError('odd')):
            with fixtures.MonkeyPatch(
                'trove.cloud.local.launcher.ProcessLauncher.stop',
                _fail_for('i1', launcher.ProcessLauncher.stop, error),
            ):
                self.cloud.suspend()

            self.assertEqual([], self.running('i2'))
            self.assertIn('still running', self.logs.output)
            self.assertIn(error.args[-1], self.logs.output)

    def test_what_runs_is_left_alone(self):
        self.create()
        self.wait_for_starts(1)

        self.assertEqual([], self.new_cloud().resume())
        self.assertEqual(1, len(self.agent_pids()))

    def test_one_that_cannot_be_started_does_not_keep_others_down(self):
        for name in ('i1', 'i2'):
            self.create(name)
            self.wait_for_starts(1, name)
        for name in ('i1', 'i2'):
            self.halt(name)
        shutil.rmtree(self.home('i1') / 'log')

        self.assertEqual(['i2'], self.new_cloud().resume())

        self.assertIn('Reboot the instance', self.logs.output)

    def test_a_damaged_record_keeps_no_other_down_and_can_be_deleted(self):
        for name in ('i1', 'i2'):
            self.create(name)
            self.wait_for_starts(1, name)
        for name in ('i1', 'i2'):
            self.halt(name)
        record = self.home('i1') / 'server.json'
        for text in ('', '[]', '{"id": 1}', '{"flavor": {}}'):
            record.write_text(text)
            error = self.assertRaises(exception.CloudError, self.server)
            self.assertIn(f'{record}: it is damaged', str(error))

        self.assertEqual(['i2'], self.new_cloud().resume())

        self.assertIn('delete instance i1', self.logs.output)
        self.cloud.compute.delete_server(self.context, 'i1')
        self.assertIsNone(self.server('i1'))

    def test_nor_does_one_that_nobody_has_thought_of(self):
        for name in ('i1', 'i2'):
            self.create(name)
            self.wait_for_starts(1, name)
        for name in ('i1', 'i2'):
            self.halt(name)
        with fixtures.MonkeyPatch(
            'trove.cloud.local.launcher.ProcessLauncher.start',
            _fail_for('i1', launcher.ProcessLauncher.start, ValueError('x')),
        ):
            self.assertEqual(['i2'], self.new_cloud().resume())

        self.assertIn('not start the server of instance i1', self.logs.output)

    def test_without_a_state_directory_there_is_nothing(self):
        self.assertEqual([], self.cloud.resume())
