# SPDX-License-Identifier: Apache-2.0
"""Databases of a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_log import log as logging
from psycopg import errors
from psycopg import sql

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import postgresql as encodings
from trove.guestagent.datastores import base
from trove.guestagent.datastores import checks
from trove.guestagent.datastores import pages
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import grants

LOG = logging.getLogger(__name__)

_LIST = """
SELECT datname, pg_encoding_to_char(encoding), datcollate
FROM pg_database
WHERE NOT datistemplate AND datname <> ALL(%(ignored)s)
  AND (%(marker)s::text IS NULL
       OR datname COLLATE "C" > %(marker)s
       OR %(include)s AND datname = %(marker)s)
ORDER BY datname COLLATE "C" LIMIT %(limit)s
"""


class Databases:
    """Operations on databases.

    :param rules: allowed names; reserved databases are not listed
    """

    def __init__(
        self, connector: connections.Connector, rules: datastores.Rules
    ) -> None:
        self._connector = connector
        self._rules = rules

    def close_template(self) -> None:
        """Keep users from creating objects in future databases."""
        with self._connector.open('close the template') as connection:
            connection.execute('REVOKE ALL ON DATABASE template1 FROM PUBLIC')

    def create(self, databases: Sequence[base.Database]) -> None:
        checks.check_databases(self._rules, databases)
        for database in databases:
            name = database['_name']
            with self._connector.open('create a database') as connection:
                try:
                    connection.execute(_create(name, database, connection))
                except errors.DuplicateDatabase:
                    _require_same(name, database, connection)
                    LOG.info('Database %s exists already and is kept', name)
                # PostgreSQL lets all users connect to a new database
                # otherwise, with or without a grant.
                connection.execute(
                    sql.SQL('REVOKE ALL ON DATABASE {} FROM PUBLIC').format(
                        sql.Identifier(name)
                    )
                )
            LOG.info('Created database %s', name)

    def delete(self, name: str) -> None:
        self._rules.check_database(name, new=False)
        with self._connector.open('delete a database') as connection:
            found = connection.execute(
                'SELECT oid FROM pg_database WHERE datname = %s', [name]
            ).fetchone()
            if found is None:
                return
            connection.execute(
                sql.SQL('DROP DATABASE IF EXISTS {} WITH (FORCE)').format(
                    sql.Identifier(name)
                )
            )
            connection.execute(
                sql.SQL('DROP ROLE IF EXISTS {}').format(
                    sql.Identifier(grants.heir_name(found[0]))
                )
            )
        LOG.info('Deleted database %s', name)

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.DatabasePage:
        with self._connector.open('list databases') as connection:
            rows = connection.execute(
                _LIST,
                {
                    'ignored': list(self._rules.databases),
                    'marker': marker,
                    'include': include_marker,
                    'limit': None if limit is None else limit + 1,
                },
            ).fetchall()
        found, after = pages.cut(rows, limit)
        return [shape(*row) for row in found], after


def _require_same(
    name: str, database: base.Database, connection: connections.Connection
) -> None:
    """Check that an existing database matches the ordered one.

    :raises trove.common.exception.DatastoreError: it has another character
        set or collation
    """
    found = connection.execute(
        'SELECT pg_encoding_to_char(encoding), datcollate '
        'FROM pg_database WHERE datname = %s',
        [name],
    ).fetchone()
    encoding, collate = found or (None, None)
    wanted = database.get('_character_set')
    for what, ordered, real in (
        ('character set', wanted and encodings.encoding_of(wanted), encoding),
        ('collation', database.get('_collate'), collate),
    ):
        if ordered and ordered != real:
            raise exception.DatastoreError(
                action=f'create the database {name}',
                reason=f'it exists already, and its {what} is {real} '
                f'instead of {ordered}. Delete it first, or choose another '
                'name.',
            )


def shape(
    name: str, encoding: str | None, collate: str | None
) -> base.Database:
    return {'_name': name, '_character_set': encoding, '_collate': collate}


def _create(
    name: str, database: base.Database, connection: connections.Connection
) -> sql.Composed:
    """Return the statement, with character set and collation if given."""
    parts: list[sql.Composable] = [
        sql.SQL('CREATE DATABASE {}').format(sql.Identifier(name))
    ]
    encoding = database.get('_character_set')
    collate = database.get('_collate')
    if encoding:
        parts.append(sql.SQL('ENCODING {}').format(sql.Literal(encoding)))
        if not collate and encoding.upper().replace('-', '') != 'UTF8':
            # The default locale of the server matches UTF-8 only.
            collate = 'C'
    if collate:
        parts.append(
            sql.SQL('LC_COLLATE {0} LC_CTYPE {0}').format(sql.Literal(collate))
        )
        if connection.info.server_version >= 150000:
            parts.append(sql.SQL('LOCALE_PROVIDER libc'))
    if encoding or collate:
        parts.append(sql.SQL('TEMPLATE template0'))
    return sql.SQL(' ').join(parts)
