# SPDX-License-Identifier: Apache-2.0
"""The customer's superuser of a PostgreSQL server."""

from __future__ import annotations

from oslo_log import log as logging
from psycopg import errors
from psycopg import sql

from trove.guestagent.datastores import base
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import grants

LOG = logging.getLogger(__name__)

#: Its name, the same for all datastores.
NAME = 'root'
_PRIVILEGES = 'SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS LOGIN'
_ROLE = sql.Identifier(NAME)


class Root:
    """Operations on the user ``root``.

    :param password_length: characters of a generated password
    """

    def __init__(
        self, connector: connections.Connector, password_length: int
    ) -> None:
        self._connector = connector
        self._password_length = password_length

    def enable(self, password: str | None = None) -> base.User:
        """Make root a superuser with the given or a generated password."""
        password = password or passwords.generate(self._password_length)
        with self._connector.open('enable root') as connection:
            verifier = connections.encrypt(connection, NAME, password)
            self._ensure(connection)
            connection.execute(
                sql.SQL('ALTER ROLE {} {} PASSWORD {}').format(
                    _ROLE, sql.SQL(_PRIVILEGES), sql.Literal(verifier)
                )
            )
        LOG.info('Enabled root')
        return {
            '_name': NAME,
            '_host': '%',
            '_password': password,
            '_databases': [],
        }

    def disable(self) -> None:
        """Disable login and password of root, and end its sessions.

        The role is kept, because it may own objects of other users.
        """
        with self._connector.open('disable root') as connection:
            if not self._exists(connection):
                return
            verifier = connections.encrypt(
                connection, NAME, passwords.generate(self._password_length)
            )
            connection.execute(
                sql.SQL(
                    'ALTER ROLE {} NOSUPERUSER NOLOGIN PASSWORD {}'
                ).format(_ROLE, sql.Literal(verifier))
            )
            grants.end_sessions(connection, NAME)
        LOG.info('Disabled root')

    def is_enabled(self) -> bool:
        with self._connector.open('look for root') as connection:
            found = connection.execute(
                'SELECT 1 FROM pg_roles '
                'WHERE rolname = %s AND rolcanlogin AND rolsuper',
                [NAME],
            ).fetchone()
        return found is not None

    def _ensure(self, connection: connections.Connection) -> None:
        try:
            connection.execute(sql.SQL('CREATE ROLE {}').format(_ROLE))
        except errors.DuplicateObject:
            pass

    def _exists(self, connection: connections.Connection) -> bool:
        found = connection.execute(
            'SELECT 1 FROM pg_roles WHERE rolname = %s', [NAME]
        ).fetchone()
        return found is not None
