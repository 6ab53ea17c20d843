# SPDX-License-Identifier: Apache-2.0
"""Timeouts of transactions: for locks, for statements, for an answer.

The database server enforces the first two. The last one is for a server that
is frozen: the client closes the connection then.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import importlib
from typing import Any

import sqlalchemy as sa

#: Timeout in seconds to connect.
_CONNECT_TIMEOUT = 5

#: Timeout in seconds of the ping of a pooled connection before each use.
_PING_TIMEOUT = 5

#: Seconds after the timeout of a statement for the server to report it.
_MARGIN = 5


def limit(target: sa.Engine, lock: int, statement: int) -> None:
    """Set the timeouts of new connections of an engine.

    :param lock: seconds to wait for a lock of another transaction
    :param statement: seconds that one statement may take
    """
    timeout = statement + _MARGIN
    name = target.dialect.name
    if name in ('mysql', 'mariadb'):
        _mysql(target, lock, statement, timeout)
    elif name == 'postgresql' and target.dialect.driver == 'psycopg':
        _postgresql(target, lock, statement, timeout)
    else:
        return
    _ping_quickly(target)


def _ping_quickly(target: sa.Engine) -> None:
    """Set a shorter timeout for pings than for statements."""
    dialect: Any = target.dialect
    ping = dialect.do_ping
    # PyMySQL has no public way to change the timeout of a connection.
    name = (
        'answer_timeout' if dialect.name == 'postgresql' else '_read_timeout'
    )

    @contextlib.contextmanager
    def shortened(connection: Any) -> Iterator[None]:
        before = getattr(connection, name)
        setattr(connection, name, min(_PING_TIMEOUT, before or _PING_TIMEOUT))
        try:
            yield
        finally:
            setattr(connection, name, before)

    def do_ping(connection: Any) -> Any:
        with shortened(connection):
            return ping(connection)

    dialect.do_ping = do_ping


def _mysql(target: sa.Engine, lock: int, statement: int, timeout: int) -> None:
    def before(
        dialect: Any, record: Any, arguments: Any, options: dict[str, Any]
    ) -> None:
        options.setdefault('connect_timeout', _CONNECT_TIMEOUT)
        # For the greeting as well: a frozen server does not send it.
        options.setdefault('read_timeout', min(_CONNECT_TIMEOUT, timeout))
        options.setdefault('write_timeout', timeout)

    def after(connection: Any, record: Any) -> None:
        settings = {
            'innodb_lock_wait_timeout': lock,
            'lock_wait_timeout': lock,
        }
        with connection.cursor() as cursor:
            cursor.execute('SELECT VERSION()')
            (version,) = cursor.fetchone()
            if 'mariadb' in version.lower():
                settings['max_statement_time'] = statement
            else:
                settings['max_execution_time'] = statement * 1000
            changes = [f'{key} = {value}' for key, value in settings.items()]
            cursor.execute(f'SET SESSION {", ".join(changes)}')
        if connection._read_timeout == min(_CONNECT_TIMEOUT, timeout):
            connection._read_timeout = timeout

    sa.event.listen(target, 'do_connect', before)
    sa.event.listen(target, 'connect', after)


def _postgresql(
    target: sa.Engine, lock: int, statement: int, timeout: int
) -> None:
    connection_class = _connection_class(timeout)

    def connect(
        dialect: Any, record: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        return connection_class.connect(
            *arguments, **{'connect_timeout': _CONNECT_TIMEOUT, **options}
        )

    def after(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{lock}s'")
            cursor.execute(f"SET statement_timeout = '{statement}s'")
        connection.commit()

    sa.event.listen(target, 'do_connect', connect)
    sa.event.listen(target, 'connect', after)


def _connection_class(timeout: int) -> Any:
    # psycopg is an optional dependency, installed with PostgreSQL only.
    psycopg = importlib.import_module('psycopg')

    class Connection(psycopg.Connection):  # type: ignore[misc,name-defined]
        answer_timeout = timeout

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            if not args:
                kwargs = {'timeout': self.answer_timeout, **kwargs}
            try:
                return super().wait(gen, *args, **kwargs)
            except psycopg.errors._WaitTimeout:
                # A late answer would be read as that of the next statement.
                self.pgconn.finish()
                raise psycopg.OperationalError(
                    'the server has not answered for '
                    f'{self.answer_timeout} seconds'
                ) from None

    return Connection
