# SPDX-License-Identifier: Apache-2.0
"""Restores of archives that hold what they should, or not."""

from __future__ import annotations

from collections.abc import Generator
import io
import os
import pathlib
import tarfile
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.mariadb import restore
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mariadb import fakes

_INFO = 'tool_name = mariadb-backup\nserver_version = {}\n'
_OURS = _INFO.format('10.11.7-MariaDB-log')
_SETTINGS = """
[mysqld]
plugin_load=evil.so
innodb_page_size=16384
innodb_data_file_path=ibdata1:12M:autoextend
innodb_data_home_dir=/etc
innodb_undo_directory=./
"""


def link(name: str, **contents: str) -> backups.Link:
    """A backup of these files, whose names have a dot for each ``_dot_``."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w:gz') as archive:
        for path, text in contents.items():
            member = tarfile.TarInfo(path.replace('_dot_', '.'))
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))

    def read() -> Generator[bytes, None, None]:
        yield made.getvalue()

    return backups.Link(name, {}, read)


class RestoreTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home: Any = fakes.Home(root)
        self.log = root / 'told'
        self.home.script(
            'mbstream', 'exec tar -x --directory="${2#--directory=}"'
        )
        self.tool('echo completed OK! >&2')
        self.restore = restore.Restore(self.home, 60, 60, 60)

    def tool(self, script: str) -> None:
        self.home.script(
            'mariadb-backup',
            f'echo "$@" >>{self.log}\n'
            'cat "${3#--target-dir=}/backup-my.cnf" '
            f'>>{self.log}.settings 2>/dev/null\n{script}',
        )

    def assert_refused(self, reason: str, *chain: backups.Link) -> None:
        error = self.assertRaises(
            exception.DatastoreError, self.restore.restore, chain, 96
        )
        self.assertIn(reason, str(error))

    def test_each_backup_is_added_to_the_first(self) -> None:
        self.restore.restore(
            [
                link('full', xtrabackup_info=_OURS, ibdata1='all'),
                link('more', ibdata1_dot_delta='some'),
                link('most', ibdata1_dot_delta='others'),
            ],
            96,
        )

        self.assertEqual(
            {'ibdata1', 'xtrabackup_info'},
            {path.name for path in self.home.data_dir.iterdir()},
        )
        told = self.log.read_text().splitlines()
        self.assertEqual(3, len(told))
        self.assertEqual(1, len({line.split()[2] for line in told}))
        self.assertNotIn('--incremental-dir', told[0])
        for line in told[1:]:
            self.assertIn('--incremental-dir', line)

    def test_it_follows_nobody(self) -> None:
        files = {'master_dot_info': '18', 'relay-log_dot_info': '5'}
        full = link(
            'full', xtrabackup_info=_OURS, **files, **{'trove-replica': ''}
        )

        self.restore.restore([full], 96)

        self.assertEqual(['xtrabackup_info'], os.listdir(self.home.data_dir))

    def test_settings_do_not_lead_elsewhere(self) -> None:
        self.restore.restore(
            [
                link(
                    'full',
                    mariadb_backup_info=_OURS,
                    **{'backup-my_dot_cnf': _SETTINGS},
                )
            ],
            96,
        )

        self.assertEqual(
            '[mysqld]\n'
            'innodb_page_size=16384\n'
            'innodb_data_file_path=ibdata1:12M:autoextend\n'
            'innodb_undo_directory=./\n',
            pathlib.Path(f'{self.log}.settings').read_text(),
        )

    def test_what_is_not_to_be_restored_here(self) -> None:
        for server, reason in (
            ('11.4.2-MariaDB', 'it is of MariaDB 11.4, and this instance'),
            ('10.6.2-MariaDB', 'Restore it into an instance with a datastore'),
            ('8.0.41', 'it is of MySQL 8.0'),
            ('unknown', 'no full backup of MariaDB'),
        ):
            self.assert_refused(
                reason, link('b', xtrabackup_info=_INFO.format(server))
            )
        self.assert_refused('no full backup of MariaDB', link('b', a='b'))
        self.assert_refused(
            'a table of it is outside',
            link('b', xtrabackup_info=_OURS, t_dot_isl='/etc/x'),
        )
        self.assertFalse(self.log.exists())

    def test_a_tool_that_fails(self) -> None:
        full = link('full', xtrabackup_info=_OURS)
        for script, reason in (
            ('echo no space >&2; exit 1', 'no space'),
            ('kill -9 $$', 'signal 9'),
            ('echo it is half done >&2', 'without "completed OK!"'),
        ):
            self.tool(script)
            self.assert_refused(reason, full)
        self.home.script('mbstream', 'echo no space >&2; exit 1')
        self.assert_refused('no space', full)

    def test_a_log_without_an_end(self) -> None:
        self.tool('exec sleep 600')
        self.restore = restore.Restore(self.home, 0.5, 60, 60)

        self.assert_refused(
            'recovery_timeout', link('full', xtrabackup_info=_OURS)
        )


class PositionTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def test_where_a_replica_begins(self) -> None:
        for name in 'mariadb_backup_binlog_info', 'xtrabackup_binlog_info':
            for text, position in (
                ('mysql-bin.000002\t1234\t0-1-5\n', '0-1-5'),
                # Of a server that nothing was written to.
                ('mysql-bin.000001\t330\t\n', ''),
                ('mysql-bin.000001\t330\n', ''),
            ):
                (self.root / name).write_text(text)
                self.assertEqual(position, restore.position(self.root))

    def test_a_backup_without_a_position(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError, restore.position, self.root
        )
        self.assertIn('Make a full backup', str(error))
