# SPDX-License-Identifier: Apache-2.0
"""Backups by a tool that does what it should, or not."""

from __future__ import annotations

import gzip
import pathlib
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.mariadb import backup
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mariadb import fakes

_GOOD = """
echo "$@" >"${4#--datadir=}/told"
printf data
echo "The latest check point (for incremental): '4711'" >&2
echo 'completed OK!' >&2
"""


class BackupTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home: Any = fakes.Home(root)
        self.connector: Any = fakes.Connector()
        self.backups = backup.Backups(
            self.home, self.connector, lambda password: 'VERIFIER', 60
        )

    def make(
        self, parent: dict[str, str] | None = None
    ) -> tuple[bytes, dict[str, str], str]:
        """Return the data, the metadata, and what the tool was told."""
        with self.backups.make(backups.Request('new', parent)) as stream:
            data = b''.join(iter(lambda: stream.read(100), b''))
            told = (self.home.data_dir / 'told').read_text()
        return gzip.decompress(data), stream.metadata, told

    def assert_fails(self, reason: str, *args: Any) -> None:
        error = self.assertRaises(exception.DatastoreError, self.make, *args)
        self.assertIn(reason, str(error))

    def test_what_the_tool_says_is_known_of_a_backup(self) -> None:
        self.home.script('mariadb-backup', _GOOD)

        data, metadata, told = self.make()

        self.assertEqual(b'data', data)
        self.assertEqual({'lsn': '4711'}, metadata)
        self.assertNotIn('--incremental', told)
        # And nobody sees a password, or can use it later
        self.assertNotIn('password', told)
        self.assertIn('CREATE OR REPLACE', self.connector.statements[1])
        self.assertIn('VERIFIER', self.connector.statements[1])
        self.assertIn('DROP USER', self.connector.statements[-1])

        _, _, told = self.make({'lsn': '815'})

        self.assertIn('--incremental-lsn=815', told)

    def test_a_parent_that_cannot_be_continued(self) -> None:
        self.home.script('mariadb-backup', _GOOD)
        for parent in ({}, {'lsn': '1 --user=root'}, {'lsn': ''}):
            self.assert_fails('Make a full backup', parent)
        self.assertEqual([], self.connector.statements)

    def test_no_tool_is_installed(self) -> None:
        self.assert_fails('Install the package mariadb-backup')

    def test_a_tool_that_fails_in_whichever_way(self) -> None:
        for script, reason in (
            ('echo half; echo no space >&2; exit 1', 'no space'),
            ('echo half; kill -9 $$', 'signal 9'),
            ('echo all; echo nothing said >&2', 'without "completed OK!"'),
            (
                'echo "completed OK!" >&2; echo but >&2',
                'without "completed OK!"',
            ),
            ('echo "completed OK!" >&2', 'names no check point'),
        ):
            self.home.script('mariadb-backup', script)

            self.assert_fails(reason)

            self.assertIn('DROP USER', self.connector.statements[-1])

    def test_tables_elsewhere_would_not_be_in_it(self) -> None:
        self.home.script('mariadb-backup', _GOOD)
        (self.home.data_dir / 'shop').mkdir()
        (self.home.data_dir / 'shop' / 'far.isl').write_text('/elsewhere')

        self.assert_fails('(shop.far)')
