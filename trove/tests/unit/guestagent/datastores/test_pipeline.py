# SPDX-License-Identifier: Apache-2.0
"""Data through real programs, and the ways in which these fail."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import fixtures

from trove.common import exception
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores import processes
from trove.tests import base


def shell(text: str) -> list[str]:
    return ['/bin/sh', '-c', text]


class ReadTest(base.TestCase):
    def read(self, *commands: list[str]) -> bytes:
        with pipeline.Pipeline('copy', *commands) as pipe:
            found = b''
            while piece := pipe.read(1000):
                found += piece
            return found

    def failure(self, *commands: list[str]) -> str:
        return str(
            self.assertRaises(exception.DatastoreError, self.read, *commands)
        )

    def test_all_that_comes_through_is_read(self) -> None:
        self.assertEqual(
            b'9' * 500_000,
            self.read(
                shell("head -c 500000 /dev/zero | tr '\\0' 8"),
                shell('tr 8 9'),
            ),
        )

    def test_an_output_that_ends_early_is_no_end(self) -> None:
        said = self.failure(shell('printf half; echo full disk >&2; exit 3'))

        self.assertIn('failed to copy: sh ended with exit status 3', said)
        self.assertIn('full disk', said)

    def test_what_went_well_is_not_told(self) -> None:
        said = self.failure(
            shell(
                'echo checkpoint completed >&2; '
                'echo "copy: error: no permission" >&2; exit 1'
            )
        )

        self.assertIn('exit status 1: copy: error: no permission', said)
        self.assertNotIn('checkpoint', said)

    def test_each_program_decides(self) -> None:
        self.assertIn(
            'signal 9', self.failure(shell('echo a; kill -9 $$'), shell('cat'))
        )
        self.assertIn(
            'exit status 4', self.failure(shell('echo a'), shell('exit 4'))
        )

    def test_a_program_that_says_much_is_not_held_up(self) -> None:
        said = self.failure(
            shell(
                'head -c 300000 /dev/zero | tr "\\0" x >&2; '
                'echo y >&2; exit 1'
            )
        )

        self.assertIn('xxx\ny', said.replace('xy', 'x\ny'))
        self.assertLess(len(said), 10_000)

    def test_a_program_that_is_not_there(self) -> None:
        said = self.failure(shell('cat /dev/zero'), ['/nowhere/gzip'])

        self.assertIn('/nowhere/gzip: No such file', said)

    def test_one_that_stalls_is_given_up(self) -> None:
        with pipeline.Pipeline(
            'copy', shell('echo a; exec sleep 60'), stall_timeout=0.2
        ) as pipe:
            self.assertEqual(b'a\n', pipe.read(1000))
            (child,) = _children()

            error = self.assertRaises(
                exception.DatastoreError, pipe.read, 1000
            )

            self.assertIn('nothing came for 0.2 s', str(error))
            self.assertIn('backup_stall_timeout', str(error))
            self.assertTrue(processes.wait_gone(child, 30))

    def test_one_that_stalls_can_be_stopped(self) -> None:
        def check() -> None:
            raise InterruptedError

        with pipeline.Pipeline(
            'copy', shell('exec sleep 60'), check=check
        ) as pipe:
            self.assertRaises(InterruptedError, pipe.read, 1000)

    def test_nothing_outlives_the_context(self) -> None:
        with pipeline.Pipeline('copy', ['/bin/cat', '/dev/zero']) as pipe:
            pipe.read(1)
            (child,) = _children()
        self.assertTrue(processes.wait_gone(child, 30))

    def test_nothing_outlives_the_agent(self) -> None:
        # Given an agent that is killed while it reads
        code = (
            'import os, sys\n'
            'from trove.guestagent.datastores import pipeline\n'
            'command = "echo $$; exec cat /dev/zero"\n'
            'pipe = pipeline.Pipeline("copy", ["/bin/sh", "-c", command])\n'
            'print(pipe.read(20).split()[0].decode(), flush=True)\n'
            'sys.stdin.read()\n'
        )
        agent = subprocess.Popen(
            [sys.executable, '-c', code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(agent.communicate)
        child = int(agent.stdout.readline())
        # When
        agent.kill()
        # Then
        self.assertTrue(processes.wait_gone(child, 30))


class WriteTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'f')

    def write(self, command: str, data: bytes) -> None:
        with pipeline.Pipeline(
            'unpack',
            shell('cat'),
            shell(command.format(self.file)),
            fed=True,
        ) as pipe:
            pipe.write(data)
            pipe.finish()

    def test_all_that_is_fed_comes_through(self) -> None:
        self.write('cat > {}; sleep 0.01', b'x' * 3_000_000)

        self.assertEqual(3_000_000, self.file.stat().st_size)

    def test_a_program_that_does_not_take_it_says_why(self) -> None:
        for data in b'x', b'x' * 9_000_000:
            error = self.assertRaises(
                exception.DatastoreError,
                self.write,
                'echo no space left >&2; exit 2',
                data,
            )
            self.assertIn('no space left', str(error))

    def test_one_that_stalls_is_given_up(self) -> None:
        with pipeline.Pipeline(
            'unpack', shell('exec sleep 60'), fed=True, stall_timeout=0.2
        ) as pipe:
            error = self.assertRaises(
                exception.DatastoreError, pipe.write, b'x' * 9_000_000
            )

        self.assertIn('nothing was taken for 0.2 s', str(error))

    def test_what_was_not_finished_is_killed(self) -> None:
        # Otherwise its half would look like the whole.
        with pipeline.Pipeline(
            'unpack', shell(f'cat; echo all > {self.file}'), fed=True
        ) as pipe:
            pipe.write(b'half')

        self.assertFalse(self.file.exists())


def _children() -> list[int]:
    text = pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text()
    return [int(each) for each in text.split()]
