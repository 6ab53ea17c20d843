# SPDX-License-Identifier: Apache-2.0
"""How long a transaction waits: for others, for a statement, for an answer.

The servers look after the first two. The last one is for a server that is
there and does nothing any more: then the client gives up.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import importlib
from typing import Any

import sqlalchemy as sa

#: Seconds within which a connection is made.
_CONNECT = 5

#: Seconds within which a connection shows that it works, before each use.
_PING = 5

#: Seconds more than a statement may take, for the server to say so.
_MARGIN = 5


def limit(target: sa.Engine, lock: int, statement: int) -> None:
    """Limit what new connections of an engine wait for.

    :param lock: seconds to wait for the lock that another transaction holds
    :param statement: seconds that one statement may take
    """
    patience = statement + _MARGIN
    name = target.dialect.name
    if name in ('mysql', 'mariadb'):
        _mysql(target, lock, statement, patience)
    elif name == 'postgresql' and target.dialect.driver == 'psycopg':
        _postgresql(target, lock, statement, patience)
    else:
        return
    _ping_quickly(target)


def _ping_quickly(target: sa.Engine) -> None:
    """Wait less for what takes no time than for a statement."""
    dialect: Any = target.dialect
    ping = dialect.do_ping
    # PyMySQL has no other way to change it for a connection.
    name = 'patience' if dialect.name == 'postgresql' else '_read_timeout'

    @contextlib.contextmanager
    def hurry(connection: Any) -> Iterator[None]:
        before = getattr(connection, name)
        setattr(connection, name, min(_PING, before or _PING))
        try:
            yield
        finally:
            setattr(connection, name, before)

    def do_ping(connection: Any) -> Any:
        with hurry(connection):
            return ping(connection)

    dialect.do_ping = do_ping


def _mysql(
    target: sa.Engine, lock: int, statement: int, patience: int
) -> None:
    def before(
        dialect: Any, record: Any, arguments: Any, options: dict[str, Any]
    ) -> None:
        options.setdefault('connect_timeout', _CONNECT)
        # Of the greeting, too; a server that is frozen sends none.
        options.setdefault('read_timeout', min(_CONNECT, patience))
        options.setdefault('write_timeout', patience)

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
        if connection._read_timeout == min(_CONNECT, patience):
            connection._read_timeout = patience

    sa.event.listen(target, 'do_connect', before)
    sa.event.listen(target, 'connect', after)


def _postgresql(
    target: sa.Engine, lock: int, statement: int, patience: int
) -> None:
    connection_class = _patient(patience)

    def connect(
        dialect: Any, record: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        return connection_class.connect(
            *arguments, **{'connect_timeout': _CONNECT, **options}
        )

    def after(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{lock}s'")
            cursor.execute(f"SET statement_timeout = '{statement}s'")
        connection.commit()

    sa.event.listen(target, 'do_connect', connect)
    sa.event.listen(target, 'connect', after)


def _patient(limit: int) -> Any:
    # Not above: it is there where the database is a PostgreSQL.
    psycopg = importlib.import_module('psycopg')

    class Connection(psycopg.Connection):  # type: ignore[misc,name-defined]
        patience = limit

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            if not args:
                kwargs = {'timeout': self.patience, **kwargs}
            try:
                return super().wait(gen, *args, **kwargs)
            except psycopg.errors._WaitTimeout:
                # Whatever comes later would be taken for another answer.
                self.pgconn.finish()
                raise psycopg.OperationalError(
                    f'the server has said nothing for {self.patience} seconds'
                ) from None

    return Connection
