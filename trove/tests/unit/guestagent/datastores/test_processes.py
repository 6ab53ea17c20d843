# SPDX-License-Identifier: Apache-2.0
"""Looking at processes."""

from __future__ import annotations

from concurrent import futures
import os
import pathlib
import signal
import subprocess
import sys

import fixtures

from trove.guestagent.datastores import processes
from trove.tests import base


class ProcessesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        path = self.useFixture(fixtures.TempDir()).path
        self.directory = pathlib.Path(os.path.realpath(path))

    def test_a_child_that_has_ended_is_gone_for_all_who_look(self) -> None:
        with futures.ThreadPoolExecutor(8) as threads:
            for _ in range(100):
                # Given: a child that has ended.
                pid = processes.spawn(['true'])
                self.assertTrue(processes.wait_gone(pid, 30))
                # When several look at the same time
                looks = [
                    threads.submit(processes.is_child, pid) for _ in range(8)
                ]
                # Then nobody takes it for alive.
                self.assertEqual([False] * 8, [f.result() for f in looks])

    def test_a_process_is_known_by_its_directory(self) -> None:
        # Given
        process = subprocess.Popen(
            [sys.executable, '-c', 'import sys; sys.stdin.read()'],
            stdin=subprocess.PIPE,
            cwd=self.directory,
        )
        self.addCleanup(process.communicate)
        # Then
        self.assertTrue(processes.works_in(process.pid, self.directory))
        self.assertEqual([process.pid], processes.all_in(self.directory))
        self.assertFalse(processes.works_in(process.pid, pathlib.Path('/')))
        self.assertFalse(processes.wait_gone(process.pid, 0.01))
        # When
        processes.send(process.pid, signal.SIGKILL)
        # Then it is gone, though nobody took note of it yet
        self.assertTrue(processes.wait_gone(process.pid, 30))
        self.assertFalse(processes.works_in(process.pid, self.directory))
        process.wait()
        processes.send(process.pid, signal.SIGKILL)
        self.assertTrue(processes.wait_gone(process.pid, 30))

    def test_children_are_taken_note_of(self) -> None:
        pid = processes.spawn([sys.executable, '-c', ''])
        self.assertTrue(processes.wait_gone(pid, 30))
        self.assertFalse(processes.is_child(pid))
        self.assertFalse(pathlib.Path(f'/proc/{pid}').exists())

    def test_servers_are_told_from_tools(self) -> None:
        server = processes.spawn(['sleep', '600'])
        self.addCleanup(processes.wait_gone, server, 30)
        self.addCleanup(processes.send, server, signal.SIGKILL)
        tool = subprocess.Popen(['sleep', '600'])
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)

        self.assertTrue(processes.leads_session(server))
        self.assertFalse(processes.leads_session(tool.pid))
        self.assertFalse(processes.leads_session(2**22 + 1))

    def test_waiting_ends(self) -> None:
        self.assertTrue(processes.wait_for(lambda: True, 0))
        self.assertFalse(processes.wait_for(lambda: False, 0.02, 0.001))
