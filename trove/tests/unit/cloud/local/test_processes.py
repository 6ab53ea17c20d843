# SPDX-License-Identifier: Apache-2.0
"""Which processes belong to a server, and ending just those."""

import dataclasses
import os
import pathlib
import signal
import subprocess

import fixtures

from trove.cloud.local import processes
from trove.tests import base


class ProcessesTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        # Resolved: the working directory of a process always is.
        directory = self.useFixture(fixtures.TempDir()).path
        self.server = pathlib.Path(directory).resolve()
        self.children = []

    def run_(self, *command, **kwargs):
        child = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, **kwargs
        )

        def end():
            child.kill()
            child.wait()
            child.stdout.close()

        self.addCleanup(end)
        return child

    def marked(self):
        return {**os.environ, processes.MARKER: str(self.server)}

    def find(self):
        return processes.belonging_to(self.server)

    def test_a_process_has_one_identity_as_long_as_it_lives(self):
        child = self.run_('sleep', '60')

        identity = processes.identify(child.pid)

        self.assertEqual(identity, processes.identify(child.pid))
        self.assertTrue(processes.alive(identity))
        self.assertEqual('sleep', processes.name(identity))
        child.kill()
        # A zombie, as nobody has waited for it yet.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        self.assertFalse(processes.alive(identity))
        child.wait()
        self.assertIsNone(processes.identify(child.pid))
        self.assertEqual('', processes.name(identity))
        self.assertFalse(processes.alive(None))

    def test_another_process_with_the_same_id_is_left_alone(self):
        child = self.run_('sleep', '60')
        identity = processes.identify(child.pid)
        former = dataclasses.replace(identity, started='1')

        processes.send(former, signal.SIGKILL)

        self.assertFalse(processes.alive(former))
        self.assertTrue(processes.alive(identity))

    def test_those_that_carry_the_marker_or_work_there_belong(self):
        marked = self.run_('sleep', '60', env=self.marked())
        working = self.run_('sleep', '60', cwd=self.server)
        self.run_('sleep', '60')

        found = {identity.pid for identity in self.find()}

        self.assertEqual({marked.pid, working.pid}, found)

    def test_those_that_make_a_database_there_belong(self):
        data = f'{self.server}/disk/data'
        told = self.run_('sh', '-c', 'sleep 60; :', 'sh', f'--pgdata={data}')
        helper = self.run_('sleep', '60', env={**os.environ, 'PGDATA': data})
        self.run_('sh', '-c', 'sleep 60; :', 'sh', f'--to={self.server}2/a')
        # What somebody started who has been there.
        self.run_('sleep', '60', env={**os.environ, 'OLDPWD': data})

        found = {identity.pid for identity in self.find()}

        self.assertLessEqual({told.pid, helper.pid}, found)
        self.assertEqual(2, len(found))

    def test_they_can_be_looked_for_within_a_session(self):
        marked = self.run_('sleep', '60', env=self.marked())
        self.run_('sleep', '60', cwd=self.server)

        found = processes.belonging_to(self.server, session=marked.pid)

        self.assertEqual([marked.pid], [identity.pid for identity in found])

    def test_ending_tells_the_leader_and_kills_who_stays(self):
        # The child of the first one ignores SIGTERM and is not its leader.
        stubborn = self.run_(
            'sh',
            '-c',
            'trap "" TERM; sleep 60 & echo ready; wait',
            env=self.marked(),
        )
        gentle = self.run_('sleep', '60', cwd=self.server)
        self.assertEqual(b'ready\n', stubborn.stdout.readline())

        processes.end(self.find, lambda _: signal.SIGTERM, 0.1)

        self.assertEqual([], self.find())
        self.assertEqual(-signal.SIGKILL, stubborn.wait())
        self.assertEqual(-signal.SIGTERM, gentle.wait())

    def test_a_helper_of_a_server_gets_no_signal_of_its_own(self):
        told = self.server / 'told'
        parent = self.run_(
            'sh',
            '-c',
            'sh -c \'trap "echo helper >> told" INT; echo ready;'
            ' while :; do sleep 0.01; done\' & child=$!;'
            ' trap "echo leader >> told; kill $child; exit 0" INT;'
            ' while :; do sleep 0.01; done',
            cwd=self.server,
        )
        self.assertEqual(b'ready\n', parent.stdout.readline())

        processes.end(self.find, lambda _: signal.SIGINT, 30)

        self.assertEqual('leader\n', told.read_text())
        self.assertEqual(0, parent.wait())

    def test_waiting_for_who_stays_ends(self):
        child = self.run_('sleep', '60')

        self.assertFalse(
            processes.wait_gone([processes.identify(child.pid)], 0.05)
        )
