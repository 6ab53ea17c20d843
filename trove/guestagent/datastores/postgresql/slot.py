# SPDX-License-Identifier: Apache-2.0
"""Keeps the write-ahead log since the last backup, for the next one.

A physical replication slot does that within the server, up to a part of the
volume (``max_slot_wal_keep_size``): then the log is given up, the database
goes on, and only a full backup can be made.
"""

from __future__ import annotations

from typing import Final

from psycopg import errors

from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import wal

NAME: Final = 'trove_backup'
#: The log is kept, or will be up to the next checkpoint.
_KEPT: Final = ('reserved', 'extended')


def reserve(connection: connections.Connection) -> None:
    """Keep the log from now on, or from where it is kept already."""
    if keeps_any(connection):
        return
    connection.execute(
        'SELECT pg_drop_replication_slot(slot_name) '
        'FROM pg_replication_slots WHERE slot_name = %s',
        [NAME],
    )
    try:
        connection.execute(
            'SELECT pg_create_physical_replication_slot(%s, true)', [NAME]
        )
    except errors.DuplicateObject:
        pass


def keeps_any(connection: connections.Connection) -> bool:
    """Whether the log is kept, from wherever."""
    return _kept_from(connection) is not None


def keeps(connection: connections.Connection, position: int) -> bool:
    """Whether the log since a position is there."""
    kept = _kept_from(connection)
    return kept is not None and kept <= position


def advance(connection: connections.Connection, position: str) -> None:
    """Give up the log before a position."""
    kept = _kept_from(connection)
    if kept is not None and kept < wal.parse_position(position):
        connection.execute(
            'SELECT pg_replication_slot_advance(%s, %s)', [NAME, position]
        )


def _kept_from(connection: connections.Connection) -> int | None:
    found = connection.execute(
        'SELECT restart_lsn::text FROM pg_replication_slots '
        'WHERE slot_name = %s AND wal_status = ANY(%s)',
        [NAME, list(_KEPT)],
    ).fetchone()
    return wal.parse_position(found[0]) if found and found[0] else None
