# SPDX-License-Identifier: Apache-2.0
"""Connections of the agent to its PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import Any

import psycopg

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores.postgresql import server

#: The database that always exists.
HOME = 'postgres'

#: Whether a server is a standby.
IN_RECOVERY = 'SELECT pg_is_in_recovery()'

Connection = psycopg.Connection[tuple[Any, ...]]

#: The agent's statements are never in the server's log, not even when they
#: fail or the customer logs all statements, and none waits long for a lock.
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

    :param passwords: returns the superuser's, newest first: a replica has a
        new one only when the change of its primary has come
    """

    def __init__(
        self, endpoint: servers.Endpoint, passwords: Callable[[], list[str]]
    ) -> None:
        self._endpoint = endpoint
        self._passwords = passwords
        #: Version that the server reported last, such as ``18.6``.
        self.version: str | None = None

    @contextlib.contextmanager
    def open(
        self, action: str, database: str = HOME, timeout: int = 10
    ) -> Iterator[Connection]:
        """Connect in autocommit mode.

        :param action: completes "could not ..." in the error
        :param timeout: seconds to connect
        :raises trove.common.exception.DatastoreError: connecting failed, or
            a statement in the block
        """
        try:
            with self._connect(database, timeout) as connection:
                yield connection
        except psycopg.Error as error:
            raise exception.DatastoreError(
                action=action, reason=_reason(error)
            ) from None

    def _connect(self, database: str, timeout: int) -> Connection:
        passwords = self._passwords()
        if len(passwords) > 1:
            # The new one may come to hold in between.
            passwords.append(passwords[0])
        while True:
            try:
                return psycopg.connect(
                    host=self._endpoint.host,
                    port=self._endpoint.port,
                    user=server.SUPERUSER,
                    password=passwords.pop(0),
                    dbname=database,
                    connect_timeout=timeout,
                    autocommit=True,
                    client_encoding='UTF8',
                    application_name='trove-guestagent',
                    options=_OPTIONS,
                    sslmode='disable',
                    gssencmode='disable',
                )
            except psycopg.OperationalError:
                if not passwords:
                    raise

    def answers(self) -> bool:
        """Return whether the server answers a query now."""
        try:
            with self.open('answer', timeout=3) as connection:
                connection.execute('SELECT 1')
                # The server sends its version when a connection begins.
                number = connection.info.server_version
                self.version = f'{number // 10_000}.{number % 10_000}'
        except exception.DatastoreError:
            return False
        return True


def _reason(error: psycopg.Error) -> str:
    """Return the server's own message, without the statement."""
    diagnostic = error.diag
    if diagnostic.message_primary:
        parts = [diagnostic.message_primary, diagnostic.message_detail]
        return '. '.join(part for part in parts if part)
    return str(error).strip() or type(error).__name__


def encrypt(connection: Connection, user: str, password: str) -> str:
    """Return the verifier that PostgreSQL stores for a password.

    :raises trove.common.exception.BadRequest: it is not a valid password
    """
    plain = datastores.rules('postgresql').check_password(password).encode()
    return connection.pgconn.encrypt_password(
        plain, user.encode(), b'scram-sha-256'
    ).decode()


def value(connection: Connection, query: str, *values: Any) -> Any:
    """Return the first value of a query, None without a row."""
    found = connection.execute(query.encode(), values).fetchone()
    return found[0] if found else None
