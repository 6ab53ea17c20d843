# SPDX-License-Identifier: Apache-2.0
"""The supervisor of a guest agent."""

import json
import os
import signal
import subprocess
import sys
import time

import fixtures

from trove.cloud.local import launcher
from trove.cloud.local import processes
from trove.tests.fixtures import waiting
from trove.tests.unit.cloud.local import guests

#: Makes a server, as a task manager that is then killed.
TASK_MANAGER = """
import os, signal, sys
from oslo_config import cfg
from trove.cloud import base
from trove.cloud.local import driver
from trove.common import context
from trove import conf as trove_conf
conf = cfg.ConfigOpts()
trove_conf.register_opts(conf)
conf(sys.argv[1:], default_config_files=[])
cloud = driver.LocalCloud(conf)
admin = context.make_admin_context()
flavor = cloud.compute.get_flavor(admin, '1')
cloud.compute.create_server(admin, base.ServerSpec('i1', 'db', flavor))
os.kill(os.getpid(), signal.SIGKILL)
"""


def uptime():
    """Seconds since this machine booted: no clock, for that may be set."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


class SupervisorTestCase(guests.LocalCloudTestCase):
    def test_an_agent_that_is_killed_comes_back(self):
        self.create()
        self.wait_for_starts(1)

        os.kill(self.agent_pids()[-1], signal.SIGKILL)

        waiting.until(
            lambda: len(self.agent_pids()) == 2, 'the agent is back'
        )
        self.assertEqual('ACTIVE', self.server().status)

    def test_one_that_never_stays_up_makes_the_server_an_error(self):
        self.script.write_text(guests.BROKEN)
        self.create()
        waiting.until(
            (self.home() / 'run/crashes').exists, 'the agent has crashed'
        )
        self.assertEqual('ACTIVE', self.server().status)

        (self.home() / 'run/crashes').write_text(f'5 3 {uptime()}\n')

        server = self.server()
        self.assertEqual('ERROR', server.status)
        self.assertIn('with status 3', server.reason)
        self.assertIn('guestagent.log', server.reason)
        log = (self.home() / 'log/guestagent.log').read_text()
        self.assertIn('cannot start', log)

    def test_one_that_stays_up_in_the_end_makes_it_active_again(self):
        self.create()
        self.wait_for_starts(1)
        crashes = self.home() / 'run/crashes'
        crashes.write_text(f'5 3 {uptime()}\n')
        self.assertEqual('ERROR', self.server().status)

        # No crash since the longest pause and a steady run after it.
        crashes.write_text(f'5 3 {uptime() - 32 - 60 - 1}\n')

        self.assertEqual('ACTIVE', self.server().status)

    def test_the_agent_gets_nothing_secret_of_our_environment(self):
        for name, value in (
            ('OS_PASSWORD', 'secret'),
            ('TROVE_TRANSPORT_URL', 'rabbit://u:secret@h'),
            ('LC_ALL', 'C.UTF-8'),
            ('PYTHONPATH', '/modules'),
        ):
            self.useFixture(fixtures.EnvironmentVariable(name, value))

        self.create()
        self.wait_for_starts(1)

        text = (self.home() / 'environment').read_text()
        environment = dict(
            line.split('=', 1) for line in text.splitlines() if '=' in line
        )
        self.assertNotIn('secret', text)
        self.assertEqual('C.UTF-8', environment['LC_ALL'])
        self.assertEqual('/modules', environment['PYTHONPATH'])
        self.assertEqual(os.environ['PATH'], environment['PATH'])
        self.assertEqual(
            str(self.home()), environment[processes.MARKER]
        )

    def test_a_damaged_note_of_the_supervisor_is_as_none(self):
        self.create()
        self.wait_for_starts(1)
        note = self.home() / 'run/supervisor.json'
        pid = json.loads(note.read_text())['pid']
        for text in ('', '{}', '[]'):
            note.write_text(text)
            self.assertEqual('SHUTOFF', self.server().status)

        self.cloud.compute.reboot_server(self.context, 'i1')

        self.wait_for_starts(2)
        self.assertEqual('ACTIVE', self.server().status)
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)

    def test_a_reboot_forgets_former_crashes(self):
        self.create()
        self.wait_for_starts(1)
        (self.home() / 'run/crashes').write_text(f'5 3 {uptime()}\n')
        self.assertEqual('ERROR', self.server().status)

        self.cloud.compute.reboot_server(self.context, 'i1')

        self.assertEqual('ACTIVE', self.server().status)

    def test_when_the_supervisor_is_killed_one_agent_is_started(self):
        self.create()
        self.wait_for_starts(1)
        home = self.cloud._machine.home('i1')
        supervisor = launcher.ProcessLauncher(self.conf)._supervisor(home)
        os.kill(supervisor.pid, signal.SIGKILL)
        waiting.until(
            lambda: self.server().status == 'SHUTOFF', 'the server is down'
        )

        self.create()

        waiting.until(
            lambda: len(self.agent_pids()) == 2, 'the agent is back'
        )
        first, second = self.agent_pids()
        self.assertIsNone(processes.identify(first))
        self.assertIsNotNone(processes.identify(second))

    def test_it_outlives_the_task_manager_that_started_it(self):
        options = self.state_dir.parent / 'options.conf'
        options.write_text(
            '[cloud_local]\n'
            f'state_dir = {self.state_dir}\n'
            'network = 127.98.0.0/16\n'
            'probe_port = 5498\n'
            f'guest_command = /bin/sh,{self.script}\n'
        )

        done = subprocess.run(
            [
                sys.executable,
                '-c',
                TASK_MANAGER,
                '--config-file',
                str(options),
            ],
            check=False,
        )

        self.assertEqual(-signal.SIGKILL, done.returncode)
        self.wait_for_starts(1)
        self.assertEqual('ACTIVE', self.server().status)
        os.kill(self.agent_pids()[-1], signal.SIGKILL)
        waiting.until(
            lambda: len(self.agent_pids()) == 2, 'the agent is back'
        )

    def test_stopping_what_was_never_started_is_fine(self):
        home = self.cloud._machine.home('i1')
        home.make()

        launcher.ProcessLauncher(self.conf).stop(home, 0)

        self.assertIsNone(self.server())


class CommandTestCase(guests.LocalCloudTestCase):
    def test_it_is_the_agent_beside_this_python(self):
        self.config(guest_command=None, group='cloud_local')

        command = launcher.guest_command(self.conf)

        self.assertIn('guestagent', ' '.join(command))
        self.assertTrue(os.path.exists(command[0]))
