# SPDX-License-Identifier: Apache-2.0
"""Names in statements, and errors of connections."""

from __future__ import annotations

import pathlib
import socket

import fixtures
import pymysql

from trove.common import exception
from trove.guestagent.datastores.mysql_common import connection
from trove.guestagent.datastores.mysql_common import grants
from trove.guestagent.datastores.mysql_common import server
from trove.tests import base


class NamesTest(base.TestCase):
    def test_names_are_quoted(self) -> None:
        for name, quoted in (
            ('shop', '`shop`'),
            ('a`b', '`a``b`'),
            ('50%', '`50%%`'),
            ('x`; DROP DATABASE y; --', '`x``; DROP DATABASE y; --`'),
        ):
            self.assertEqual(quoted, connection.identifier(name))

    def test_a_grant_is_for_one_name(self) -> None:
        for name, pattern in (
            ('shop', 'shop'),
            ('my_shop', r'my\_shop'),
            ('50%', r'50\%'),
            ('back\\slash', r'back\\slash'),
        ):
            self.assertEqual(pattern, connection.pattern(name))

    def test_patterns_of_others_are_known_if_they_are_for_one(self) -> None:
        names = ['a_b', 'aXb', 'shop', 'other']
        self.assertEqual(
            ['a_b', 'shop'], grants.match([r'a\_b', 'shop', 'o%'], names)
        )
        self.assertEqual(['a_b'], grants.match(['a_b'], names))


class ConnectorTest(base.TestCase):
    def test_nobody_listens(self) -> None:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for place in (directory, directory / 'none'):
            connector = connection.Connector(place, lambda: 'hush', 'x = 1')
            self.assertFalse(connector.answers())

            def look(connector: connection.Connector = connector) -> None:
                with connector.open('look'):
                    pass

            error = self.assertRaises(exception.DatastoreError, look)
            self.assertIn('failed to look: it does not listen', str(error))
            self.assertNotIn('hush', str(error))

    def test_no_certificates_are_read_for_a_socket(self) -> None:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        left = socket.socket(socket.AF_UNIX)
        self.addCleanup(left.close)
        left.bind(str(directory / server.SOCKET))
        connector = connection.Connector(directory, lambda: 'hush', 'x = 1')
        made = self.useFixture(
            fixtures.MockPatch('ssl.create_default_context')
        ).mock

        self.assertFalse(connector.answers())

        made.assert_not_called()

    def test_errors_are_those_of_the_server(self) -> None:
        for error, text in (
            (pymysql.OperationalError(1045, 'Access denied'), 'Access denied'),
            (pymysql.OperationalError(), 'OperationalError'),
            (OSError('no such file'), 'no such file'),
        ):
            self.assertEqual(text, connection._reason(error))
