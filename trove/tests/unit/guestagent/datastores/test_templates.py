# SPDX-License-Identifier: Apache-2.0
"""New databases that are copied instead of made."""

from __future__ import annotations

import os
import pathlib

import fixtures

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.mariadb import server
from trove.tests import base


class TemplateTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.templates = self.root / 'templates'
        self.programs = self.root / 'bin'
        self.programs.mkdir()
        self.install('mariadbd', '')
        # Each call is a line of the file.
        self.install(
            'mariadb-install-db',
            'for word; do case $word in --datadir=*) d=${word#*=};; esac; '
            'done\n'
            f'echo called >> {self.root}/calls\n'
            'mkdir "$d/mysql"; echo new > "$d/mysql/table"; '
            'chmod 640 "$d/mysql/table"',
        )

    def install(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def server(self, name: str) -> server.Server:
        (self.root / name).mkdir(exist_ok=True)
        made = server.Server(
            programs.Programs(server.KIND, self.programs, (10, 11, 1)),
            self.root / name,
            self.root / 'config',
            self.root / 'start.log',
            servers.Endpoint('127.0.0.1', 3306),
            None,
        )
        made.make_template(self.templates)
        return made

    def make(self, name: str) -> server.Server:
        made = self.server(name)
        made.initialize('hush')
        table = self.root / name / 'mysql' / 'table'
        self.assertEqual('new\n', table.read_text())
        self.assertEqual(0o640, table.stat().st_mode & 0o777)
        return made

    def calls(self) -> int:
        return len((self.root / 'calls').read_text().splitlines())

    def kept(self) -> list[pathlib.Path]:
        return sorted(self.templates.glob('*'))

    def test_the_second_one_is_copied(self) -> None:
        self.make('first').sync()
        # What becomes of the first one is nobody else's.
        (self.root / 'first' / 'mysql' / 'table').write_text('old')
        self.make('second').sync()
        self.assertEqual(1, self.calls())
        self.assertEqual(1, len(self.kept()))

    def test_it_is_none_before_it_is_durable(self) -> None:
        first, second = self.make('first'), self.make('second')
        self.assertEqual(2, self.calls())
        # Both become it, and the first one wins.
        first.sync()
        second.sync()
        self.assertEqual(1, len(self.kept()))
        self.assertEqual([], list(self.templates.glob('.copy-*')))

    def test_another_server_makes_its_own(self) -> None:
        self.make('first').sync()
        self.install('mariadbd', '# of an update')
        self.make('second').sync()
        self.assertEqual(2, self.calls())
        self.assertEqual(2, len(self.kept()))

    def test_it_is_made_where_no_template_can_be(self) -> None:
        self.templates.write_text('in the way')
        self.make('first').sync()
        self.make('second').sync()
        self.assertEqual(2, self.calls())
        self.assertIn('templates_dir', self.logs.output)

    def test_one_that_cannot_be_copied_is_told(self) -> None:
        self.make('first').sync()
        made = self.server('second')
        (self.root / 'second').rmdir()
        (self.root / 'second').write_text('no directory')
        error = self.assertRaises(
            exception.DatastoreError, made.initialize, 'hush'
        )
        self.assertIn('copy a new database', str(error))

    def test_what_the_dead_have_left_is_removed(self) -> None:
        self.templates.mkdir()
        for name, age in (('.copy-dead', 2 * 86400), ('.copy-busy', 60)):
            (self.templates / name).mkdir()
            then = (self.templates / name).stat().st_mtime - age
            os.utime(self.templates / name, (then, then))
        self.make('first').sync()
        left = [each.name for each in self.templates.glob('.copy-*')]
        self.assertEqual(['.copy-busy'], left)
