# SPDX-License-Identifier: Apache-2.0
"""Databases of a MySQL server."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_log import log as logging
import pymysql

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import mysql
from trove.guestagent.datastores import base
from trove.guestagent.datastores import checks
from trove.guestagent.datastores import pages
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import grants

LOG = logging.getLogger(__name__)

_NAME = connections.binary('SCHEMA_NAME')
_LIST = f"""
SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME
FROM information_schema.SCHEMATA
WHERE LOWER(SCHEMA_NAME) NOT IN %s AND SCHEMA_NAME NOT LIKE '#mysql50#%%'
  AND (%s IS NULL OR {_NAME} > %s OR %s AND {_NAME} = %s)
ORDER BY {_NAME} LIMIT %s
"""
_ALL = 2**63 - 1


class Databases:
    """What may be done with databases.

    :param rules: which may be made; reserved ones are not shown
    """

    def __init__(
        self, connector: connections.Connector, rules: datastores.Rules
    ) -> None:
        self._connector = connector
        self._rules = rules

    def create(self, databases: Sequence[base.Database]) -> None:
        checks.check_databases(self._rules, databases)
        with self._connector.open('create a database') as connection:
            for database in databases:
                _check_encoding(connection, database)
            for database in databases:
                name = database['_name']
                made = connection.try_to(
                    connections.DATABASE_EXISTS, _create(database)
                )
                if made:
                    LOG.info('Created database %s', name)
                else:
                    _require_same(connection, database)
                    LOG.info('Database %s exists already and is kept', name)

    def delete(self, name: str) -> None:
        """Delete a database with its grants, which the next would get."""
        self._rules.check_database(name, new=False)
        with self._connector.open('delete a database') as connection:
            # A session that uses a table of it would hold it.
            connection.end_sessions_in(name)
            connection.execute(
                f'DROP DATABASE IF EXISTS {connections.identifier(name)}'
            )
            grants.revoke_all(connection, name)
        LOG.info('Deleted database %s', name)

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.DatabasePage:
        with self._connector.open('list databases') as connection:
            rows = connection.execute(
                _LIST,
                [
                    [each.lower() for each in self._rules.databases],
                    marker,
                    marker,
                    include_marker,
                    marker,
                    _ALL if limit is None else limit + 1,
                ],
            )
        found, after = pages.cut(rows, limit)
        return [shape(*row) for row in found], after


def shape(
    name: str, character_set: str | None, collate: str | None
) -> base.Database:
    return {
        '_name': name,
        '_character_set': character_set,
        '_collate': collate,
    }


def _create(database: base.Database) -> str:
    """The statement; what the encoding is named was checked."""
    parts = [f'CREATE DATABASE {connections.identifier(database["_name"])}']
    if database.get('_character_set'):
        parts.append(f'CHARACTER SET {database["_character_set"]}')
    if database.get('_collate'):
        parts.append(f'COLLATE {database["_collate"]}')
    return ' '.join(parts)


def _check_encoding(
    connection: connections.Connection, database: base.Database
) -> None:
    """Return when the server has such a collation.

    :raises trove.common.exception.BadRequest: it has not, in its words
    """
    collate = database.get('_collate')
    if not collate:
        return
    own = 'utf8mb4' if collate.startswith('uca') else collate.split('_')[0]
    character_set = database.get('_character_set') or own
    try:
        connection.execute(
            f"SELECT CONVERT('' USING {character_set}) COLLATE {collate}"
        )
    except pymysql.MySQLError as error:
        raise exception.BadRequest(
            reason=f'The database {database["_name"]} cannot have this '
            f'"collate": {error.args[-1]}. SHOW COLLATION lists those there '
            'are.'
        ) from None


def _require_same(
    connection: connections.Connection, database: base.Database
) -> None:
    """Return when a database that exists is as it is ordered.

    :raises trove.common.exception.DatastoreError: it has another character
        set or collation
    """
    name = database['_name']
    ((character_set, collate),) = connection.execute(
        'SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME '
        f'FROM information_schema.SCHEMATA WHERE {_NAME} = %s',
        [name],
    )
    for what, wanted, found in (
        ('character set', database.get('_character_set'), character_set),
        ('collation', database.get('_collate'), collate),
    ):
        if not wanted:
            continue
        if mysql.character_set_of(wanted) != mysql.character_set_of(found):
            raise exception.DatastoreError(
                action=f'create the database {name}',
                reason=f'it exists already, and its {what} is {found} '
                f'instead of {wanted}. Delete it first, or choose another '
                'name.',
            )
