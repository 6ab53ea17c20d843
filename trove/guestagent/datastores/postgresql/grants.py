# SPDX-License-Identifier: Apache-2.0
"""Grants of databases to users of a PostgreSQL server.

A grant allows everything in the database: creating schemas and tables, and
using all objects of the other users with a grant, now and later. PostgreSQL
has no such privilege, so it is composed of several here.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from oslo_log import log as logging
from psycopg import sql

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import postgresql as common
from trove.guestagent.datastores import checks
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import server

LOG = logging.getLogger(__name__)

#: Kinds of objects that users with a grant share.
_KINDS = ('TABLES', 'SEQUENCES')

_OTHERS = """
SELECT DISTINCT r.rolname FROM pg_database d
CROSS JOIN aclexplode(d.datacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT'
  AND NOT r.rolsuper AND r.rolname <> %s
"""


class Grants:
    """Operations on grants; the caller checks the users.

    :param rules: to tell the databases of the system
    """

    def __init__(
        self, connector: connections.Connector, rules: datastores.Rules
    ) -> None:
        self._connector = connector
        self._rules = rules

    def grant(self, user: str, names: Sequence[str]) -> None:
        """Grant a user all privileges on databases.

        If one of them does not exist, nothing is changed.
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
        """Revoke a user's access, and end the user's open sessions."""
        self.require([name])
        with self._connector.open('revoke access', name) as connection:
            with connection.transaction():
                _revoke(connection, user, name)
            end_sessions(connection, user, name)
        LOG.info('Revoked database %s from user %s', name, user)

    def disown(self, user: str) -> None:
        """Revoke everything from a user, before the user is deleted.

        In each database, owned objects are reassigned to an heir: a role
        with no more privileges than any user of this database. Functions
        run with the privileges of their owner, which must never be a
        superuser.
        """
        with self._connector.open('delete a user') as connection:
            _give_up_databases(connection, user)
            rows = connection.execute(
                'SELECT datname, oid FROM pg_database WHERE datallowconn'
            ).fetchall()
        # A lock of another session may block this. So it comes first, in
        # all databases, before any privilege is revoked.
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
        """Check that databases of all these names exist.

        :raises trove.common.exception.DatabaseNotFound: one is missing, or
            is of the system
        """
        wanted = list(dict.fromkeys(names))
        checks.check_granted(self._rules, wanted)
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
    """Return the name of the heir's role for a database.

    :param number: the OID of the database
    """
    return f'{common.HEIRS}{number}'


def _heir(
    connection: connections.Connection, database: str, number: int
) -> str:
    """Create the heir of the database unless it exists."""
    name = heir_name(number)
    found = connection.execute(
        'SELECT 1 FROM pg_roles WHERE rolname = %s', [name]
    ).fetchone()
    if found is None:
        connection.execute(
            sql.SQL('CREATE ROLE {} NOLOGIN').format(sql.Identifier(name))
        )
    # Reassigned objects may use those of other users; so must the heir.
    _grant(connection, name, database)
    return name


def _owns(connection: connections.Connection, user: str) -> bool:
    """Return whether a user owns objects in the current database."""
    found = connection.execute(
        'SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid '
        "WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' "
        'AND r.rolname = %s AND d.dbid = (SELECT oid FROM pg_database '
        'WHERE datname = current_database()) LIMIT 1',
        [user],
    ).fetchone()
    return found is not None


def _give_up_databases(connection: connections.Connection, user: str) -> None:
    """Reassign databases of a user to the superuser.

    Unlike the objects in them, they have no code that runs as their owner.
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
    """End the sessions of a user, in one database or in all."""
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
        # All users may connect to a database that the customer created.
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
    """Return the statements for future objects of ``creators``."""
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
    """Return whether the customer has kept the schema ``public``."""
    found = connection.execute(
        "SELECT 1 FROM pg_namespace WHERE nspname = 'public'"
    ).fetchone()
    return found is not None
