# SPDX-License-Identifier: Apache-2.0
"""The MySQL driver: what differs from MariaDB."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from oslo_config import cfg

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores.mysql import backup
from trove.guestagent.datastores.mysql import gtid
from trove.guestagent.datastores.mysql import passwords
from trove.guestagent.datastores.mysql import restore
from trove.guestagent.datastores.mysql import server as servers
from trove.guestagent.datastores.mysql import versions
from trove.guestagent.datastores.mysql_common import archiving
from trove.guestagent.datastores.mysql_common import replay

LOG = logging.getLogger(__name__)

#: The agent's statements are not in the general log, and none waits long for
#: a lock.
_SESSION = (
    'sql_log_off = 1, lock_wait_timeout = 30, max_execution_time = 120000'
)


class MySQL(archiving.ArchivingDriver):
    """MySQL 5.7, 8.0 or later.

    :param conf: uses the groups ``guestagent`` and ``mysql``; nothing is
        changed or searched for before the first operation
    """

    name = 'mysql'
    log_reader = 'mysqlbinlog'
    client = 'mysql'
    settings = mysql_settings.MySQL()
    replication_strategy = 'MysqlGTIDReplication'
    # The first words are those of releases, which tests of others look for.
    never_off = (
        'Not supported: MySQL is not without encryption, which its passwords '
        'rely on. Enable it in the mode "basic", which lets in connections '
        'without it.'
    )
    capabilities = archiving.ArchivingDriver.capabilities | {
        base.Capability.BACKUP,
    }

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        home = servers.Home(conf)
        self.dialect = gtid.Dialect(lambda: home.server().programs.version)
        super().__init__(conf, home, _SESSION)
        self._backups = backup.Backups(
            self.home, self.connector, conf.guestagent.backup_stall_timeout
        )
        self._restore = restore.Restore(
            self.home,
            conf.guestagent.stop_timeout,
            conf.guestagent.backup_stall_timeout,
        )

    def _has(self, since: versions.Version) -> bool:
        return self.home.server().programs.version >= since

    @property
    def reload_tls(self) -> str | None:
        has = self._has(versions.CHECKED)
        return 'ALTER INSTANCE RELOAD TLS' if has else None

    def identified(self, password: str) -> str:
        if self._has(versions.CACHING_SHA2):
            return passwords.identified(password)
        return passwords.identified_natively(password)

    def own_settings(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            'gtid_mode': 'ON',
            'enforce_gtid_consistency': 'ON',
            'secure_file_priv': 'NULL',
        }
        if self._has(versions.MYSQLX):
            # A second port, which nobody would secure.
            found['mysqlx'] = 'OFF'
        if self._has(versions.MODERN):
            # Else SET PERSIST would override all of these files.
            found['persisted_globals_load'] = False
        else:
            # A replica that is promoted can be followed, and one that
            # crashed goes on where it was.
            found |= {
                'log_slave_updates': True,
                'master_info_repository': 'TABLE',
                'relay_log_info_repository': 'TABLE',
                'relay_log_recovery': True,
            }
        return found

    def sizing(self) -> dict[str, Any]:
        found = super().sizing()
        if not self._has(versions.MODERN):
            seconds = found.pop('binlog_expire_logs_seconds')
            found['expire_logs_days'] = seconds // 86400
        return found

    # Backups

    def restore_data(self, preparation: base.Preparation) -> str:
        assert preparation.backup is not None
        chain = preparation.backup()
        self._restore.restore(chain)
        if chain[1:]:
            with self.replaying() as replayer:
                for link in chain[1:]:
                    LOG.info('Replaying %s', link.location)
                    replayer.replay_files(link.read())
        return ''

    def backup(
        self, request: backups.Request
    ) -> contextlib.AbstractContextManager[backups.Stream]:
        return self._backups.make(request)

    def log_start(self, preparation: base.Preparation) -> replay.Position:
        assert preparation.backup is not None
        return restore.log_start(preparation.backup()[-1].metadata)
