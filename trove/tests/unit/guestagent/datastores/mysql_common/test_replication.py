# SPDX-License-Identifier: Apache-2.0
"""Who may write, and what is noticed of it."""

from __future__ import annotations

import pathlib
from typing import Any
from typing import cast
from unittest import mock

import fixtures

from trove.guestagent.datastores.mysql import gtid
from trove.guestagent.datastores.mysql_common import replication
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes

_MODULE = 'trove.guestagent.datastores.mysql_common.replication'
_FOLLOWS = {
    'Replica_IO_Running': 'Yes',
    'Replica_SQL_Running': 'Yes',
    'Replica_IO_State': 'Waiting for source to send event',
    'Last_IO_Error': '',
    'Last_SQL_Error': '',
    'Last_IO_Errno': 0,
    'Retrieved_Gtid_Set': '',
    'Seconds_Behind_Source': 0,
}
_QUERY = 'SELECT @@GLOBAL.read_only, @@GLOBAL.super_read_only'


def _position(*arguments: Any) -> str:
    return ''


class ReadOnlyTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home = home = cast(Any, fakes.Home(root))
        home.state_dir = root
        home.kind = mock.Mock(group='mysql')
        self.read_only = {'read_only': 0, 'super_read_only': 0}
        self.connector: Any = fakes.Connector(self.answer)
        self.status: dict[str, Any] | None = None
        self.errant = ''
        self.connector.status = lambda: self.status
        self.replication = replication.Replication(
            home,
            self.connector,
            gtid.Dialect(lambda: (9, 7, 4)),
            lambda password: 'IDENTIFIED',
            lambda: None,
            lambda: None,
        )

    def answer(self, statement: str, *values: Any) -> Any:
        if statement.startswith('SET GLOBAL'):
            self.read_only[statement.split()[2]] = values[0]
        if statement == _QUERY:
            return [tuple(self.read_only.values())]
        if statement.startswith('SELECT GTID_SUBTRACT'):
            return [(self.errant,)]
        return [('',)]

    def test_a_replica_that_is_opened_is_closed_again(self) -> None:
        # Given
        self.replication.set_read_only(True)
        self.assertEqual('', self.replication.state().error)
        # When root switches it off
        self.read_only['super_read_only'] = 0
        said = self.replication.state().error
        # Then
        self.assertEqual('Somebody had switched off super_read_only.', said)
        self.assertEqual(
            {'read_only': 1, 'super_read_only': 1}, self.read_only
        )
        self.assertIn('who is root', self.logs.output)
        # And it is told again
        self.assertEqual(said, self.replication.state().error)
        # When it is promoted, that is over
        self.replication.set_read_only(False)
        self.replication.set_read_only(True)
        self.assertEqual('', self.replication.state().error)

    def test_that_is_told_as_long_as_something_is_left_of_it(self) -> None:
        # Given one that was opened, and written
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}._TOLD', 0))
        self.useFixture(
            fixtures.MonkeyPatch(f'{_MODULE}.upstream.position', _position)
        )
        self.replication.set_read_only(True)
        self.read_only['read_only'] = 0
        self.status = _FOLLOWS
        self.errant = 'uuid:1'
        for _ in range(2):
            self.assertIn('switched off', self.replication.state().error)
        # When it is as its primary again
        self.errant = ''
        # Then
        self.assertEqual('', self.replication.state().error)

    def test_a_primary_follows_nobody_when_it_is_started(self) -> None:
        # The data directory is there, whatever its server knows.
        self.home.data_dir.mkdir(exist_ok=True)

        primary = self.replication.settings()
        self.replication.set_read_only(True)

        self.assertIs(True, primary['loose_skip_replica_start'])
        self.assertEqual(
            {'read_only': True, 'super_read_only': True},
            self.replication.settings(),
        )

    def test_a_primary_stays_open(self) -> None:
        self.replication.set_read_only(True)
        self.replication.set_read_only(False)
        self.assertIsNone(self.replication.state())
        self.assertEqual(
            {'read_only': 0, 'super_read_only': 0}, self.read_only
        )
