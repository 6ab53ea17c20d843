# SPDX-License-Identifier: Apache-2.0
"""The MariaDB driver: what differs from MySQL."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import pathlib
from typing import Any

from oslo_config import cfg

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores.mariadb import backup
from trove.guestagent.datastores.mariadb import gtid
from trove.guestagent.datastores.mariadb import restore
from trove.guestagent.datastores.mariadb import server as servers
from trove.guestagent.datastores.mysql_common import archiving
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import native
from trove.guestagent.datastores.mysql_common import replay

#: The agent's statements are in no log of the server, and none waits long for
#: a lock.
_SESSION = (
    'sql_log_off = 1, slow_query_log = 0, lock_wait_timeout = 30, '
    'max_statement_time = 120'
)
#: MiB that the tool needs to replay a log.
_LEAST_MB = 96


class MariaDB(archiving.ArchivingDriver):
    """MariaDB 10.6 or later.

    :param conf: uses the groups ``guestagent`` and ``mariadb``; nothing is
        changed or searched for before the first operation
    """

    name = 'mariadb'
    reload_tls = 'FLUSH LOCAL SSL'
    log_reader = 'mariadb-binlog'
    client = 'mariadb'
    settings = mysql_settings.MariaDB()
    dialect = gtid.Dialect()
    withheld = 'READ_ONLY ADMIN'
    replication_strategy = 'MariaDBGTIDReplication'
    capabilities = archiving.ArchivingDriver.capabilities | {
        base.Capability.BACKUP,
        base.Capability.VERIFICATION,
    }

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, servers.Home(conf), _SESSION)
        self._backups = backup.Backups(
            self.home,
            self.connector,
            self.identified,
            conf.guestagent.backup_stall_timeout,
        )
        self._restore = restore.Restore(
            self.home,
            conf.guestagent.recovery_timeout,
            conf.guestagent.stop_timeout,
            conf.guestagent.backup_stall_timeout,
        )

    def identified(self, password: str) -> str:
        verifier = native.verifier(password)
        return f"IDENTIFIED VIA mysql_native_password USING '{verifier}'"

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

    def scratch(self) -> pathlib.Path:
        return self.home.make_scratch()

    def drop_scratch(self) -> None:
        self.home.drop_scratch()

    def verify_backup(
        self, chain: Sequence[backups.Link], directory: pathlib.Path
    ) -> None:
        self._restore.verify(chain, directory, _LEAST_MB)

    def log_start(self, preparation: base.Preparation) -> replay.Position:
        return restore.log_start(self.home.data_dir)
