# SPDX-License-Identifier: Apache-2.0
"""Clones, from a server that plays them."""

from __future__ import annotations

import io
import pathlib
import tarfile
import threading
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.mysql import backup
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes


class BackupTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.others: list[tuple[str]] = []
        self.connector = fakes.Connector(self.answer)
        self.home = fakes.Home(self.root)
        self.backups = backup.Backups(self.home, self.connector, 60)

    def answer(self, statement: str, *values: str) -> Any:
        if statement.startswith('CLONE'):
            target = pathlib.Path(values[0])
            target.mkdir()
            (target / 'ibdata1').write_text('data')
        if 'CONNECTION_ID' in statement:
            return [(7,)]
        if statement == 'SHOW BINARY LOGS':
            return [('mysql-bin.000007', 4096), ('mysql-bin.000008', 157)]
        if 'server_uuid' in statement:
            return [('one',)]
        return self.others

    def left(self) -> list[str]:
        """What is on the volume."""
        return [
            path.name
            for path in self.root.iterdir()
            if not path.name.endswith('-tmp')
        ]

    def refused(self, request: backups.Request) -> str:
        error = self.assertRaises(
            exception.DatastoreError, self.backups.make(request).__enter__
        )
        self.assertEqual(['data'], self.left())
        return str(error)

    def test_the_server_copies_itself(self) -> None:
        # Given what an agent left that was killed
        (self.root / 'trove-clone-of-before').mkdir()
        # When
        with self.backups.make(backups.Request('b')) as stream:
            data = b''.join(iter(lambda: stream.read(1 << 16), b''))
        # Then
        self.assertEqual('.clone.tar.gz', stream.suffix)
        self.assertEqual(
            {
                'server-version': '9.7.4',
                'binlog-file': 'mysql-bin.000008',
                'server-uuid': 'one',
            },
            stream.metadata,
        )
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            self.assertIn('./ibdata1', archive.getnames())
        self.assertEqual(['data'], self.left())

    def test_what_would_be_incomplete_is_not_made(self) -> None:
        request = backups.Request('b', parent={'lsn': '1'})
        self.assertIn('Make a full backup', self.refused(request))
        self.others = [('shop.odd',)]
        said = self.refused(backups.Request('b'))
        self.assertIn('shop.odd', said)
        self.assertIn('ALTER TABLE', said)

    def test_one_that_cannot_clone_says_what_can(self) -> None:
        self.home.version = (5, 7, 29)
        said = self.refused(backups.Request('b'))
        self.assertIn('MySQL 5.7.29 cannot copy itself', said)
        self.assertIn('Install MySQL 8.0.17 or later', said)
        self.assertEqual([], self.connector.statements)

    def test_one_that_is_given_up_ends_the_clone(self) -> None:
        # Given a clone that lasts until it is killed
        killed = threading.Event()

        def answer(statement: str, *values: str) -> Any:
            if statement.startswith('CLONE') and not killed.wait(60):
                self.fail('it is not killed')
            if statement == 'KILL CONNECTION 7':
                killed.set()
            if 'CONNECTION_ID' in statement:
                return [(7,)]
            if 'server_uuid' in statement:
                return [('one',)]
            return [] if 'FROM' in statement else [('mysql-bin.000008',)]

        self.connector.answer = answer

        def check() -> None:
            raise exception.DatastoreError(action='x', reason='given up')

        said = self.refused(backups.Request('b', check=check))
        self.assertIn('given up', said)
