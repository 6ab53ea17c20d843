# SPDX-License-Identifier: Apache-2.0
"""What a server says, and how it is called; its life is tested for real."""

from __future__ import annotations

import os
import pathlib

import fixtures

from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import server
from trove.guestagent.datastores.postgresql import server_errors
from trove.tests import base


class ServerTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def server(self, version: tuple[int, int] = (18, 6)) -> server.Server:
        return server.Server(
            programs.Programs(binaries.KIND, self.root / 'bin', version),
            self.root / 'data',
            self.root / 'config',
            self.root / 'start.log',
            servers.Endpoint('127.0.0.1', 5432),
            None,
        )

    def test_older_versions_lack_some_options(self) -> None:
        for version, instructions, provider in (
            ((13, 1), False, False),
            ((15, 1), True, False),
            ((18, 1), True, True),
        ):
            command = self.server(version)._initdb('/file')
            self.assertEqual(instructions, '--no-instructions' in command)
            self.assertEqual(provider, '--locale-provider=builtin' in command)
            self.assertIn('--pwfile=/file', command)

    def test_nothing_runs_where_nothing_is(self) -> None:
        made = self.server()
        self.assertIsNone(made.pid())
        made.stop(1)
        made.reload()
        (self.root / 'data').mkdir()
        for text in ('', 'garbage\n', '1\n'):
            (self.root / 'data' / 'postmaster.pid').write_text(text)
            self.assertIsNone(made.pid())

    def test_the_reason_is_found_in_the_logs(self) -> None:
        made = self.server()
        self.assertIn('it exited at once', made.start_error())
        (self.root / 'start.log').write_text('just words\n')
        self.assertIn('just words', made.start_error())
        (self.root / 'start.log').write_text(
            'LOG:  something\nFATAL:  the first reason\n'
        )
        self.assertIn('the first reason', made.start_error())
        # Given a log of its own, of an earlier run
        (self.root / 'data' / 'log').mkdir(parents=True)
        (self.root / 'data' / 'log' / 'a.log').write_text(
            'x' * 5000 + '\nERROR:  of a former session\n'
        )
        self.assertIn('the first reason', made.start_error())
        (self.root / 'start.log').write_text('Killed\n')
        self.assertIn('Killed', made.start_error())
        # When it writes to that
        (self.root / 'start.log').write_text(
            'LOG:  redirecting log output to logging collector process\n'
        )
        self.assertIn('former session', made.start_error())
        with (self.root / 'data' / 'log' / 'a.log').open('a') as log:
            log.write('LOG:  starting PostgreSQL 18.6\n')
        self.assertNotIn('former session', made.start_error())
        with (self.root / 'data' / 'log' / 'a.log').open('a') as log:
            log.write('FATAL:  the last reason\nLOG:  shut down\n')
        # Then
        said = made.start_error()
        self.assertIn('the last reason', said)
        self.assertIn('a.log', said)

    def test_links_of_the_server_are_not_followed(self) -> None:
        # Given a secret, and links to it where logs and marks should be
        made = self.server()
        secret = self.root / 'secret'
        secret.write_text('FATAL:  the secret\n')
        log = self.root / 'data' / 'log'
        log.mkdir(parents=True)
        (log / 'a.log').symlink_to(secret)
        (self.root / 'data' / 'postmaster.pid').symlink_to(secret)
        # Then
        self.assertNotIn('secret', made.start_error())
        self.assertIsNone(made.pid())
        # Nor is a directory
        (log / 'a.log').unlink()
        log.rmdir()
        (self.root / 'other').mkdir()
        (self.root / 'other' / 'a.log').write_text('FATAL:  the secret\n')
        log.symlink_to(self.root / 'other')
        self.assertNotIn('secret', made.start_error())
        # And a pipe does not stop the agent for ever
        (self.root / 'data' / 'postmaster.pid').unlink()
        os.mkfifo(self.root / 'data' / 'postmaster.pid')
        self.assertIsNone(made.pid())

    def test_messages_are_made_readable(self) -> None:
        self.assertEqual(
            'invalid value for "x". Use another.',
            server_errors.first_errors(
                '2026-01-01 LOG:  invalid value for "x"'
                ' in file "/proc/self/fd/5" line 1\n'
                'HINT:  Use another.\nsomething else\n'
                '2026-01-01 FATAL:  configuration file "/proc/self/fd/5" '
                'contains errors\n'
            ),
        )
        self.assertIn('rejects', server_errors.first_errors(''))
