# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL driver: what differs from other SQL servers."""

from __future__ import annotations

import contextlib

from oslo_config import cfg

from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores import settings
from trove.guestagent.datastores import sql
from trove.guestagent.datastores.postgresql import backup
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import connection
from trove.guestagent.datastores.postgresql import databases
from trove.guestagent.datastores.postgresql import grants
from trove.guestagent.datastores.postgresql import restore
from trove.guestagent.datastores.postgresql import root
from trove.guestagent.datastores.postgresql import users

Capability = base.Capability


class PostgreSQL(sql.SQLDriver):
    """PostgreSQL 13 or later.

    :param conf: uses the groups ``guestagent`` and ``postgresql``; nothing
        is changed or searched for before the first operation
    """

    name = 'postgresql'
    capabilities = sql.SQLDriver.capabilities | {
        Capability.BACKUP,
    }

    home: clusters.Cluster
    connector: connection.Connector
    databases: databases.Databases

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, clusters.Cluster(conf))
        connector = connection.Connector(
            self.home.endpoint, self.home.password
        )
        self.connector = connector
        self.databases = databases.Databases(connector, self.rules)
        self.users = users.Users(
            connector, grants.Grants(connector, self.rules), self.rules
        )
        self.root = root.Root(
            connector, conf.postgresql.default_password_length
        )
        self._backups = backup.Backups(
            self.home,
            connector,
            self.volume_bytes,
            conf.guestagent.backup_stall_timeout,
        )
        self._restore = restore.Restore(
            self.home,
            self.write_config,
            conf.guestagent.recovery_timeout,
            conf.guestagent.stop_timeout,
        )

    # The server

    def create_data(self, preparation: base.Preparation) -> None:
        if preparation.backup is None:
            super().create_data(preparation)
        else:
            self._restore.restore(preparation.backup())

    def close_openings(self) -> None:
        self.databases.close_template()

    def check_start(self) -> None:
        if self.home.data_dir.exists():
            self.write_config()
            self.home.server().check_start()

    # Its settings

    def apply_overrides(self, overrides: base.Settings) -> None:
        self.home.server().reload()

    def check_overrides(self, overrides: base.Settings) -> None:
        text = config.render(overrides)
        if text and (self.home.data_dir / self.home.witness).exists():
            self.home.server().check(text)

    def write_config(self) -> None:
        sizing = postgresql_settings.memory(
            self.memory_mb
        ) | postgresql_settings.volume(self.volume_bytes())
        contents = {
            '10-sizing.conf': config.render(sizing),
            '20-basic.conf': self.store.basic,
            '50-user.conf': config.render(self.store.overrides),
            '90-agent.conf': config.render(postgresql_settings.AGENT),
        }
        settings.write(
            self.home.config_dir,
            {
                f'{config.INCLUDE_DIR}/{name}': text
                for name, text in contents.items()
            }
            | config.main_files(self.home.data_dir),
            self.home.account,
        )

    # Backups

    def backup(
        self, request: backups.Request
    ) -> contextlib.AbstractContextManager[backups.Stream]:
        return self._backups.make(request)
