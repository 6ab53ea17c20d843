# SPDX-License-Identifier: Apache-2.0
"""The role of the server, and what its configuration has to say of it.

The role is kept in the directory of the agent, and decides what the server is
started as, whatever is in the data directory.
"""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Any
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import files
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import restored

#: The user that replicas connect with, as in released Trove.
USER: Final = 'replicator'
#: How the names of slots of replicas begin.
SLOTS: Final = 'trove_'

PRIMARY: Final = 'primary'
STANDBY: Final = 'standby'
#: It was ordered to become the primary, and this is not known to be done.
PROMOTING: Final = 'promoting'

_FILE: Final = 'postgresql-replication.json'
_PASSWORDS: Final = 'replication.pgpass'
#: Limits that a standby must not have lower than its primary, by how
#: pg_controldata names them.
_LIMITS: Final = {
    'max_connections setting': 'max_connections',
    'max_worker_processes setting': 'max_worker_processes',
    'max_wal_senders setting': 'max_wal_senders',
    'max_prepared_xacts setting': 'max_prepared_transactions',
    'max_locks_per_xact setting': 'max_locks_per_transaction',
}


@dataclasses.dataclass(frozen=True)
class State:
    """What is kept.

    :param role: see above
    :param host: of the primary that is followed; None: nobody
    :param password: of the user for replicas; None: not known here
    """

    role: str = PRIMARY
    host: str | None = None
    port: int | None = None
    password: str | None = dataclasses.field(default=None, repr=False)


class Role:
    """Keeps the role of a cluster.

    :param guest_id: names the slot at the primary
    """

    def __init__(self, cluster: clusters.Cluster, guest_id: str) -> None:
        self._cluster = cluster
        self._path = cluster.state_dir / _FILE
        self._passwords = cluster.config_dir / _PASSWORDS
        self.slot = slot_name(guest_id)
        values = files.read_json(self._path)
        names = {field.name for field in dataclasses.fields(State)}
        self.state = State(**{k: v for k, v in values.items() if k in names})

    def change(self, **values: Any) -> None:
        """Change what is kept; the server is not told."""
        state = dataclasses.replace(self.state, **values)
        if state != self.state:
            files.write_json(self._path, dataclasses.asdict(state))
            self.state = state

    @property
    def is_primary(self) -> bool:
        return self.state.role == PRIMARY

    def before_start(self) -> None:
        """Have the data directory say what the server starts as.

        :raises trove.common.exception.DatastoreError: it cannot be written
        """
        path = self._cluster.data_dir / restored.STANDBY
        if not self._path.exists() and os.path.lexists(path):
            # The server of the instance was rebuilt; its data are a replica's.
            self.change(role=STANDBY)
        wanted = not self.is_primary
        if os.path.lexists(path) == wanted:
            return
        command = ['touch'] if wanted else ['rm', '--force']
        # As the user of the server, whose directory it is.
        done = self._cluster.server().run(
            lambda _: [*command, '--', os.fspath(path)]
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action=f'start as {self.state.role}',
                reason=f'{done.stderr.strip()[-500:]}. Check the volume.',
            )

    def settings(self) -> dict[str, Any]:
        """Return the settings for the role, the limits besides."""
        state = self.state
        if self.is_primary:
            return {}
        settings: dict[str, Any] = {
            'hot_standby': True,
            'wal_retrieve_retry_interval': '1s',
            **self.limits(),
        }
        if state.role == STANDBY and state.host is not None:
            settings['primary_conninfo'] = (
                f'host={_quote(state.host)} port={state.port} user={USER} '
                f'passfile={_quote(os.fspath(self._passwords))} '
                f'application_name={self.slot} connect_timeout=10'
            )
            settings['primary_slot_name'] = self.slot
        return settings

    def write_password(self) -> None:
        """Write the file that the server has the password from."""
        password = self.state.password
        if password is None:
            return
        text = f'*:*:*:{USER}:{password}\n'
        files.write(self._passwords, text, durable=False)
        if self._cluster.account is not None:
            # The client library ignores a file that a group may read.
            self._cluster.account.own(self._passwords)

    def limits(self) -> dict[str, int]:
        """Return the limits of the primary, as this server knows them."""
        if not self._cluster.data_dir.exists():
            return {}
        control = read_control(self._cluster)
        return {
            name: int(control[said])
            for said, name in _LIMITS.items()
            if control.get(said, '').isdigit()
        }


def read_control(cluster: clusters.Cluster) -> dict[str, str]:
    """Return what pg_controldata says, empty when it says nothing."""
    server = cluster.server()
    program = server.programs.program('pg_controldata')
    if not os.path.exists(program):
        return {}
    done = server.run(lambda _: [program, os.fspath(cluster.data_dir)])
    pairs = (line.partition(':') for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def slot_name(replica_id: str) -> str:
    """Return the name of a replica's slot at its primary."""
    return SLOTS + re.sub('[^a-z0-9_]', '_', replica_id.lower())[:57]


def _quote(value: str) -> str:
    """Quote a value of a connection string."""
    return "'" + value.replace('\\', '\\\\').replace("'", "\\'") + "'"
