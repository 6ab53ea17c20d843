# SPDX-License-Identifier: Apache-2.0
"""Base class of the datastore drivers of the guest agent.

A driver knows one kind of database server and nothing of RPC: its arguments
are plain values, and it raises errors of :mod:`trove.common.exception`. The
supervisor runs one operation at a time; only backups run beside others.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
from typing import Any
from typing import ClassVar
from typing import TypedDict

from oslo_config import cfg

from trove.guestagent.datastores import archive
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import logs
from trove.guestagent.datastores import replication
from trove.guestagent.datastores import tls
from trove.guestagent.datastores import upgrade
from trove.guestagent.datastores import verification
from trove.guestagent.datastores import volumes

Capability = capability.Capability

#: Settings of a configuration group: values by name.
Settings = Mapping[str, Any]


class Database(TypedDict):
    """A database in a message; only ``_name`` is always present."""

    _name: str
    _character_set: str | None
    _collate: str | None


class User(TypedDict):
    """A user in a message; ``_password`` is not set in answers."""

    _name: str
    _host: str | None
    _password: str | None
    _databases: list[Database]


class UserAttributes(TypedDict, total=False):
    """Changes of a user; attributes that are absent or None are kept."""

    name: str | None
    host: str | None
    password: str | None


#: A page: the items, and the marker of the next page or None.
DatabasePage = tuple[list[Database], str | None]
UserPage = tuple[list[User], str | None]


class FilesystemStats(TypedDict):
    """Sizes of the volume; ``total``, ``free`` and ``used`` are in GiB."""

    block_size: int
    total_blocks: int
    free_blocks: int
    total: float
    free: float
    used: float


@dataclasses.dataclass(frozen=True)
class Preparation:
    """Arguments for the creation of a database server.

    :param memory_mb: memory of the flavor in MiB
    :param databases: to create
    :param users: to create and to grant the databases that they name
    :param config_contents: settings in the text form of the datastore
    :param overrides: settings of the configuration group
    :param root_password: enables root with this password, unless None
    :param version: of the server, such as ``18`` or ``18.6``
    :param device_path: block device of the volume, None for a directory
    :param mount_point: of the volume; the data directory is below it
    :param from_snapshot: the volume has the data of another instance, as they
        were while its server ran
    :param backup: returns what to begin with: a full backup and those that
        continue it, the newest last
    :param snapshot: the primary to follow; with ``backup``, which is its
    :param log: what to replay on top of ``backup``
    """

    memory_mb: int
    databases: Sequence[Database] = ()
    users: Sequence[User] = ()
    config_contents: str | None = None
    overrides: Settings = dataclasses.field(default_factory=dict)
    root_password: str | None = None
    version: str | None = None
    device_path: str | None = None
    mount_point: str | None = None
    from_snapshot: bool = False
    backup: Callable[[], Sequence[backups.Link]] | None = None
    snapshot: replication.Context | None = None
    log: archive.Replay | None = None


class Driver(
    archive.Archiving, logs.Logging, replication.Replicating,
    tls.Securing, upgrade.Upgrading, verification.Verifying,
    volumes.Volumes, abc.ABC,
):
    """A database server on this machine.

    :param conf: the options; the constructor must not change anything
    """

    #: Name of the datastore, as in the option ``datastore_manager``.
    name: str = 'datastore'
    #: Its capabilities. It has the methods below that are declared for one
    #: of these, and no other such method.
    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if edits := list(capability.half_declared(cls, Driver)):
            raise TypeError('; '.join(edits))

    @abc.abstractmethod
    def __init__(self, conf: cfg.ConfigOpts) -> None: ...

    # The server

    @abc.abstractmethod
    def prepare(self, preparation: Preparation) -> None:
        """Create the database and start it.

        Can be repeated: existing objects are kept and changed to match
        ``preparation``.

        :raises trove.common.exception.DatastoreError: it cannot be created,
            or would have another version than ordered
        """

    @abc.abstractmethod
    def start(self) -> None:
        """Start the server and wait until it accepts connections.

        Does nothing if it is running.

        :raises trove.common.exception.SettingsTakenBack: it runs, with the
            former settings of the user; it did not start with the new ones
        :raises trove.common.exception.DatastoreError: it does not start
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop the server cleanly; do nothing if it is stopped.

        :raises trove.common.exception.DatastoreError: it does not stop
        """

    @abc.abstractmethod
    def pid(self) -> int | None:
        """Return the process id of the server of our data, or None."""

    @abc.abstractmethod
    def answers(self) -> bool:
        """Return whether the server accepts a connection and a query now."""

    def version(self) -> str | None:
        """Return the version that the server reported last.

        :returns: such as ``18.6``; None when unknown
        """
        return None

    def check_start(self) -> None:
        """Check that the server can be started again after a stop.

        :raises OSError: a file or directory cannot be read or written
        :raises trove.common.exception.TroveError: it would not start
        """
        return

    def restart(self) -> None:
        self.stop()
        self.start()

    @capability.of(Capability.REBUILD)
    def rebuild(self, preparation: Preparation) -> None:
        """Take over the data of a former machine, and start the server.

        It may be repeated. Databases and users are what they were.

        :param preparation: no databases, users, password and backup
        :raises trove.common.exception.DatastoreError: there are no data, or
            the server cannot use them
        """
        raise NotImplementedError

    # Its settings

    @capability.of(Capability.CONFIGURATION)
    def update_overrides(
        self, overrides: Settings, remove: bool = False
    ) -> None:
        """Store settings of the configuration group.

        They are used at the next start or reload.

        :param overrides: all settings of the group; replaces the former
        :param remove: remove the former even if ``overrides`` is empty
        :raises trove.common.exception.BadRequest: a setting is invalid
        """
        raise NotImplementedError

    @capability.of(Capability.CONFIGURATION)
    def apply_overrides(self, overrides: Settings) -> None:
        """Apply stored settings that need no restart."""
        raise NotImplementedError

    @capability.of(Capability.CONFIGURATION)
    def configure(self, config_contents: str | None) -> None:
        """Replace the basic settings, for instance after a resize.

        They are used from the next start on; the overrides are kept.
        """
        raise NotImplementedError

    # Databases

    @capability.of(Capability.DATABASES)
    def create_databases(self, databases: Sequence[Database]) -> None:
        """Create databases; existing ones are kept unchanged."""
        raise NotImplementedError

    @capability.of(Capability.DATABASES)
    def delete_database(self, name: str) -> None:
        """Delete a database with all its data, if it exists."""
        raise NotImplementedError

    @capability.of(Capability.DATABASES)
    def list_databases(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> DatabasePage:
        """List databases by name, without those of the system.

        :param limit: maximum length of the page; None for all
        :param marker: the name after which the page begins
        :param include_marker: whether the page includes the marker
        """
        raise NotImplementedError

    # Users

    @capability.of(Capability.USERS)
    def create_users(self, users: Sequence[User]) -> None:
        """Create users and grant them their databases.

        An existing user gets the password and the databases.
        """
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def delete_user(self, name: str, host: str | None) -> None:
        """Delete a user, if it exists; the user's objects are kept."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def list_users(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> UserPage:
        """List users by name, see :meth:`list_databases`."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def get_user(self, name: str, host: str | None) -> User | None:
        """Return a user; None if it does not exist."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def update_user(
        self, name: str, host: str | None, attributes: UserAttributes
    ) -> None:
        """Change the name or the password of a user.

        :raises trove.common.exception.UserNotFound: there is no such user
        """
        raise NotImplementedError

    # Grants

    @capability.of(Capability.ACCESS)
    def list_access(self, name: str, host: str | None) -> list[Database]:
        """List the databases that a user has access to.

        :raises trove.common.exception.UserNotFound: there is no such user
        """
        raise NotImplementedError

    @capability.of(Capability.ACCESS)
    def grant_access(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        """Grant a user all privileges on databases.

        :raises trove.common.exception.UserNotFound: there is no such user
        :raises trove.common.exception.DatabaseNotFound: there is no such
            database
        """
        raise NotImplementedError

    @capability.of(Capability.ACCESS)
    def revoke_access(
        self, name: str, host: str | None, database: str
    ) -> None:
        """Revoke a user's access to a database; end the user's sessions.

        :raises trove.common.exception.UserNotFound: there is no such user
        :raises trove.common.exception.DatabaseNotFound: there is no such
            database
        """
        raise NotImplementedError

    # Root

    @capability.of(Capability.ROOT)
    def enable_root(self, password: str | None = None) -> User:
        """Enable the root user.

        :param password: for root; None to generate one
        :returns: the user with its password
        """
        raise NotImplementedError

    @capability.of(Capability.ROOT)
    def disable_root(self) -> None:
        """Disable the root user; do nothing if it never was enabled."""
        raise NotImplementedError

    @capability.of(Capability.ROOT)
    def is_root_enabled(self) -> bool:
        """Return whether the root user is enabled now."""
        raise NotImplementedError

    # Backups

    @capability.of(Capability.BACKUP)
    def backup(
        self, request: backups.Request
    ) -> contextlib.AbstractContextManager[backups.Stream]:
        """Make a backup, to be read within the context.

        The context ends without an error when the backup is stored for good.
        All that it began is ended with it in any case. Other operations go on
        meanwhile: one that stops the server makes the stream raise.

        :raises trove.common.exception.TroveError: it cannot be made
        """
        raise NotImplementedError

    # The volume

    @capability.of(Capability.VOLUME_SIZE)
    def filesystem_stats(self) -> FilesystemStats:
        """Return the sizes of the volume of the data."""
        raise NotImplementedError

    @capability.of(Capability.VOLUME)
    def resize_fs(
        self, device_path: str | None, mount_point: str | None,
        online: bool = False,
    ) -> None:
        """Grow the file system to the size of its volume."""
        raise NotImplementedError
