# SPDX-License-Identifier: Apache-2.0
"""Who may write, and what is noticed of it."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.guestagent.datastores.mysql import gtid
from trove.guestagent.datastores.mysql_common import replication
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes

_QUERY = 'SELECT @@GLOBAL.read_only, @@GLOBAL.super_read_only'


class ReadOnlyTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        home: Any = fakes.Home(root)
        home.state_dir = root
        home.kind = mock.Mock(group='mysql')
        self.read_only = {'read_only': 0, 'super_read_only': 0}
        self.connector: Any = fakes.Connector(self.answer)
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
        # And it is told once
        self.assertEqual('', self.replication.state().error)

    def test_a_primary_stays_open(self) -> None:
        self.replication.set_read_only(True)
        self.replication.set_read_only(False)
        self.assertIsNone(self.replication.state())
        self.assertEqual(
            {'read_only': 0, 'super_read_only': 0}, self.read_only
        )
