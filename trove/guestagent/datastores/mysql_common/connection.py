# SPDX-License-Identifier: Apache-2.0
"""Connections of the agent to its server, over the socket in its data."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import pathlib
from typing import Any

import pymysql

from trove.common import exception
from trove.common import ordered
from trove.guestagent.datastores.mysql_common import server

#: Codes of errors: https://mariadb.com/kb/en/mariadb-error-codes/
DATABASE_EXISTS = 1007
NO_SUCH_GRANT = 1141
#: CREATE, RENAME or DROP USER, for a user that exists or does not.
CANNOT_USER = 1396

_SESSIONS = 'SELECT ID FROM information_schema.PROCESSLIST WHERE'

Rows = Sequence[tuple[Any, ...]]

#: Seconds for each answer; the server ends a statement before.
_ANSWER_TIMEOUT = 150
#: Statements are written with this mode, whatever the customer has chosen.
_SQL_MODE = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'


def identifier(name: str) -> str:
    """Quote a name for the text of a statement."""
    return '`' + name.replace('`', '``').replace('%', '%%') + '`'


def pattern(name: str) -> str:
    """Return the pattern that only this name of a database matches.

    What a grant is for is such a pattern.
    """
    for special in '\\_%':
        name = name.replace(special, f'\\{special}')
    return name


def binary(column: str) -> str:
    """A column of names to compare as they are, not as their collation."""
    return f'CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin'


class Connection:
    """A connection, every statement a transaction of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """Carry a statement out.

        :param statement: with ``%s`` for each value; names are put in by
            :func:`identifier`
        """
        with self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            rows: Rows = cursor.fetchall()
            return rows

    def row(self, statement: str) -> dict[str, Any] | None:
        """Carry a statement out; return its first row by columns, if any."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            found = cursor.fetchone()
            if found is None:
                return None
            names = [each[0] for each in cursor.description]
            return dict(zip(names, found, strict=True))

    def try_to(
        self, code: int, statement: str, values: Sequence[object] = ()
    ) -> bool:
        """Carry a statement out; False when it fails with this error."""
        try:
            self.execute(statement, values)
        except pymysql.MySQLError as error:
            if error.args and error.args[0] == code:
                return False
            raise
        return True

    def end_sessions(self, user: str, database: str | None = None) -> None:
        """Disconnect a user, from one database or from all.

        Users of the same name and other hosts connect again.
        """
        rows = self.execute(
            f'{_SESSIONS} {binary("USER")} = %s '
            f'AND (%s IS NULL OR {binary("DB")} = %s)',
            [user, database, database],
        )
        self._end(rows)

    def end_sessions_in(self, database: str) -> None:
        """Disconnect all users of a database."""
        self._end(
            self.execute(f'{_SESSIONS} {binary("DB")} = %s', [database])
        )

    def _end(self, rows: Rows) -> None:
        for (number,) in rows:
            # 1094: it has ended by itself.
            self.try_to(1094, f'KILL CONNECTION {int(number)}')


class Connector:
    """Opens connections as the administrator.

    :param data_dir: where the server has its socket
    :param password: returns the administrator's password
    :param session: variables that keep our statements out of logs, and from
        waiting for ever
    """

    def __init__(
        self,
        data_dir: pathlib.Path,
        password: Callable[[], str],
        session: str,
    ) -> None:
        self._data_dir = data_dir
        self._password = password
        self._session = session
        #: Of the server that answered last, such as ``10.11.19``.
        self.version: str | None = None

    @contextlib.contextmanager
    def open(
        self, action: str, timeout: int = _ANSWER_TIMEOUT
    ) -> Iterator[Connection]:
        """Connect to the server.

        :param action: what is being done, for the error
        :param timeout: seconds for each answer
        :raises trove.common.exception.DatastoreError: it did not work
        """
        try:
            with self._connect(timeout) as connection:
                self.version = ordered.number(
                    connection.get_server_info().removeprefix('5.5.5-')
                )
                yield Connection(connection)
        except (pymysql.MySQLError, OSError) as error:
            raise exception.DatastoreError(
                action=action, reason=_reason(error)
            ) from None

    def _connect(self, timeout: int) -> Any:
        # The path of a socket has at most 107 bytes: a short one leads
        # through the open directory.
        handle = os.open(self._data_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # PyMySQL does not close a socket that it cannot connect: an agent
            # would keep one for each look at a server that starts.
            os.stat(server.SOCKET, dir_fd=handle)
            return pymysql.Connection(
                unix_socket=f'/proc/self/fd/{handle}/{server.SOCKET}',
                user=server.ADMINISTRATOR,
                password=self._password(),
                charset='utf8mb4',
                autocommit=True,
                connect_timeout=timeout,
                read_timeout=timeout,
                sql_mode=_SQL_MODE,
                init_command=f'SET SESSION {self._session}',
                program_name='trove-guestagent',
                # It stays on this machine. Otherwise PyMySQL reads all
                # certificates of the system first: 0.03 s each time.
                ssl_disabled=True,
            )
        finally:
            os.close(handle)

    def answers(self) -> bool:
        """Whether a query is answered now."""
        try:
            with self.open('answer', timeout=3) as connection:
                connection.execute('SELECT 1')
        except exception.DatastoreError:
            return False
        return True


def _reason(error: Exception) -> str:
    """The server's own message; never the statement."""
    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return str(error.args[1])
    if isinstance(error, FileNotFoundError):
        return f'it does not listen: there is no {error.filename}'
    return str(error).strip() or type(error).__name__
