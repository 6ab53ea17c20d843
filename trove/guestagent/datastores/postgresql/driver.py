# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL driver: delegates to the modules of this package."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import logging
import os
from typing import Any

from oslo_config import cfg

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores import volume
from trove.guestagent.datastores.postgresql import backup
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import connection
from trove.guestagent.datastores.postgresql import databases
from trove.guestagent.datastores.postgresql import grants
from trove.guestagent.datastores.postgresql import restore
from trove.guestagent.datastores.postgresql import root
from trove.guestagent.datastores.postgresql import server
from trove.guestagent.datastores.postgresql import users

LOG = logging.getLogger(__name__)

Capability = base.Capability

_GIB = 1024**3


class PostgreSQL(base.Driver):
    """PostgreSQL 13 or later.

    :param conf: uses the groups ``guestagent`` and ``postgresql``; nothing
        is changed or searched for before the first operation
    """

    name = 'postgresql'
    capabilities = frozenset(
        (
            Capability.ACCESS,
            Capability.BACKUP,
            Capability.CONFIGURATION,
            Capability.DATABASES,
            Capability.ROOT,
            Capability.USERS,
            Capability.VOLUME,
            Capability.VOLUME_SIZE,
        )
    )

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._cluster = clusters.Cluster(conf)
        self._data_dir = self._cluster.data_dir
        self._store = config.Store(self._cluster.state_dir / 'postgresql.json')
        self._connector = connection.Connector(
            self._cluster.endpoint, self._cluster.password
        )
        rules = datastores.rules(
            self.name, conf.postgresql.ignore_dbs, conf.postgresql.ignore_users
        )
        self._databases = databases.Databases(self._connector, rules)
        self._grants = grants.Grants(self._connector, rules)
        self._users = users.Users(self._connector, self._grants, rules)
        self._backups = backup.Backups(self._cluster, self._connector)
        self._restore = restore.Restore(
            self._cluster,
            self._write_config,
            conf.guestagent.recovery_timeout,
            conf.guestagent.stop_timeout,
        )
        self._root = root.Root(
            self._connector, conf.postgresql.default_password_length
        )

    # The server

    def prepare(self, preparation: base.Preparation) -> None:
        self._databases.check(preparation.databases)
        self._users.check(preparation.users)
        volume.require_directory(preparation.device_path)
        self._cluster.require(preparation.version)
        self._store.memory_mb = preparation.memory_mb
        self._store.basic = preparation.config_contents or ''
        self._store.overrides = dict(preparation.overrides)
        self._store.save()
        if preparation.backup is None:
            self._cluster.initialize()
        else:
            self._restore.restore(preparation.backup())
        self._check(dict(preparation.overrides))
        self.start()
        self._databases.close_template()
        self._databases.create(preparation.databases)
        self._users.create(preparation.users)
        if preparation.root_password:
            self._root.enable(preparation.root_password)
        self._cluster.settle()

    def start(self) -> None:
        running = self._cluster.server()
        timeout = self._conf.guestagent.start_timeout
        if running.pid() is not None:
            running.start(timeout)
            return
        self._write_config()
        try:
            running.start(timeout)
        except exception.DatastoreError as error:
            # One that is slow to come up is no reason.
            if running.pid() is None:
                self._start_as_before(running, error)
            raise
        self._store.prove()

    def _start_as_before(
        self, running: server.Server, error: exception.DatastoreError
    ) -> None:
        """Start without the settings that it has never started with.

        Returns when there are none, or they are not to blame.

        :raises SettingsTakenBack: it runs
        """
        told = self._store.take_back()
        if told is None:
            return
        LOG.error(
            'PostgreSQL does not start with the new values of its '
            'configuration group; it gets the former ones: %s',
            error,
        )
        self._write_config()
        try:
            running.start(self._conf.guestagent.start_timeout)
        except exception.DatastoreError:
            self._store.overrides = told
            self._store.save()
            return
        reason = error.values['reason']
        raise exception.SettingsTakenBack(reason=reason) from error

    def check_start(self) -> None:
        if self._data_dir.exists():
            self._write_config()
            self._cluster.server().check_start()

    def stop(self) -> None:
        self._cluster.server().stop(self._conf.guestagent.stop_timeout)

    def pid(self) -> int | None:
        if not self._data_dir.exists():
            return None
        return self._cluster.server().pid()

    def answers(self) -> bool:
        return self._connector.answers()

    def version(self) -> str | None:
        return self._connector.version

    # Its settings

    def update_overrides(
        self, overrides: base.Settings, remove: bool = False
    ) -> None:
        settings = dict(overrides)
        if not settings and not remove:
            return
        self._check(settings)
        self._store.overrides = settings
        self._store.save()
        if self._data_dir.exists():
            self._write_config()

    def apply_overrides(self, overrides: base.Settings) -> None:
        self._cluster.server().reload()

    def configure(self, config_contents: str | None) -> None:
        if config_contents is not None:
            self._store.basic = config_contents
        # The server may have been resized, and the order has no size.
        self._store.memory_mb = _machine_memory_mb()
        self._store.save()

    def _check(self, settings: dict[str, Any]) -> None:
        text = config.render(settings)
        if text and (self._data_dir / 'PG_VERSION').exists():
            self._cluster.server().check(text)

    def _write_config(self) -> None:
        contents = {
            '10-sizing.conf': self._store.sizing(
                self._conf.guestagent.memory_mb, self._volume_bytes()
            ),
            '20-basic.conf': self._store.basic,
            '50-user.conf': config.render(self._store.overrides),
            '90-agent.conf': config.render(postgresql_settings.AGENT),
        }
        config.write(
            self._cluster.config_dir,
            self._data_dir,
            contents,
            self._cluster.account,
        )

    # Databases, users, grants, root

    def create_databases(self, databases: Sequence[base.Database]) -> None:
        self._databases.create(databases)

    def delete_database(self, name: str) -> None:
        self._databases.delete(name)

    def list_databases(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> base.DatabasePage:
        return self._databases.page(limit, marker, include_marker)

    def create_users(self, users: Sequence[base.User]) -> None:
        self._users.create(users)

    def delete_user(self, name: str, host: str | None) -> None:
        self._users.delete(name, host)

    def list_users(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> base.UserPage:
        return self._users.page(limit, marker, include_marker)

    def get_user(self, name: str, host: str | None) -> base.User | None:
        return self._users.get(name, host)

    def update_user(
        self, name: str, host: str | None, attributes: base.UserAttributes
    ) -> None:
        self._users.update(name, host, attributes)

    def list_access(self, name: str, host: str | None) -> list[base.Database]:
        return self._users.access(name, host)

    def grant_access(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        self._users.require(name, host)
        self._grants.grant(name, databases)

    def revoke_access(
        self, name: str, host: str | None, database: str
    ) -> None:
        self._users.require(name, host)
        self._grants.revoke(name, database)

    def enable_root(self, password: str | None = None) -> base.User:
        return self._root.enable(password)

    def disable_root(self) -> None:
        self._root.disable()

    def is_root_enabled(self) -> bool:
        return self._root.is_enabled()

    # Backups

    def backup(
        self, request: backups.Request
    ) -> contextlib.AbstractContextManager[backups.Stream]:
        return self._backups.make(request)

    # The volume

    def filesystem_stats(self) -> base.FilesystemStats:
        return volume.stats(self._data_dir, self._conf.guestagent.volume_size)

    def _volume_bytes(self) -> int:
        return int(self.filesystem_stats()['total'] * _GIB)

    def mount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        volume.require_directory(device_path)

    def unmount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        volume.require_directory(device_path)

    def resize_fs(
        self,
        device_path: str | None,
        mount_point: str | None,
        online: bool = False,
    ) -> None:
        """Store the new size of a directory, which has none of its own."""
        volume.require_directory(device_path)
        self._conf.mutate_config_files()


def _machine_memory_mb() -> int:
    pages = os.sysconf('SC_PHYS_PAGES')
    return pages * os.sysconf('SC_PAGE_SIZE') // 1024**2
