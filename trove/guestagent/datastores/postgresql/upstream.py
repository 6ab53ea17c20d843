# SPDX-License-Identifier: Apache-2.0
"""What a replica does at its primary, as the user for replicas."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from typing import Final

import psycopg
from psycopg import conninfo

from trove.common import exception
from trove.guestagent.datastores import replication
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import role as roles
from trove.guestagent.datastores.postgresql import wal

_ACTION: Final = 'reach its primary'
_SLOT: Final = """
SELECT pg_create_physical_replication_slot(%s, true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)
"""
_LOST: Final = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = %s AND NOT active AND wal_status = 'lost'
"""
#: How the name of a segment begins.
_TIMELINE: Final = 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)'


class Upstream:
    """The primary that is followed."""

    def __init__(self, context: replication.Context) -> None:
        self._master = context['master']
        self._user = context['replica_conf']['replication_user']
        #: Without the password.
        self.conninfo = conninfo.make_conninfo(
            '',
            host=self._master['host'],
            port=self._master['port'],
            user=roles.USER,
            dbname=connections.HOME,
            connect_timeout=10,
            application_name='trove-guestagent',
        )

    def passfile(self) -> str:
        return f'*:*:*:{roles.USER}:{self._user["password"]}\n'

    def timeline(self) -> int:
        """Return the number of its history.

        :raises trove.common.exception.DatastoreError: it is not reachable, or
            no primary
        """
        with self._open() as connection:
            row = connection.execute(_TIMELINE).fetchone()
        return wal.parse_timeline(int(row[0], 16) if row else None)

    def keep_log(self, slot: str) -> None:
        """Have it keep its log for this replica."""
        with self._open() as connection:
            connection.execute(_LOST, [slot])
            connection.execute(_SLOT, [slot, slot])

    @contextlib.contextmanager
    def _open(self) -> Iterator[connections.Connection]:
        try:
            with psycopg.connect(
                self.conninfo,
                password=self._user['password'],
                autocommit=True,
                options='-c statement_timeout=30s -c search_path=pg_catalog',
            ) as connection:
                yield connection
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error).strip()
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'{self._master["host"]}:{self._master["port"]} says: '
                f'{said}. Check that it runs and the network between the two.',
            ) from None
