# SPDX-License-Identifier: Apache-2.0
"""Keeps the write-ahead log: since the last backup, and what is not archived.

A physical replication slot does that within the server, up to a part of the
volume (``max_slot_wal_keep_size``): then the log is given up, and the database
goes on. Only a full backup can be made then, and the archive has a gap.
"""

from __future__ import annotations

from typing import Final

from psycopg import errors

from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import wal

NAME: Final = 'trove_backup'
#: Keeps what is not archived yet.
ARCHIVE: Final = 'trove_archive'
#: The log is kept, or will be up to the next checkpoint.
_KEPT: Final = ('reserved', 'extended')


def reserve(connection: connections.Connection, name: str = NAME) -> None:
    """Keep the log from now on, or from where it is kept already."""
    if keeps_any(connection, name):
        return
    drop(connection, name)
    try:
        connection.execute(
            'SELECT pg_create_physical_replication_slot(%s, true)', [name]
        )
    except errors.DuplicateObject:
        pass


def drop(connection: connections.Connection, name: str) -> None:
    """Keep nothing any more."""
    connection.execute(
        'SELECT pg_drop_replication_slot(slot_name) '
        'FROM pg_replication_slots WHERE slot_name = %s',
        [name],
    )


def keeps_any(connection: connections.Connection, name: str = NAME) -> bool:
    """Whether the log is kept, from wherever."""
    return kept_from(connection, name) is not None


def keeps(
    connection: connections.Connection, position: int, name: str = NAME
) -> bool:
    """Whether the log since a position is there."""
    kept = kept_from(connection, name)
    return kept is not None and kept <= position


def advance(
    connection: connections.Connection, position: str, name: str = NAME
) -> None:
    """Give up the log before a position."""
    kept = kept_from(connection, name)
    if kept is not None and kept < wal.parse_position(position):
        connection.execute(
            'SELECT pg_replication_slot_advance(%s, %s)', [name, position]
        )


def kept_from(
    connection: connections.Connection, name: str = NAME
) -> int | None:
    """Return the position that the log is kept from; None: it is not."""
    found = connection.execute(
        'SELECT restart_lsn::text FROM pg_replication_slots '
        'WHERE slot_name = %s AND wal_status = ANY(%s)',
        [name, list(_KEPT)],
    ).fetchone()
    return wal.parse_position(found[0]) if found and found[0] else None
