# SPDX-License-Identifier: Apache-2.0
"""Who may use which database of a PostgreSQL server.

A grant means that the user can do everything in the database: make schemas
and tables, and use what the other users with a grant made and will make.
PostgreSQL has no such privilege, so it is put together here.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from oslo_log import log as logging
from psycopg import sql

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import postgresql as common
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import server

LOG = logging.getLogger(__name__)

#: Kinds of objects that users share.
_KINDS = ('TABLES', 'SEQUENCES')

_OTHERS = """
SELECT DISTINCT r.rolname FROM pg_database d
CROSS JOIN aclexplode(d.datacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT'
  AND NOT r.rolsuper AND r.rolname <> %s
"""


class Grants:
    """What may be done with grants; users are checked by the caller.

    :param rules: which databases are the system's
    """

    def __init__(
        self, connector: connections.Connector, rules: datastores.Rules
    ) -> None:
        self._connector = connector
        self._rules = rules

    def grant(self, user: str, names: Sequence[str]) -> None:
        """Let a user do everything in databases.

        All of them are looked for first, so that a wrong one changes
        nothing.
        """
        self.require(names)
        for name in names:
            with (
                self._connector.open('grant access', name) as connection,
                connection.transaction(),
            ):
                _grant(connection, user, name)
            LOG.info('Granted user %s database %s', user, name)

    def revoke(self, user: str, name: str) -> None:
        """End a user's access, and the user's open sessions."""
        self.require([name])
        with self._connector.open('revoke access', name) as connection:
            with connection.transaction():
                _revoke(connection, user, name)
            end_sessions(connection, user, name)
        LOG.info('Revoked database %s from user %s', name, user)

    def disown(self, user: str) -> None:
        """Take everything from a user, so that the user can be deleted.

        In each database owned objects go to an heir: a role of no more
        rights than any user of this database. Code runs with the rights of
        its owner, so it must never become a superuser's.
        """
        with self._connector.open('delete a user') as connection:
            _give_up_databases(connection, user)
            rows = connection.execute(
                'SELECT datname, oid FROM pg_database WHERE datallowconn'
            ).fetchall()
        # First everywhere what a lock of somebody may be in the way of, so
        # that the rights on all databases are gone only if that went well.
        for name, number in rows:
            with (
                self._connector.open('delete a user', name) as connection,
                connection.transaction(),
            ):
                if _owns(connection, user):
                    heir = _heir(connection, name, number)
                    connection.execute(
                        sql.SQL('REASSIGN OWNED BY {} TO {}').format(
                            sql.Identifier(user), sql.Identifier(heir)
                        )
                    )
        for name, _ in rows:
            with self._connector.open('delete a user', name) as connection:
                connection.execute(
                    sql.SQL('DROP OWNED BY {}').format(sql.Identifier(user))
                )

    def require(self, names: Iterable[str]) -> None:
        """Return when there are databases of all these names.

        :raises trove.common.exception.DatabaseNotFound: one is missing, or
            is the system's
        """
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            try:
                self._rules.check_database(name, new=False)
            except exception.BadRequest:
                raise exception.DatabaseNotFound(name=name) from None
        if not wanted:
            return
        with self._connector.open('look for databases') as connection:
            found = connection.execute(
                'SELECT datname FROM pg_database WHERE datname = ANY(%s) '
                'AND NOT datistemplate',
                [wanted],
            ).fetchall()
        there = {name for (name,) in found}
        for name in wanted:
            if name not in there:
                raise exception.DatabaseNotFound(name=name)


def heir_name(number: int) -> str:
    """Name of the role that inherits from users of a database.

    :param number: the OID of the database
    """
    return f'{common.HEIRS}{number}'


def _heir(
    connection: connections.Connection, database: str, number: int
) -> str:
    """Make sure that there is an heir that may use the database."""
    name = heir_name(number)
    found = connection.execute(
        'SELECT 1 FROM pg_roles WHERE rolname = %s', [name]
    ).fetchone()
    if found is None:
        connection.execute(
            sql.SQL('CREATE ROLE {} NOLOGIN').format(sql.Identifier(name))
        )
    # What the heir gets may use what others have; so the heir must, too.
    _grant(connection, name, database)
    return name


def _owns(connection: connections.Connection, user: str) -> bool:
    """Whether a user owns something in the current database."""
    found = connection.execute(
        'SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid '
        "WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' "
        'AND r.rolname = %s AND d.dbid = (SELECT oid FROM pg_database '
        'WHERE datname = current_database()) LIMIT 1',
        [user],
    ).fetchone()
    return found is not None


def _give_up_databases(connection: connections.Connection, user: str) -> None:
    """Let databases of a user be the system's, as those that we make.

    Unlike what is in them, they have no code that runs as their owner.
    """
    rows = connection.execute(
        'SELECT d.datname FROM pg_database d '
        'JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = %s',
        [user],
    ).fetchall()
    for (name,) in rows:
        connection.execute(
            sql.SQL('ALTER DATABASE {} OWNER TO {}').format(
                sql.Identifier(name), sql.Identifier(server.SUPERUSER)
            )
        )


def end_sessions(
    connection: connections.Connection, user: str, database: str | None = None
) -> None:
    """Disconnect a user, from one database or from all."""
    connection.execute(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
        'WHERE usename = %s AND (%s::text IS NULL OR datname = %s)',
        [user, database, database],
    )


def _grant(
    connection: connections.Connection, user: str, database: str
) -> None:
    role = sql.Identifier(user)
    statements = [
        sql.SQL('GRANT ALL ON DATABASE {} TO {}').format(
            sql.Identifier(database), role
        )
    ]
    if _has_public(connection):
        statements.append(
            sql.SQL('GRANT ALL ON SCHEMA public TO {}').format(role)
        )
        statements += [
            sql.SQL('GRANT ALL ON ALL {} IN SCHEMA public TO {}').format(
                sql.SQL(kind), role
            )
            for kind in _KINDS
        ]
    others = _others(connection, user)
    for creators, users in ((others, [role]), ([role], others)):
        statements += _defaults('GRANT', 'TO', creators, users)
    for statement in statements:
        connection.execute(statement)


def _revoke(
    connection: connections.Connection, user: str, database: str
) -> None:
    role = sql.Identifier(user)
    name = sql.Identifier(database)
    statements = [
        sql.SQL('REVOKE ALL ON DATABASE {} FROM {}').format(name, role),
        # A database that was not made by us lets everybody in.
        sql.SQL('REVOKE ALL ON DATABASE {} FROM PUBLIC').format(name),
    ]
    if _has_public(connection):
        statements.append(
            sql.SQL('REVOKE ALL ON SCHEMA public FROM {}').format(role)
        )
        statements += [
            sql.SQL('REVOKE ALL ON ALL {} IN SCHEMA public FROM {}').format(
                sql.SQL(kind), role
            )
            for kind in _KINDS
        ]
    others = _others(connection, user)
    for creators, users in ((others, [role]), ([role], others)):
        statements += _defaults('REVOKE', 'FROM', creators, users)
    for statement in statements:
        connection.execute(statement)


def _defaults(
    verb: str,
    preposition: str,
    creators: Sequence[sql.Identifier],
    users: Sequence[sql.Identifier],
) -> list[sql.Composed]:
    """Statements for what ``creators`` will make and ``users`` may use."""
    if not creators or not users:
        return []
    return [
        sql.SQL(
            'ALTER DEFAULT PRIVILEGES FOR ROLE {} {} ALL ON {} {} {}'
        ).format(
            sql.SQL(', ').join(creators),
            sql.SQL(verb),
            sql.SQL(kind),
            sql.SQL(preposition),
            sql.SQL(', ').join(users),
        )
        for kind in (*_KINDS, 'SCHEMAS')
    ]


def _others(
    connection: connections.Connection, user: str
) -> list[sql.Identifier]:
    rows = connection.execute(_OTHERS, [user]).fetchall()
    return [sql.Identifier(name) for (name,) in rows]


def _has_public(connection: connections.Connection) -> bool:
    """Whether the customer has left the schema ``public`` in place."""
    found = connection.execute(
        "SELECT 1 FROM pg_namespace WHERE nspname = 'public'"
    ).fetchone()
    return found is not None
