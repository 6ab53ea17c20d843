# SPDX-License-Identifier: Apache-2.0
"""Passwords, and errors of connections."""

from __future__ import annotations

from unittest import mock

import psycopg

from trove.common import exception
from trove.guestagent.datastores.postgresql import connection
from trove.guestagent.datastores.postgresql import databases
from trove.guestagent.datastores.postgresql import server
from trove.tests import base


class PasswordTest(base.TestCase):
    def test_passwords_that_cannot_be(self) -> None:
        for password in ('', 'a\0b', '\ud800'):
            error = self.assertRaises(
                exception.BadRequest,
                connection.encrypt,
                mock.Mock(),
                'user',
                password,
            )
            self.assertIn('password', str(error))


class ConnectorTest(base.TestCase):
    def connector(self) -> connection.Connector:
        return connection.Connector(
            server.Endpoint('127.0.0.1', 1), lambda: 'hush'
        )

    def test_nobody_listens(self) -> None:
        self.assertFalse(self.connector().answers())

        def ask() -> None:
            with self.connector().open('look'):
                pass

        error = self.assertRaises(exception.DatastoreError, ask)
        self.assertIn('failed to look', str(error))
        self.assertNotIn('hush', str(error))

    def test_errors_are_those_of_the_server(self) -> None:
        error = mock.Mock(spec=psycopg.Error)
        error.diag.message_primary = 'that is wrong'
        error.diag.message_detail = 'and that is why'
        self.assertEqual(
            'that is wrong. and that is why', connection._reason(error)
        )
        self.assertEqual(
            'OperationalError',
            connection._reason(psycopg.OperationalError()),
        )

    def test_everywhere_is_reached_here(self) -> None:
        self.assertEqual('127.0.0.1', server.Endpoint(None, 1).host)
        self.assertEqual('10.0.0.1', server.Endpoint('10.0.0.1', 1).host)


class PageTest(base.TestCase):
    def test_one_row_too_many_is_a_next_page(self) -> None:
        rows = [('a',), ('b',), ('c',)]
        self.assertEqual((rows, None), databases.cut(rows, None))
        self.assertEqual((rows, None), databases.cut(rows, 3))
        self.assertEqual((rows[:2], 'b'), databases.cut(rows, 2))
        self.assertEqual(([], None), databases.cut(rows, 0))
