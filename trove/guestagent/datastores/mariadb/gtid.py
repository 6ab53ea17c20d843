# SPDX-License-Identifier: Apache-2.0
"""Replication of MariaDB.

A position has one GTID for each domain, ``DOMAIN-SERVER-SEQUENCE``: there are
all transactions of the domain up to it.
"""

from __future__ import annotations

import re
from typing import Final

from trove.common import exception
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import gtid
from trove.guestagent.datastores.mysql_common import role as roles
from trove.guestagent.datastores.mysql_common import upstream

_GTID: Final = re.compile(r'(\d+)-(\d+)-(\d+)')


class Dialect(gtid.Dialect):
    read_only = ('read_only',)
    witness = 'master.info'
    position = 'SELECT @@GLOBAL.gtid_current_pos'
    replica = 'Slave'
    primary = 'Master'
    received = 'Gtid_IO_Pos'

    def follow(
        self, connection: connections.Connection, state: roles.State
    ) -> None:
        # What it wrote as a primary counts, too.
        connection.execute(
            'SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_current_pos'
        )
        connection.execute(
            'CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, '
            'MASTER_USER = %s, MASTER_PASSWORD = %s, MASTER_SSL = 1, '
            'MASTER_SSL_VERIFY_SERVER_CERT = 0, MASTER_CONNECT_RETRY = 5, '
            'MASTER_USE_GTID = slave_pos',
            [state.host, state.port, state.user, state.password],
        )

    def set_position(
        self, connection: connections.Connection, position: str
    ) -> None:
        parse(position)
        connection.execute('SET GLOBAL gtid_slave_pos = %s', [position])

    def inherited(self, connection: connections.Connection) -> str:
        # What the other wrote itself is in no position of this server, whose
        # id is another one.
        rows = connection.execute(
            'SELECT @@GLOBAL.gtid_slave_pos, @@GLOBAL.gtid_binlog_pos'
        )
        found: dict[int, tuple[int, int]] = {}
        for position in map(upstream.plain, rows[0]):
            for domain, (server, sequence) in parse(position).items():
                if sequence >= found.get(domain, (0, 0))[1]:
                    found[domain] = server, sequence
        return ','.join(
            f'{domain}-{server}-{sequence}'
            for domain, (server, sequence) in found.items()
        )

    def has(
        self, connection: connections.Connection, position: str
    ) -> bool:
        own = upstream.plain(connection.execute(self.position)[0][0])
        applied = parse(own)
        return all(
            applied.get(domain, (0, 0))[1] >= sequence
            for domain, (_, sequence) in parse(position).items()
        )

    def errant(
        self, connection: connections.Connection, own: str, primary: str
    ) -> str:
        theirs = parse(primary)
        return ','.join(
            f'{domain}-{server}-{sequence}'
            for domain, (server, sequence) in parse(own).items()
            if sequence > theirs.get(domain, (0, 0))[1]
            or (
                sequence == theirs[domain][1] and server != theirs[domain][0]
            )
        )

    def count(self, position: str) -> int:
        return sum(sequence for _, sequence in parse(position).values())


def parse(position: str) -> dict[int, tuple[int, int]]:
    """Return server and sequence by domain.

    :raises trove.common.exception.BadRequest: it is malformed
    """
    found = {}
    for word in filter(None, position.split(',')):
        parts = _GTID.fullmatch(word)
        if parts is None:
            raise exception.BadRequest(
                reason=f'{position[:200]!r} is no position of MariaDB, such '
                'as "0-1-100".'
            )
        domain, server, sequence = map(int, parts.groups())
        found[domain] = server, sequence
    return found
