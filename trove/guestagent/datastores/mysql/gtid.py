# SPDX-License-Identifier: Apache-2.0
"""Replication of MySQL.

A position is a set of GTIDs, such as ``UUID:1-100:105``; with tags,
``UUID:1-100:TAG:1-5``.
"""

from __future__ import annotations

from collections.abc import Callable
import re
from typing import Final

from trove.guestagent.datastores.mysql import versions
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import gtid
from trove.guestagent.datastores.mysql_common import role as roles
from trove.guestagent.datastores.mysql_common import upstream

_INTERVAL: Final = re.compile(r':(\d+)(?:-(\d+))?(?=[:,]|$)')

FOLLOW: Final = (
    'CHANGE REPLICATION SOURCE TO SOURCE_HOST = %s, SOURCE_PORT = %s, '
    'SOURCE_USER = %s, SOURCE_PASSWORD = %s, SOURCE_SSL = 1, '
    'SOURCE_CONNECT_RETRY = 5, SOURCE_AUTO_POSITION = 1'
)
FOLLOW_OLD: Final = FOLLOW.replace('REPLICATION SOURCE', 'MASTER').replace(
    'SOURCE_', 'MASTER_'
)


class Dialect(gtid.Dialect):
    """The statements of MySQL.

    :param version: returns that of the server
    """

    read_only = 'read_only', 'super_read_only'
    position = 'SELECT @@GLOBAL.gtid_executed'
    received = 'Retrieved_Gtid_Set'

    def __init__(self, version: Callable[[], versions.Version]) -> None:
        self._version = version

    @property
    def _is_old(self) -> bool:
        return self._version() < versions.REPLICA

    @property
    def replica(self) -> str:
        return 'Slave' if self._is_old else 'Replica'

    @property
    def primary(self) -> str:
        return 'Master' if self._is_old else 'Source'

    def follow(
        self, connection: connections.Connection, state: roles.State
    ) -> None:
        connection.execute(
            FOLLOW_OLD if self._is_old else FOLLOW,
            [state.host, state.port, state.user, state.password],
        )

    def set_position(
        self, connection: connections.Connection, position: str
    ) -> None:
        """Do nothing: a clone knows its position."""

    def has(
        self, connection: connections.Connection, position: str
    ) -> bool:
        rows = connection.execute(
            'SELECT GTID_SUBSET(%s, @@GLOBAL.gtid_executed)', [position]
        )
        return bool(rows[0][0])

    def errant(
        self, connection: connections.Connection, own: str, primary: str
    ) -> str:
        rows = connection.execute(
            'SELECT GTID_SUBTRACT(%s, %s)', [own, primary]
        )
        return upstream.plain(rows[0][0])

    def count(self, position: str) -> int:
        return sum(
            int(last or first) - int(first) + 1
            for first, last in _INTERVAL.findall(position)
        )
