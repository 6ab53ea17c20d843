# SPDX-License-Identifier: Apache-2.0
"""The common part of the drivers of SQL servers.

A driver delegates to the directory with the data, the stored settings, and
the operations on databases, users and root.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
import logging
from typing import Any
from typing import Protocol

from oslo_config import cfg

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import base
from trove.guestagent.datastores import checks
from trove.guestagent.datastores import device
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import logs
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores import settings as stores
from trove.guestagent.datastores import tls
from trove.guestagent.datastores import upgrade
from trove.guestagent.datastores import volume
from trove.guestagent.datastores import volumes

LOG = logging.getLogger(__name__)

Capability = base.Capability

_GIB = 1024**3


class Databases(Protocol):
    """Operations on databases, see :class:`.base.Driver`."""

    def create(self, databases: Sequence[base.Database]) -> None: ...

    def delete(self, name: str) -> None: ...

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.DatabasePage: ...


class Users(Protocol):
    """Operations on users, see :class:`.base.Driver`."""

    def create(self, users: Sequence[base.User]) -> None: ...

    def delete(self, name: str, host: str | None) -> None: ...

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.UserPage: ...

    def get(self, name: str, host: str | None) -> base.User | None: ...

    def update(
        self, name: str, host: str | None, attributes: base.UserAttributes
    ) -> None: ...

    def access(self, name: str, host: str | None) -> list[base.Database]: ...

    def grant(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None: ...

    def revoke(self, name: str, host: str | None, database: str) -> None: ...


class Root(Protocol):
    """Operations on root, see :class:`.base.Driver`."""

    def enable(self, password: str | None = None) -> base.User: ...

    def disable(self) -> None: ...

    def is_enabled(self) -> bool: ...


class Connector(Protocol):
    """Connects to the server as its administrator."""

    @property
    def version(self) -> str | None:
        """The version that the server reported last."""

    def answers(self) -> bool: ...


class SQLDriver(logs.Logged, tls.Secured, volumes.OnVolume, base.Driver):
    """A driver of an SQL server, without what differs between them.

    Subclasses set a name and the attributes below.
    """

    capabilities = frozenset(
        (
            Capability.ACCESS,
            Capability.CONFIGURATION,
            Capability.DATABASES,
            Capability.LOGS,
            Capability.REBUILD,
            Capability.ROOT,
            Capability.SNAPSHOT,
            Capability.TLS,
            Capability.UPGRADE,
            Capability.USERS,
            Capability.VOLUME,
            Capability.VOLUME_SIZE,
        )
    )

    home: homes.Home[Any]
    connector: Connector
    databases: Databases
    users: Users
    root: Root

    def __init__(
        self, conf: cfg.ConfigOpts, home: homes.Home[Any]
    ) -> None:
        self._conf = conf
        self.home = home
        group = conf[home.kind.group]
        self.rules = datastores.rules(
            self.name, group.ignore_dbs, group.ignore_users
        )
        self.store = stores.Store(home.state_dir / f'{self.name}.json')
        self.secured = tls.Store(home.kept_dir / 'tls.json')
        self.volume = device.Device(
            conf, home.state_dir, home.data_dir, conf[self.name].mount_point
        )

    @abc.abstractmethod
    def write_config(self) -> None:
        """Write the files for the next start or reload."""

    @abc.abstractmethod
    def check_overrides(self, overrides: base.Settings) -> None:
        """Check that the server accepts these settings.

        :raises trove.common.exception.BadRequest: it does not
        """

    @abc.abstractmethod
    def close_openings(self) -> None:
        """Revoke what a new server grants to everybody."""

    def create_data(self, preparation: base.Preparation) -> None:
        """Create the database on the disk, unless it exists."""
        if not preparation.from_snapshot:
            self.home.initialize()
            return
        if self.home.is_foreign:
            self.secured.save(tls.State(), None)
        self.begin_with_volume()

    # The server

    def prepare(self, preparation: base.Preparation) -> None:
        checks.check_databases(self.rules, preparation.databases)
        checks.check_users(self.rules, preparation.users)
        self.volume.adopt(preparation.device_path, preparation.mount_point)
        if preparation.from_snapshot:
            # The volume may be larger than that of the snapshot.
            self.volume.grow(preparation.device_path, preparation.mount_point)
        self.home.require(preparation.version)
        self.check_overrides(preparation.overrides)
        self.store.begin(preparation)
        if preparation.snapshot is not None:
            # Before a customer can connect.
            state = tls.State.of_primary(preparation.snapshot)
            self.secured.save(state or tls.State(), None)
        self.create_data(preparation)
        self.check_overrides(preparation.overrides)
        self.start()
        if preparation.snapshot is not None:
            # What is in a replica comes from its primary.
            self.home.settle()
            return
        self.close_openings()
        self.databases.create(preparation.databases)
        self.users.create(preparation.users)
        if preparation.root_password:
            self.root.enable(preparation.root_password)
        self.home.settle()

    def rebuild(self, preparation: base.Preparation) -> None:
        options = self._conf[self.name]
        if self.volume.may_be_at(options.mount_point):
            self.volume.mount(options.device_path, options.mount_point)
        self.mounted()
        self.home.require(preparation.version)
        self.store.begin(preparation)
        self.secured.load()
        self.check_overrides(preparation.overrides)
        self.home.take_over(self.reset_password)
        self.start()

    def check_upgrade(self, version: str) -> None:
        if self.home.data_dir.exists():
            self.write_config()
        upgrade.check(self.home, version)

    def upgrade(self, version: str) -> None:
        upgrade.carry_out(self.home, self.start, self.stop, version)

    def finish_upgrade(self) -> None:
        """There is nothing to do, unless a driver says what."""

    def mounted(self) -> None:
        """Take note of what is on the volume, before anything is started."""

    def start(self) -> None:
        timeout = self._conf.guestagent.start_timeout
        if self.pid() is None:
            self.volume.restore()
            self.mounted()
        # Which programs it takes is known by the data.
        running = self.home.server()
        if running.pid() is not None:
            running.start(timeout)
            return
        self.secured.load()
        self.home.require_data()
        self.write_config()
        try:
            running.start(timeout)
        except exception.DatastoreError as error:
            # One that is slow to come up is no reason.
            if running.pid() is None:
                self._start_as_before(running, error)
            raise
        self.store.prove()

    def _start_as_before(
        self, running: servers.Server, error: exception.DatastoreError
    ) -> None:
        """Start without the settings that it has never started with.

        Returns when there are none, or they are not to blame.

        :raises SettingsTakenBack: it runs
        """
        told = self.store.take_back()
        if told is None:
            return
        LOG.error(
            '%s does not start with the new values of its configuration '
            'group; it gets the former ones: %s',
            running.title,
            error,
        )
        self.write_config()
        try:
            running.start(self._conf.guestagent.start_timeout)
        except exception.DatastoreError:
            self.store.overrides = told
            self.store.save()
            return
        reason = f'{str(error.values["reason"]).rstrip(".")}.'
        raise exception.SettingsTakenBack(reason=reason) from error

    def stop(self) -> None:
        self.home.server().stop(self._conf.guestagent.stop_timeout)

    def pid(self) -> int | None:
        if not self.home.data_dir.exists():
            return None
        pid: int | None = self.home.server().pid()
        return pid

    def answers(self) -> bool:
        return self.connector.answers()

    def version(self) -> str | None:
        return self.connector.version

    # Its settings

    def update_overrides(
        self, overrides: base.Settings, remove: bool = False
    ) -> None:
        settings = dict(overrides)
        if not settings and not remove:
            return
        self.check_overrides(settings)
        self.store.override(settings)
        if self.home.data_dir.exists():
            self.write_config()

    @abc.abstractmethod
    def apply_overrides(self, overrides: base.Settings) -> None: ...

    def configure(self, config_contents: str | None) -> None:
        if config_contents is not None:
            self.store.basic = config_contents
        # The server may have been resized, and the order has no size.
        self.store.memory_mb = stores.machine_memory_mb()
        self.store.save()

    @property
    def memory_mb(self) -> int:
        """The memory for the database server, in MiB."""
        return self.store.memory(self._conf.guestagent.memory_mb)

    # Databases, users, grants, root

    def create_databases(self, databases: Sequence[base.Database]) -> None:
        self.databases.create(databases)

    def delete_database(self, name: str) -> None:
        self.databases.delete(name)

    def list_databases(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> base.DatabasePage:
        return self.databases.page(limit, marker, include_marker)

    def create_users(self, users: Sequence[base.User]) -> None:
        self.users.create(users)

    def delete_user(self, name: str, host: str | None) -> None:
        self.users.delete(name, host)

    def list_users(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> base.UserPage:
        return self.users.page(limit, marker, include_marker)

    def get_user(self, name: str, host: str | None) -> base.User | None:
        return self.users.get(name, host)

    def update_user(
        self, name: str, host: str | None, attributes: base.UserAttributes
    ) -> None:
        self.users.update(name, host, attributes)

    def list_access(self, name: str, host: str | None) -> list[base.Database]:
        return self.users.access(name, host)

    def grant_access(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        self.users.grant(name, host, databases)

    def revoke_access(
        self, name: str, host: str | None, database: str
    ) -> None:
        self.users.revoke(name, host, database)

    def enable_root(self, password: str | None = None) -> base.User:
        return self.root.enable(password)

    def disable_root(self) -> None:
        self.root.disable()

    def is_root_enabled(self) -> bool:
        return self.root.is_enabled()

    # The volume

    def filesystem_stats(self) -> base.FilesystemStats:
        return volume.stats(
            self.home.data_dir, self._conf.guestagent.volume_size
        )

    def volume_bytes(self) -> int:
        return int(self.filesystem_stats()['total'] * _GIB)

    def resize_fs(
        self,
        device_path: str | None,
        mount_point: str | None,
        online: bool = False,
    ) -> None:
        """Grow it; a directory has no size of its own, but an option."""
        self.volume.grow(device_path, mount_point)
        self._conf.mutate_config_files()
