# SPDX-License-Identifier: Apache-2.0
"""Streaming replication of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import logging
import subprocess
import time
from typing import Any
from typing import Final

from psycopg import sql

from trove.common import exception
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import replication
from trove.guestagent.datastores.postgresql import access
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import role as roles
from trove.guestagent.datastores.postgresql import server_errors
from trove.guestagent.datastores.postgresql import slot as slots
from trove.guestagent.datastores.postgresql import upstream as upstreams

LOG = logging.getLogger(__name__)

_ACTION: Final = 'follow its primary'
#: Seconds until a server with the right data follows, and after a rewind.
_FOLLOW_TIMEOUT: Final = 15
_REWOUND_TIMEOUT: Final = 60
#: Seconds for the server to become a primary.
_PROMOTION_TIMEOUT: Final = 60
#: Seconds to copy what differs.
_REWIND_TIMEOUT: Final = 3600

_FOLLOWS: Final = """
SELECT 1 FROM pg_stat_wal_receiver
WHERE status = 'streaming' AND received_tli = %s
"""
_PROMOTE: Final = 'SELECT pg_promote(true, %s)'
_COPY_SLOT: Final = 'SELECT pg_copy_physical_replication_slot(%s, %s)'
_SLOTS: Final = """
SELECT slot_name, active_pid FROM pg_replication_slots
WHERE slot_type = 'physical' AND left(slot_name, %s) = %s
"""
#: What pg_rewind reads a server with.
_READING: Final = """
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean),
pg_stat_file(text, boolean), pg_read_binary_file(text),
pg_read_binary_file(text, bigint, bigint, boolean) TO {}
"""


class Replication:
    """Operations of :class:`trove.guestagent.datastores.base.Driver`.

    :param start: starts the server in its role
    :param stop: stops it cleanly
    :param write_config: writes its configuration
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        connector: connections.Connector,
        role: roles.Role,
        start: Callable[[], None],
        stop: Callable[[], None],
        write_config: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._connector = connector
        self._role = role
        self._start = start
        self._stop = stop
        self._write_config = write_config

    # A primary

    def snapshot(self, replica_id: str | None) -> replication.Context:
        found = self.context()
        found['replica_conf']['administrator'] = {
            'password': self._cluster.password()
        }
        if replica_id is not None:
            with self._connector.open('keep its log') as connection:
                self._keep_for(connection, roles.slot_name(replica_id))
        return found

    def keep_log(self) -> None:
        with self._connector.open('keep its log') as connection:
            slots.reserve(connection)

    def context(self) -> replication.Context:
        self._ensure_user()
        access.let_in(self._cluster, self._connector)
        return {
            'master': {
                'host': replication.own_address(self._cluster.endpoint),
                'port': self._cluster.endpoint.port,
            },
            'replica_conf': {
                'log_position': {},
                'replication_user': {
                    'name': roles.USER,
                    'password': self._role.state.password or '',
                },
            },
        }

    def _ensure_user(self) -> None:
        """Have a user for replicas, whose password is known here."""
        password = self._role.state.password or passwords.generate(
            self._cluster.conf.postgresql.default_password_length
        )
        name = sql.Identifier(roles.USER)
        with self._connector.open('create the replication user') as connection:
            if connections.value(connection, connections.IN_RECOVERY):
                # It has the user from its primary.
                return
            self._role.change(password=password)
            found = connection.execute(
                'SELECT 1 FROM pg_roles WHERE rolname = %s', [roles.USER]
            ).fetchone()
            if found is None:
                connection.execute(sql.SQL('CREATE ROLE {}').format(name))
            connection.execute(
                sql.SQL(
                    'ALTER ROLE {} NOSUPERUSER LOGIN REPLICATION PASSWORD {}'
                ).format(
                    name,
                    sql.Literal(
                        connections.encrypt(connection, roles.USER, password)
                    ),
                )
            )
            connection.execute(sql.SQL(_READING).format(name))

    def _keep_for(self, connection: connections.Connection, name: str) -> None:
        """Keep the log since the newest backup for a replica."""
        found = dict(_slots(connection, name))
        if name in found:
            return
        if not _slots(connection, slots.NAME):
            raise exception.DatastoreError(
                action='let a replica follow',
                reason='it keeps no write-ahead log, as there was no full '
                'backup or snapshot. Make the replica again.',
            )
        connection.execute(_COPY_SLOT, [slots.NAME, name])

    def remove(self, info: Mapping[str, Any]) -> None:
        if info.get('replica_id'):
            self._drop_slots(roles.slot_name(str(info['replica_id'])))

    def demote(self) -> None:
        self._drop_slots(roles.SLOTS)

    def _drop_slots(self, begin: str) -> None:
        with self._connector.open('drop what it keeps') as connection:
            for name, active in _slots(connection, begin):
                if active is not None:
                    connection.execute(
                        'SELECT pg_terminate_backend(%s, 5000)', [active]
                    )
                connection.execute(
                    'SELECT pg_drop_replication_slot(%s)', [name]
                )

    # A replica

    def begin(self, context: replication.Context) -> None:
        """Keep what a new replica follows; its server does not run yet."""
        self.keep(context)
        upstreams.Upstream(context).keep_log(self._role.slot)

    def attach(self, context: replication.Context) -> None:
        upstream = upstreams.Upstream(context)
        administrator = context['replica_conf'].get('administrator')
        if administrator is not None and not self._role.is_primary:
            self._cluster.keep_password(administrator['password'])
        is_standby = (
            self._cluster.server().pid() is not None
            and not self._role.is_primary
            and self._is_in_recovery()
        )
        # From here on it does not start as a primary, whatever happens.
        self.keep(context)
        if not is_standby:
            self._restart()
        timeline = upstream.timeline()
        upstream.keep_log(self._role.slot)
        if is_standby:
            self._reload()
        if self._follows(timeline, _FOLLOW_TIMEOUT):
            return
        LOG.warning(
            'What this server has is not what %s has; it is rewound to where '
            'they are alike.',
            context['master'],
        )
        self._stop()
        try:
            self._rewind(upstream)
        finally:
            self._start()
        if not self._follows(timeline, _REWOUND_TIMEOUT):
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'{self._cluster.server().start_error()}. Delete this '
                'replica, and create another one.',
            )

    def keep(self, context: replication.Context) -> None:
        """Keep whom to follow: from here on it is started as a standby."""
        self._role.change(
            role=roles.STANDBY,
            host=context['master']['host'],
            port=context['master']['port'],
            password=context['replica_conf']['replication_user']['password'],
        )

    def detach(self, for_failover: bool) -> dict[str, Any]:
        if for_failover:
            if not self._role.is_primary:
                self._role.change(host=None, port=None)
                self._reload()
        else:
            self._promote()
            self._forget_user()
        return {'replica_id': self._cluster.conf.guest_id}

    def _forget_user(self) -> None:
        """Drop the user that came from the former primary."""
        name = sql.Identifier(roles.USER)
        with self._connector.open('drop the replication user') as connection:
            if connection.execute(
                'SELECT 1 FROM pg_roles WHERE rolname = %s', [roles.USER]
            ).fetchone():
                connection.execute(sql.SQL('DROP OWNED BY {}').format(name))
                connection.execute(sql.SQL('DROP ROLE {}').format(name))
        self._role.change(password=None)

    def set_read_only(self, read_only: bool) -> None:
        if not read_only:
            self._promote()
            return
        promoting = self._role.state.role == roles.PROMOTING
        if not self._is_in_recovery():
            with self._connector.open('write its changes') as connection:
                # So that stopping it takes no longer than it must.
                connection.execute('SET statement_timeout = 0')
                connection.execute('CHECKPOINT')
        elif not promoting:
            return
        self._role.change(role=roles.STANDBY, host=None, port=None)
        # A promotion that has begun ends with the server.
        self._restart()

    def after_start(self) -> None:
        """Complete a promotion that was interrupted."""
        if self._role.state.role == roles.PROMOTING:
            self._promote()

    def _promote(self) -> None:
        """Become a primary, if it is none; may be repeated."""
        in_recovery = self._is_in_recovery()
        if in_recovery:
            self._role.change(role=roles.PROMOTING, host=None, port=None)
            self._write_config()
        with self._connector.open('become a primary') as connection:
            if in_recovery:
                done = connections.value(
                    connection, _PROMOTE, _PROMOTION_TIMEOUT
                )
                if not done:
                    raise exception.DatastoreError(
                        action='become a primary',
                        reason='it has not finished the replay of its log '
                        f'within {_PROMOTION_TIMEOUT} seconds. Repeat the '
                        'request.',
                    )
            self._role.change(role=roles.PRIMARY, host=None, port=None)
            self._write_config()
            if in_recovery:
                # A rewind needs one on the new timeline.
                connection.execute('SET statement_timeout = 0')
                connection.execute('CHECKPOINT')
        access.reload(self._connector)

    def _is_in_recovery(self) -> bool:
        with self._connector.open('tell its role') as connection:
            return bool(connections.value(connection, connections.IN_RECOVERY))

    def _restart(self) -> None:
        self._stop()
        self._start()

    def _reload(self) -> None:
        self._write_config()
        access.reload(self._connector)

    def _follows(self, timeline: int, seconds: float) -> bool:
        def look() -> bool:
            with self._connector.open(_ACTION) as connection:
                return bool(connections.value(connection, _FOLLOWS, timeline))

        return processes.wait_for(look, seconds)

    def _rewind(self, upstream: upstreams.Upstream) -> None:
        """Make the files those of the primary from where they differ."""
        server = self._cluster.server()
        with server.secret(upstream.passfile()) as handle:
            command = [
                server.programs.program('pg_rewind'),
                f'--target-pgdata={self._cluster.data_dir}',
                f'--source-server={upstream.conninfo}',
            ]
            began = time.monotonic()
            options = server.options(PGPASSFILE=f'/proc/self/fd/{handle}')
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = subprocess.run(
                    command,
                    pass_fds=[handle],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors='replace',
                    timeout=_REWIND_TIMEOUT,
                    **options,
                )
                if done.returncode == 0:
                    LOG.info(
                        'Rewound in %.1f s.', time.monotonic() - began
                    )
                    return
                said = done.stderr.strip()[-server_errors.TAIL:]
                raise exception.DatastoreError(
                    action=_ACTION,
                    reason=f'it has changes that its primary does not have, '
                    f'and pg_rewind said: {said}. Delete this replica, and '
                    'create another one.',
                )
        raise exception.DatastoreError(
            action=_ACTION,
            reason=f'pg_rewind did not end in {_REWIND_TIMEOUT} seconds. '
            'Delete this replica, and create another one.',
        )


def _slots(
    connection: connections.Connection, begin: str
) -> list[tuple[Any, ...]]:
    return connection.execute(_SLOTS, [len(begin), begin]).fetchall()
