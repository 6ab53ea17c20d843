# SPDX-License-Identifier: Apache-2.0
"""How far a server of PostgreSQL is with its log, and its primary's."""

from __future__ import annotations

import time
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import replication
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import role as roles
from trove.guestagent.datastores.postgresql import server_errors
from trove.guestagent.datastores.postgresql import wal

#: Seconds that the replay of what was received may take without a lag.
_REPLAY_TIME: Final = 0.2

_REPLAYED: Final = 'SELECT pg_last_wal_replay_lsn()::text'
_WRITTEN: Final = 'SELECT pg_current_wal_lsn()::text'
_RECEIVED: Final = """
SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text,
system_identifier::text FROM pg_control_system()
"""
_STATE: Final = """
SELECT EXISTS (
  SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'
), pg_is_wal_replay_paused(), pg_last_wal_receive_lsn()::text
WHERE pg_is_in_recovery()
"""
#: Seconds since the last transaction that was replayed; 0 when there is none
#: after it.
_LAG: Final = """
SELECT CASE WHEN pg_last_wal_replay_lsn() >= %s::pg_lsn THEN 0 ELSE
extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float
"""
_COUNT: Final = 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text'
_SETTING: Final = 'SELECT current_setting(%s)'


class Progress:
    """Operations of :class:`trove.guestagent.datastores.base.Driver`."""

    def __init__(
        self,
        cluster: clusters.Cluster,
        connector: connections.Connector,
        role: roles.Role,
    ) -> None:
        self._cluster = cluster
        self._connector = connector
        self._role = role

    def latest(self) -> str:
        with self._connector.open('tell its position') as connection:
            replica = connections.value(connection, connections.IN_RECOVERY)
            query = _REPLAYED if replica else _WRITTEN
            position = connections.value(connection, query)
        if position is None:
            raise exception.DatastoreError(
                action='tell its position',
                reason='it has not begun to replay its log. Repeat the '
                'request.',
            )
        return str(position)

    def has(self, position: str) -> bool:
        wanted = wal.parse_position(position)
        return wal.parse_position(self.latest()) >= wanted

    def last(self) -> tuple[str, int]:
        with self._connector.open('tell its position') as connection:
            row = connection.execute(_RECEIVED).fetchone()
        position, system = row or (None, None)
        return str(system), wal.parse_position(position or '0/0')

    def count(self) -> int:
        with self._connector.open('count its transactions') as connection:
            return int(connections.value(connection, _COUNT))

    def state(self) -> replication.State | None:
        """Tell how it follows.

        A standby stops replaying when its primary was started with a higher
        limit, such as of connections. It has to be restarted with that one.
        """
        if self._role.is_primary:
            return None
        with self._connector.open('tell how it follows') as connection:
            row = connection.execute(_STATE).fetchone()
            if row is None:
                return None
            streams, paused, received = row
            if paused:
                return replication.State(
                    follows=False,
                    error='the replay of its log is paused',
                    stalled=self._has_lower_limits(connection),
                )
            lag = self._lag(connection, received) if streams else None
        return replication.State(
            follows=streams, lag=lag, error='' if streams else self._error()
        )

    def _error(self) -> str:
        """Return why the server receives no log, as it says itself."""
        log = server_errors.last_log(self._cluster.data_dir / 'log')[1]
        return server_errors.receiver_error(log)

    def _lag(
        self, connection: connections.Connection, received: str | None
    ) -> float | None:
        lag = connections.value(connection, _LAG, received)
        if lag:
            # The last transaction may be long ago, and this one has just come.
            time.sleep(_REPLAY_TIME)
            lag = connections.value(connection, _LAG, received)
        return None if lag is None else max(float(lag), 0.0)

    def _has_lower_limits(self, connection: connections.Connection) -> bool:
        return any(
            int(connections.value(connection, _SETTING, name)) < wanted
            for name, wanted in self._role.limits().items()
        )
