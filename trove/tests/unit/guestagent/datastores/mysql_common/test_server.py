# SPDX-License-Identifier: Apache-2.0
"""How a server is called, and why it did not start."""

from __future__ import annotations

import os
import pathlib

import fixtures

from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.mariadb import server
from trove.tests import base


class ServerTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'data').mkdir()
        self.server = server.Server(
            programs.Programs(server.KIND, self.root / 'sbin', (10, 11, 1)),
            self.root / 'data',
            self.root / 'config',
            self.root / 'start.log',
            servers.Endpoint('127.0.0.1', 3306),
            None,
        )

    def test_no_secret_is_in_the_command(self) -> None:
        command = self.server._command()
        self.assertIn('--bind-address=127.0.0.1', command)
        self.assertFalse([word for word in command if 'password' in word])

    def test_temporary_tables_are_its_own(self) -> None:
        made = pathlib.Path(self.server.options()['env']['TMPDIR'])
        self.assertEqual(self.root / 'config-tmp', made)
        self.assertEqual(0o700, made.stat().st_mode & 0o777)

    def test_nothing_runs_where_nothing_is(self) -> None:
        self.assertIsNone(self.server.pid())
        self.server.stop(1)
        for text in ('', 'garbage\n', '1\n'):
            (self.root / 'data' / 'trove.pid').write_text(text)
            self.assertIsNone(self.server.pid())

    def test_the_reason_is_that_of_the_last_start(self) -> None:
        self.assertIn('it exited at once', self.server.start_error())
        (self.root / 'start.log').write_text('[ERROR] mariadbd: first\n')
        self.assertIn('first', self.server.start_error())
        (self.root / 'start.log').write_text('[Warning] a: 5 adjusted to 9\n')
        (self.root / 'data' / 'mysqld.log').write_text(
            '0 [Note] Starting MariaDB 10.11 starting as process 7\n'
            '0 [ERROR] of long ago\n'
            '0 [Note] Starting MariaDB 10.11 starting as process 8\n'
            '2026-11-29 17:04:02 0 [ERROR] InnoDB: the reason\n'
        )
        said = self.server.start_error()
        self.assertIn('the reason (log: ', said)
        self.assertNotIn('long ago', said)
        # Or of one that did not come as far as to open its log
        (self.root / 'start.log').write_text('[ERROR] mariadbd: last\n')
        self.assertIn('last', self.server.start_error())

    def test_links_of_the_server_are_not_followed(self) -> None:
        secret = self.root / 'secret'
        secret.write_text('[ERROR] the secret\n')
        for name in ('mysqld.log', 'trove.pid'):
            (self.root / 'data' / name).symlink_to(secret)
        self.assertNotIn('secret', self.server.start_error())
        self.assertIsNone(self.server.pid())
        (self.root / 'data' / 'mysqld.log').unlink()
        os.mkfifo(self.root / 'data' / 'mysqld.log')
        self.assertIn('exited at once', self.server.start_error())
