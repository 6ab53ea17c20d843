# SPDX-License-Identifier: Apache-2.0
"""What every datastore driver of the guest agent offers.

A driver knows one kind of database server and nothing of RPC: it is handed
plain values and raises the errors of :mod:`trove.common.exception`. It need
not care for concurrent calls, the supervisor runs one operation at a time.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import ClassVar
from typing import TypedDict

from oslo_config import cfg

from trove.guestagent.datastores import capability

Capability = capability.Capability

#: Names of settings and their values, as a configuration group has them.
Settings = Mapping[str, Any]


class Database(TypedDict):
    """A database as it travels: ``_name`` is the only one always set."""

    _name: str
    _character_set: str | None
    _collate: str | None


class User(TypedDict):
    """A user as it travels; ``_password`` is never filled in an answer."""

    _name: str
    _host: str | None
    _password: str | None
    _databases: list[Database]


class UserAttributes(TypedDict, total=False):
    """What to change of a user; what is absent or None stays."""

    name: str | None
    host: str | None
    password: str | None


#: A page: the items, and the marker for the next page or None.
DatabasePage = tuple[list[Database], str | None]
UserPage = tuple[list[User], str | None]


class FilesystemStats(TypedDict):
    """Sizes of the volume; total, free and used are in GiB."""

    block_size: int
    total_blocks: int
    free_blocks: int
    total: float
    free: float
    used: float


@dataclasses.dataclass(frozen=True)
class Preparation:
    """What a new database starts with.

    :param memory_mb: memory of the flavor in MiB
    :param databases: to create
    :param users: to create and to grant the databases that they name
    :param config_contents: settings in the text form of the datastore
    :param overrides: settings of the user's configuration group
    :param root_password: when given, root is enabled with it
    :param version: of the server, such as ``18`` or ``18.6``
    :param device_path: the block device of the volume, if it is one
    """

    memory_mb: int
    databases: Sequence[Database] = ()
    users: Sequence[User] = ()
    config_contents: str | None = None
    overrides: Settings = dataclasses.field(default_factory=dict)
    root_password: str | None = None
    version: str | None = None
    device_path: str | None = None


class Driver(abc.ABC):
    """One database server on this machine.

    :param conf: the options; a driver does nothing before it is asked to
    """

    #: Name of the datastore, as in the option ``datastore_manager``.
    name: str = 'datastore'
    #: What it can do besides running a server. It has each method below that
    #: is of one of these, and no other.
    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        edits = list(capability.half_declared(cls, Driver))
        if edits:
            raise TypeError('; '.join(edits))

    @abc.abstractmethod
    def __init__(self, conf: cfg.ConfigOpts) -> None: ...

    # The server

    @abc.abstractmethod
    def prepare(self, preparation: Preparation) -> None:
        """Make the database and start it.

        May be repeated: what exists already stays and is brought to what
        is asked for.

        :raises trove.common.exception.DatastoreError: it cannot be made, or
            would be of another version than was ordered
        """

    @abc.abstractmethod
    def start(self) -> None:
        """Start the server and wait until it accepts connections.

        Does nothing if it runs.

        :raises trove.common.exception.DatastoreError: it does not come up
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop the server, its data safely on disk; a stopped one is fine.

        :raises trove.common.exception.DatastoreError: it does not stop
        """

    @abc.abstractmethod
    def pid(self) -> int | None:
        """Process id of the server that runs on our data, else None."""

    @abc.abstractmethod
    def answers(self) -> bool:
        """Whether the server accepts a connection and a query now."""

    def version(self) -> str | None:
        """The version of the server that answered last, as it says itself.

        :returns: such as ``18.6``; None when nobody knows
        """
        return None

    def check_start(self) -> None:
        """Return when a server that is stopped now can be started again.

        :raises OSError: something cannot be read or written
        :raises trove.common.exception.TroveError: it would not start
        """
        return

    def restart(self) -> None:
        self.stop()
        self.start()

    # Its settings

    @capability.of(Capability.CONFIGURATION)
    def update_overrides(
        self, overrides: Settings, remove: bool = False
    ) -> None:
        """Keep settings of the user for the next start or reload.

        :param overrides: all settings of the user; replaces the former
        :param remove: drop the former even if ``overrides`` is empty
        :raises trove.common.exception.BadRequest: a setting is not valid
        """
        raise NotImplementedError

    @capability.of(Capability.CONFIGURATION)
    def apply_overrides(self, overrides: Settings) -> None:
        """Make kept settings work that need no restart."""
        raise NotImplementedError

    @capability.of(Capability.CONFIGURATION)
    def configure(self, config_contents: str | None) -> None:
        """Replace the basic settings, for instance after a resize.

        They work from the next start on; the user's overrides stay.
        """
        raise NotImplementedError

    # Databases

    @capability.of(Capability.DATABASES)
    def create_databases(self, databases: Sequence[Database]) -> None:
        """Create databases; an existing one is left as it is."""
        raise NotImplementedError

    @capability.of(Capability.DATABASES)
    def delete_database(self, name: str) -> None:
        """Delete a database with all that is in it; a missing one is fine."""
        raise NotImplementedError

    @capability.of(Capability.DATABASES)
    def list_databases(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> DatabasePage:
        """List databases by name, those of the system left out.

        :param limit: length of the page; None for all
        :param marker: name after which the page begins
        :param include_marker: whether the page begins with the marker
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
        """Delete a user; owned objects stay. A missing user is fine."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def list_users(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> UserPage:
        """List users by name, as :meth:`list_databases`."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def get_user(self, name: str, host: str | None) -> User | None:
        """Return a user; None if there is none."""
        raise NotImplementedError

    @capability.of(Capability.USERS)
    def update_user(
        self, name: str, host: str | None, attributes: UserAttributes
    ) -> None:
        """Change the name or the password of a user.

        :raises trove.common.exception.UserNotFound: there is none
        """
        raise NotImplementedError

    # Grants

    @capability.of(Capability.ACCESS)
    def list_access(self, name: str, host: str | None) -> list[Database]:
        """List the databases that a user may use.

        :raises trove.common.exception.UserNotFound: there is none
        """
        raise NotImplementedError

    @capability.of(Capability.ACCESS)
    def grant_access(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        """Let a user do everything in databases.

        :raises trove.common.exception.UserNotFound: there is none
        :raises trove.common.exception.DatabaseNotFound: there is none
        """
        raise NotImplementedError

    @capability.of(Capability.ACCESS)
    def revoke_access(
        self, name: str, host: str | None, database: str
    ) -> None:
        """End a user's access to a database, and the user's open sessions.

        :raises trove.common.exception.UserNotFound: there is none
        :raises trove.common.exception.DatabaseNotFound: there is none
        """
        raise NotImplementedError

    # Root

    @capability.of(Capability.ROOT)
    def enable_root(self, password: str | None = None) -> User:
        """Let the customer be administrator.

        :param password: for root; None to have one generated
        :returns: the user, here with its password
        """
        raise NotImplementedError

    @capability.of(Capability.ROOT)
    def disable_root(self) -> None:
        """Lock root out; fine if it never was enabled."""
        raise NotImplementedError

    @capability.of(Capability.ROOT)
    def is_root_enabled(self) -> bool:
        """Whether the customer may be administrator now."""
        raise NotImplementedError

    # The volume

    @capability.of(Capability.VOLUME_SIZE)
    def filesystem_stats(self) -> FilesystemStats:
        """Sizes of the volume that the data is on."""
        raise NotImplementedError

    @capability.of(Capability.VOLUME)
    def mount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        """Mount the volume of the data, which must be stopped."""
        raise NotImplementedError

    @capability.of(Capability.VOLUME)
    def unmount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        """Unmount the volume of the data, which must be stopped."""
        raise NotImplementedError

    @capability.of(Capability.VOLUME)
    def resize_fs(
        self,
        device_path: str | None,
        mount_point: str | None,
        online: bool = False,
    ) -> None:
        """Let the file system fill its grown volume."""
        raise NotImplementedError
