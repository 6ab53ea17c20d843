# SPDX-License-Identifier: Apache-2.0
"""The MariaDB driver: what differs from MySQL."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from typing import Any

from oslo_config import cfg

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores.mariadb import backup
from trove.guestagent.datastores.mariadb import gtid
from trove.guestagent.datastores.mariadb import restore
from trove.guestagent.datastores.mariadb import server as servers
from trove.guestagent.datastores.mysql_common import archive as archives
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import replay
from trove.guestagent.datastores.mysql_common import replicating

#: The agent's statements are in no log of the server, and none waits long for
#: a lock.
_SESSION = (
    'sql_log_off = 1, slow_query_log = 0, lock_wait_timeout = 30, '
    'max_statement_time = 120'
)
#: MiB that the tool needs to replay a log.
_LEAST_MB = 96


class MariaDB(replicating.ReplicatingDriver):
    """MariaDB 10.6 or later.

    :param conf: uses the groups ``guestagent`` and ``mariadb``; nothing is
        changed or searched for before the first operation
    """

    name = 'mariadb'
    reload_tls = 'FLUSH LOCAL SSL'
    settings = mysql_settings.MariaDB()
    dialect = gtid.Dialect()
    withheld = 'READ_ONLY ADMIN'
    replication_strategy = 'MariaDBGTIDReplication'
    capabilities = replicating.ReplicatingDriver.capabilities | {
        base.Capability.BACKUP,
        base.Capability.LOG_ARCHIVE,
    }

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, servers.Home(conf), _SESSION)
        self._backups = backup.Backups(
            self.home,
            self.connector,
            self.identified,
            conf.guestagent.backup_stall_timeout,
        )
        self._archive = archives.Archive(self.home.data_dir, self.connector)
        self._replayer = replay.Replayer(
            self.home,
            'mariadb-binlog',
            'mariadb',
            conf.guestagent.backup_stall_timeout,
        )
        self._restore = restore.Restore(
            self.home,
            conf.guestagent.recovery_timeout,
            conf.guestagent.stop_timeout,
            conf.guestagent.backup_stall_timeout,
        )

    def identified(self, password: str) -> str:
        once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
        twice = hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
        return f"IDENTIFIED VIA mysql_native_password USING '*{twice}'"

    def own_settings(self) -> dict[str, Any]:
        return {
            'gtid_strict_mode': True,
            'log_slave_updates': True,
            # The volume may have been mounted here.
            'ignore_db_dirs': 'lost+found',
        }

    def init_statements(self) -> str:
        # Of a backup that the server was stopped in, or an agent killed.
        return (
            super().init_statements()
            + f'DROP USER IF EXISTS {backup.ACCOUNT};\n'
        )

    def encrypts(self, connection: connections.Connection) -> bool:
        ((found,),) = connection.execute('SELECT @@GLOBAL.have_ssl')
        return bool(found == 'YES')

    # Backups

    def restore_data(self, preparation: base.Preparation) -> str:
        assert preparation.backup is not None
        self._restore.restore(
            preparation.backup(), max(_LEAST_MB, self.memory_mb // 2)
        )
        if preparation.snapshot is None:
            return ''
        return restore.position(self.home.data_dir)

    def backup(
        self, request: backups.Request
    ) -> contextlib.AbstractContextManager[backups.Stream]:
        return self._backups.make(request)

    # The log of changes

    def replay_log(self, log: archive.Replay) -> None:
        start = restore.log_start(self.home.data_dir)
        server = self.home.server()
        server.answers = self.connector.answers
        self.write_config()
        try:
            server.start(
                self._conf.guestagent.recovery_timeout, *replay.OPTIONS
            )
            self._replayer.replay(log, start)
        finally:
            server.stop(self._conf.guestagent.stop_timeout)

    def close_log(self, after: str | None) -> archive.Closed:
        return self._archive.close(after)

    def drop_log(self, name: str) -> None:
        """Do nothing: the server removes what is old enough."""

    def end_log(self) -> None:
        """Do nothing: nothing is kept for the archive."""

    def log_time(self) -> datetime.datetime:
        return self._archive.time()
