# SPDX-License-Identifier: Apache-2.0
"""Finding and calling MySQL."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.mysql import server
from trove.tests import base


class KindTest(base.TestCase):
    def test_versions_are_read(self) -> None:
        for text, version in (
            ('mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))', (9, 7, 4)),
            ('/x/mysqld  Ver 8.0.41 for Linux on x86_64', (8, 0, 41)),
            # Packages of MariaDB have a link of this name.
            ('mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian', None),
            ('mysqld  Ver 10.11.9-MariaDB for Linux', None),
        ):
            self.assertEqual(version, server.KIND.parse(text))


class ServerTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def server(
        self, text: str, version: tuple[int, ...] = (9, 7, 4)
    ) -> server.Server:
        """Given a program that plays the server."""
        program = self.root / 'mysqld'
        program.write_text(f'#!/bin/sh\n{text}\n')
        program.chmod(0o755)
        return server.Server(
            programs.Programs(server.KIND, self.root, version),
            self.root / 'data',
            self.root / 'config',
            self.root / 'start.log',
            servers.Endpoint('127.0.0.1', 3306),
            None,
        )

    def test_an_old_one_is_made_without_statements_on_accounts(self) -> None:
        made = self.server(
            'for each; do case "$each" in --init-file=*) '
            f'cat "${{each#--init-file=}}" >{self.root}/init;; esac; done',
            (5, 7, 29),
        )
        made.initialize('unused')
        self.assertEqual(
            "DELETE FROM mysql.user WHERE User = 'root';\n",
            (self.root / 'init').read_text(),
        )

    def test_nobody_can_come_in_without_a_password(self) -> None:
        made = self.server(
            'for each; do case "$each" in --init-file=*) '
            f'cat "${{each#--init-file=}}" >{self.root}/init;; esac; done; '
            f'echo "$@" >{self.root}/arguments'
        )
        made.initialize('unused')
        self.assertEqual(
            'DROP USER root@localhost;\n', (self.root / 'init').read_text()
        )
        found = (self.root / 'arguments').read_text()
        self.assertIn(f'--datadir={self.root}/data', found)
        self.assertTrue(found.startswith('--no-defaults '))

    def test_a_database_that_is_not_made(self) -> None:
        made = self.server('echo no room >&2; exit 1')
        error = self.assertRaises(
            exception.DatastoreError, made.initialize, 'unused'
        )
        self.assertIn('no room', str(error))

    def test_what_it_would_change_is_refused(self) -> None:
        made = self.server(
            'echo "2026-11-29T20:57:05.753892Z 0 [Warning] [MY-000081] '
            "[Server] option 'wait_timeout': unsigned value 1000000000 "
            'adjusted to 31536000." >&2'
        )
        error = self.assertRaises(
            exception.BadRequest, made.check, '[mysqld]\n'
        )
        self.assertIn("option 'wait_timeout'", str(error))
        self.assertNotIn('MY-000081', str(error))
