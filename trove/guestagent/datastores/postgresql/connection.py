# SPDX-License-Identifier: Apache-2.0
"""Connections of the agent to its PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import Any

import psycopg

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores.postgresql import server

#: The database that always exists.
HOME = 'postgres'

Connection = psycopg.Connection[tuple[Any, ...]]

#: Our statements stay out of the server's log even when they fail or the
#: customer logs all statements, and none waits for ever behind a lock.
_OPTIONS = ' '.join(
    f'-c {name}={value}'
    for name, value in {
        'log_statement': 'none',
        'log_min_error_statement': 'panic',
        'log_min_duration_statement': '-1',
        'log_duration': 'off',
        'lock_timeout': '30s',
        'statement_timeout': '120s',
        'search_path': 'pg_catalog',
        'default_transaction_read_only': 'off',
    }.items()
)


class Connector:
    """Opens connections as the superuser.

    :param password: returns the superuser's password
    """

    def __init__(
        self, endpoint: server.Endpoint, password: Callable[[], str]
    ) -> None:
        self._endpoint = endpoint
        self._password = password
        #: Of the server that answered last, such as ``18.6``.
        self.version: str | None = None

    @contextlib.contextmanager
    def open(
        self, action: str, database: str = HOME, timeout: int = 10
    ) -> Iterator[Connection]:
        """Connect, every statement a transaction of its own.

        :param action: what is being done, for the error
        :param timeout: seconds to connect
        :raises trove.common.exception.DatastoreError: it did not work
        """
        try:
            with psycopg.connect(
                host=self._endpoint.host,
                port=self._endpoint.port,
                user=server.SUPERUSER,
                password=self._password(),
                dbname=database,
                connect_timeout=timeout,
                autocommit=True,
                client_encoding='UTF8',
                application_name='trove-guestagent',
                options=_OPTIONS,
                sslmode='disable',
                gssencmode='disable',
            ) as connection:
                yield connection
        except psycopg.Error as error:
            raise exception.DatastoreError(
                action=action, reason=_reason(error)
            ) from None

    def answers(self) -> bool:
        """Whether a query is answered now."""
        try:
            with self.open('answer', timeout=3) as connection:
                connection.execute('SELECT 1')
                # It says so by itself to whoever connects.
                number = connection.info.server_version
                self.version = f'{number // 10_000}.{number % 10_000}'
        except exception.DatastoreError:
            return False
        return True


def _reason(error: psycopg.Error) -> str:
    """The server's own message; never the statement."""
    diagnostic = error.diag
    if diagnostic.message_primary:
        parts = [diagnostic.message_primary, diagnostic.message_detail]
        return '. '.join(part for part in parts if part)
    return str(error).strip() or type(error).__name__


def encrypt(connection: Connection, user: str, password: str) -> str:
    """Make of a password what PostgreSQL stores, before it is sent.

    :raises trove.common.exception.BadRequest: it cannot be a password
    """
    plain = datastores.rules('postgresql').check_password(password).encode()
    return connection.pgconn.encrypt_password(
        plain, user.encode(), b'scram-sha-256'
    ).decode()
