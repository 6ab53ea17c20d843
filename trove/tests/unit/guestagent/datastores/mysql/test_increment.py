# SPDX-License-Identifier: Apache-2.0
"""Binary logs as backups, from a server that has some files of them."""

from __future__ import annotations

import io
import pathlib
import tarfile
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.mysql import increment
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes


class IncrementTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home: Any = fakes.Home(root)
        self.files = [f'mysql-bin.00000{number}' for number in (4, 5, 6)]
        for name in self.files:
            (self.home.data_dir / name).write_text(name)
        self.connector: Any = fakes.Connector(self.answer)
        self.increments = increment.Increments(self.home, self.connector)

    def answer(self, statement: str, *values: str) -> Any:
        if statement.startswith('FLUSH'):
            self.files.append('mysql-bin.000007')
        if 'server_uuid' in statement:
            return [('one',)]
        return [(name, 157) for name in self.files]

    def make(
        self,
        log: str,
        server: str = 'one',
        request: backups.Request | None = None,
    ) -> tuple[dict[str, bytes], dict[str, str]]:
        parent = {'binlog-file': log, 'server-uuid': server}
        request = request or backups.Request('b', parent)
        with self.increments.make(parent, request) as stream:
            data = b''.join(iter(lambda: stream.read(100), b''))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = {
                each.name: archive.extractfile(each).read()
                for each in archive
            }
        self.assertEqual('.binlog.tar.gz', stream.suffix)
        return members, stream.metadata

    def refused(self, log: str, server: str = 'one') -> str:
        return str(
            self.assertRaises(
                exception.DatastoreError, self.make, log, server
            )
        )

    def test_it_has_the_log_since_its_parent(self) -> None:
        members, metadata = self.make('mysql-bin.000005')
        # The file that is written now is for the next one.
        self.assertEqual(
            {
                'mysql-bin.000005': b'mysql-bin.000005',
                'mysql-bin.000006': b'mysql-bin.000006',
            },
            members,
        )
        self.assertEqual(
            {
                'server-version': '9.7.4',
                'binlog-file': 'mysql-bin.000007',
                'server-uuid': 'one',
            },
            metadata,
        )

    def test_a_gap_is_refused(self) -> None:
        self.assertIn('not go back to', self.refused('mysql-bin.000003'))
        self.files.remove('mysql-bin.000005')
        self.assertIn('not go back to', self.refused('mysql-bin.000004'))

    def test_a_log_of_another_server_is_refused(self) -> None:
        self.assertIn(
            'another server', self.refused('mysql-bin.000005', 'two')
        )
        self.assertIn('does not tell', self.refused('mysql-bin.000005', ''))
        self.assertIn('does not tell', self.refused(''))
        self.assertIn(
            'not go back to', self.refused('mysql-bin.000009')
        )

    def test_one_that_is_given_up_ends(self) -> None:
        def check() -> None:
            raise exception.DatastoreError(action='x', reason='given up')

        request = backups.Request('b', check=check)
        error = self.assertRaises(
            exception.DatastoreError,
            self.make,
            'mysql-bin.000005',
            request=request,
        )
        self.assertIn('given up', str(error))
