# SPDX-License-Identifier: Apache-2.0
"""Users of a PostgreSQL server, which are roles with LOGIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oslo_log import log as logging
from psycopg import errors
from psycopg import sql

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import base
from trove.guestagent.datastores import checks
from trove.guestagent.datastores import pages
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import databases
from trove.guestagent.datastores.postgresql import grants

LOG = logging.getLogger(__name__)

_LIST = """
SELECT rolname FROM pg_roles
WHERE rolcanlogin AND rolname <> ALL(%(ignored)s)
  AND (%(marker)s::text IS NULL
       OR rolname COLLATE "C" > %(marker)s
       OR %(include)s AND rolname = %(marker)s)
ORDER BY rolname COLLATE "C" LIMIT %(limit)s
"""

_ACCESS = """
SELECT r.rolname, d.datname, pg_encoding_to_char(d.encoding), d.datcollate
FROM pg_database d
CROSS JOIN aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a
JOIN pg_roles r ON r.oid = a.grantee
WHERE a.privilege_type = 'CONNECT' AND NOT d.datistemplate
  AND r.rolname = ANY(%s) AND d.datname <> ALL(%s)
ORDER BY d.datname COLLATE "C"
"""


class Users:
    """Operations on users.

    :param rules: allowed names; reserved users are not listed
    """

    def __init__(
        self,
        connector: connections.Connector,
        grant: grants.Grants,
        rules: datastores.Rules,
    ) -> None:
        self._connector = connector
        self._grants = grant
        self._rules = rules
        self._ignored = list(rules.users)
        self._ignored_databases = list(rules.databases)

    def known(self, name: str, host: str | None) -> str:
        """Check that a user may be shown and changed; return the name.

        :raises trove.common.exception.BadRequest: the user is of the system,
            or has a host, which PostgreSQL does not support
        """
        self._rules.check_host(name, host)
        return self._rules.check_user(name, new=False)

    def create(self, users: Sequence[base.User]) -> None:
        checks.check_users(self._rules, users)
        self._grants.require(
            database['_name']
            for user in users
            for database in user.get('_databases') or ()
        )
        for user in users:
            name = user['_name']
            with self._connector.open('create a user') as connection:
                role = sql.Identifier(name)
                try:
                    connection.execute(
                        sql.SQL('CREATE ROLE {} LOGIN').format(role)
                    )
                except errors.DuplicateObject:
                    self._keep(connection, name)
                _set_password(connection, name, user.get('_password'))
            LOG.info('Created user %s', name)
            names = [
                database['_name'] for database in user.get('_databases') or ()
            ]
            if names:
                self._grants.grant(name, names)

    def _keep(self, connection: connections.Connection, name: str) -> None:
        """Accept an existing role as the user to create.

        :raises trove.common.exception.BadRequest: the role has no LOGIN
        """
        if not _is_user(connection, name):
            raise exception.BadRequest(
                reason=f'{name} is a role without the right to log in. '
                'Choose another name.'
            )
        _limit(connection, name, -1)
        LOG.info('User %s exists already and is kept', name)

    def delete(self, name: str, host: str | None = None) -> None:
        """Delete a user; objects are kept for the other users.

        Sessions of the user are refused first, so that none creates new
        objects, but the role exists until the end: after a failure the
        deletion can be repeated.
        """
        self.known(name, host)
        with self._connector.open('delete a user') as connection:
            if not _is_user(connection, name):
                return
            _limit(connection, name, 0)
            grants.end_sessions(connection, name)
        try:
            self._grants.disown(name)
            with self._connector.open('delete a user') as connection:
                connection.execute(
                    sql.SQL('DROP ROLE IF EXISTS {}').format(
                        sql.Identifier(name)
                    )
                )
        except BaseException:
            with self._connector.open('keep a user') as connection:
                _limit(connection, name, -1)
            raise
        LOG.info('Deleted user %s', name)

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.UserPage:
        with self._connector.open('list users') as connection:
            rows = connection.execute(
                _LIST,
                {
                    'ignored': self._ignored,
                    'marker': marker,
                    'include': include_marker,
                    'limit': None if limit is None else limit + 1,
                },
            ).fetchall()
            found, after = pages.cut(rows, limit)
            names = [str(row[0]) for row in found]
            access = self._access(connection, names)
        return [_shape(name, access[name]) for name in names], after

    def get(self, name: str, host: str | None = None) -> base.User | None:
        self.known(name, host)
        if not self._exists(name):
            return None
        return _shape(name, self.access(name, host))

    def access(
        self, name: str, host: str | None = None
    ) -> list[base.Database]:
        """List the databases that a user has access to."""
        self.require(name, host)
        with self._connector.open('list the access of a user') as connection:
            return self._access(connection, [name])[name]

    def update(
        self, name: str, host: str | None, attributes: base.UserAttributes
    ) -> None:
        self.require(name, host)
        renamed = attributes.get('name')
        if renamed and renamed != name:
            self._rules.check_user(renamed)
        self._rules.check_host(name, attributes.get('host'))
        if attributes.get('password') is not None:
            self._rules.check_password(attributes['password'])
        with self._connector.open('change a user') as connection:
            if renamed and renamed != name:
                try:
                    connection.execute(
                        sql.SQL('ALTER ROLE {} RENAME TO {}').format(
                            sql.Identifier(name), sql.Identifier(renamed)
                        )
                    )
                except errors.DuplicateObject:
                    raise exception.UserExists(name=renamed) from None
                LOG.info('Renamed user %s to %s', name, renamed)
                name = renamed
            _set_password(connection, name, attributes.get('password'))

    def grant(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        self.require(name, host)
        self._grants.grant(name, databases)

    def revoke(self, name: str, host: str | None, database: str) -> None:
        self.require(name, host)
        self._grants.revoke(name, database)

    def require(self, name: str, host: str | None = None) -> None:
        """Check that a user may be used and exists.

        :raises trove.common.exception.UserNotFound: there is no such user
        """
        self.known(name, host)
        if not self._exists(name):
            raise exception.UserNotFound(name=name)

    def _exists(self, name: str) -> bool:
        with self._connector.open('look for a user') as connection:
            return _is_user(connection, name)

    def _access(
        self, connection: connections.Connection, names: list[str]
    ) -> dict[str, list[base.Database]]:
        found: dict[str, list[base.Database]] = {name: [] for name in names}
        rows: list[tuple[Any, ...]] = connection.execute(
            _ACCESS, [names, self._ignored_databases]
        ).fetchall()
        for user, *database in rows:
            found[user].append(databases.shape(*database))
        return found


def _is_user(connection: connections.Connection, name: str) -> bool:
    found = connection.execute(
        'SELECT 1 FROM pg_roles WHERE rolname = %s AND rolcanlogin', [name]
    ).fetchone()
    return found is not None


def _limit(
    connection: connections.Connection, name: str, sessions: int
) -> None:
    """Set the maximum number of sessions of a user; -1 for unlimited."""
    connection.execute(
        sql.SQL('ALTER ROLE {} CONNECTION LIMIT {}').format(
            sql.Identifier(name), sql.Literal(sessions)
        )
    )


def _shape(name: str, access: list[base.Database]) -> base.User:
    return {
        '_name': name,
        '_host': '%',
        '_password': None,
        '_databases': access,
    }


def _set_password(
    connection: connections.Connection, name: str, password: str | None
) -> None:
    if password is None:
        return
    connection.execute(
        sql.SQL('ALTER ROLE {} LOGIN PASSWORD {}').format(
            sql.Identifier(name),
            sql.Literal(connections.encrypt(connection, name, password)),
        )
    )
