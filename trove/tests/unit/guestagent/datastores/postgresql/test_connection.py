# SPDX-License-Identifier: Apache-2.0
"""Passwords, and errors of connections."""

from __future__ import annotations

from unittest import mock

import psycopg

from trove.common import exception
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.postgresql import connection
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
            servers.Endpoint('127.0.0.1', 1), lambda: ['hush']
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
