# SPDX-License-Identifier: Apache-2.0
"""Abstract base classes of cloud drivers.

A driver is a :class:`Cloud` of three parts. Everything is addressed by the id
of the Trove instance, so that the task manager can repeat any step after a
crash without having kept the cloud's own ids: each method is idempotent and
returns what is there.

Errors, of :mod:`trove.common.exception`: ``CloudError`` with a reason that an
operator understands, ``CloudUnreachable`` if it may pass by itself,
``FlavorNotFound``, and ``NotFound`` for a server or volume that should be.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import copy
import dataclasses
from typing import Any
from typing import ClassVar

from oslo_config import cfg

from trove.cloud import access as cloud_access
from trove.cloud import attachments
from trove.cloud import consoles
from trove.cloud import fence
from trove.cloud import gone
from trove.cloud import snapshots
from trove.common import context as trove_context

Context = trove_context.TroveContext
Access = cloud_access.Access

#: The states of a server.
BUILD = 'BUILD'
ACTIVE = 'ACTIVE'
SHUTOFF = 'SHUTOFF'
ERROR = 'ERROR'

#: The types of an address.
PRIVATE = 'private'
PUBLIC = 'public'


@dataclasses.dataclass(frozen=True)
class Flavor:
    """A size of server: ``ram`` in MiB, ``disk`` in GiB (0: no local disk).

    :ivar is_public: whether all projects may use it
    """

    id: str
    name: str
    ram: int
    vcpus: int
    disk: int
    is_public: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the form that travels in messages to the task manager."""
        found = dataclasses.asdict(self)
        del found['is_public']
        return found


@dataclasses.dataclass(frozen=True)
class ServerSpec:
    """The specification of a server.

    ``files`` maps the path of a file, relative to the guest's configuration
    directory, to its content. ``volume_id`` is the volume to attach, made
    before by :meth:`Volumes.create`. Without ``image_id`` the image is the
    newest with all of ``image_tags``. ``beside`` is another instance, whose
    locality the server shares.
    """

    instance_id: str
    name: str
    flavor: Flavor
    image_id: str | None = None
    image_tags: Sequence[str] = ()
    datastore: str = ''
    project_id: str | None = None
    user_id: str | None = None
    access: Access = Access()
    locality: str | None = None
    beside: str | None = None
    nics: Sequence[Mapping[str, Any]] = ()
    availability_zone: str | None = None
    files: Mapping[str, str] = dataclasses.field(
        default_factory=dict, repr=False
    )
    volume_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Server:
    """A server as it is now; ``addresses`` are (address, type) pairs."""

    id: str
    instance_id: str
    status: str
    addresses: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    host: str | None = None
    #: Why the status is ERROR.
    reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Volume:
    """A volume: ``size`` in GiB.

    ``device_path`` is the block device inside of the server, None when the
    cloud gives the guest a directory that is mounted already.
    """

    id: str
    size: int
    device_path: str | None = None
    mount_point: str | None = None


@dataclasses.dataclass(frozen=True)
class VolumeType:
    """A type that a volume may have; requests name it by id or name."""

    id: str
    name: str
    is_public: bool = True
    description: str | None = None


def names_of(types: Sequence[VolumeType]) -> list[str]:
    """Return what requests may call these types, names first."""
    named = (name for each in types for name in (each.name, each.id))
    return list(dict.fromkeys(named))


class Compute(consoles.Consoles, abc.ABC):
    """Flavors and servers."""

    @abc.abstractmethod
    def list_flavors(self, context: Context) -> list[Flavor]:
        """Return the flavors, the smallest first."""

    @abc.abstractmethod
    def get_flavor(self, context: Context, flavor_id: str) -> Flavor:
        """Return one flavor.

        :raises FlavorNotFound: there is none with this id
        """

    @abc.abstractmethod
    def create_server(self, context: Context, spec: ServerSpec) -> Server:
        """Make the server of an instance, or return the one it has.

        It need not be ACTIVE yet when this returns: ask :meth:`get_server`.

        :raises CloudError: it cannot be made; nothing is left behind that
            :meth:`delete_server` does not remove
        """

    @abc.abstractmethod
    def get_server(self, context: Context, instance_id: str) -> Server | None:
        """Return the server of an instance, None when it has none."""

    @abc.abstractmethod
    def delete_server(self, context: Context, instance_id: str) -> None:
        """Remove the server with all that runs on it; twice is fine.

        Nothing of it is left when this returns.
        """

    @abc.abstractmethod
    def reboot_server(self, context: Context, instance_id: str) -> Server:
        """Stop everything that runs on the server and start it anew.

        :raises NotFound: the instance has no server
        """

    @abc.abstractmethod
    def stop_server(self, context: Context, instance_id: str) -> None:
        """Stop everything that runs on the server, until it is rebooted.

        Nothing of it runs when this returns. A server that is stopped or not
        there is fine.

        :raises CloudError: it may still run
        """

    @abc.abstractmethod
    def resize_server(
        self, context: Context, instance_id: str, flavor: Flavor
    ) -> Server:
        """Give the server another flavor; it reboots when it must.

        The data stay. A server that has the flavor already is left alone.
        The cloud may keep what it needs to give the old flavor back, until
        :meth:`confirm_resize`.

        :raises NotFound: the instance has no server
        """

    @abc.abstractmethod
    def confirm_resize(self, context: Context, instance_id: str) -> None:
        """Drop what is kept to undo the last resize; twice is fine."""

    def check_rebuild(self, context: Context, instance_id: str) -> None:
        """Raise the error that :meth:`rebuild_server` would end with."""
        if self.get_server(context, instance_id) is None:
            raise gone.error(instance_id)

    @abc.abstractmethod
    def rebuild_server(self, context: Context, spec: ServerSpec) -> Server:
        """Replace the disk of the server by that of an image, and boot it.

        What runs on it is stopped in order first. The volume of the spec,
        the address and the id of the server stay.

        :raises NotFound: the instance has no server
        """

    @abc.abstractmethod
    def migrate_server(
        self, context: Context, instance_id: str, host: str | None
    ) -> Server:
        """Move the server to another host; it may reboot.

        :param host: None: the cloud chooses one. A server that is there
            already is left alone.
        :raises NotFound: the instance has no server
        """


class Volumes(attachments.Attachments, snapshots.Snapshots, abc.ABC):
    """One volume per instance, and one snapshot per backup."""

    def types(self, context: Context) -> list[VolumeType] | None:
        """Return the types that a volume may have.

        None: whatever is named is taken.
        """
        return []

    @abc.abstractmethod
    def create(
        self,
        context: Context,
        instance_id: str,
        size: int,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        backup_id: str | None = None,
    ) -> Volume:
        """Make the volume of an instance, or return the one it has.

        :param volume_type: one of :meth:`types`, None: the cloud chooses
        :param availability_zone: that of the server
        :param backup_id: of a snapshot, whose data it begins with
        """

    @abc.abstractmethod
    def get(self, context: Context, instance_id: str) -> Volume | None:
        """Return the volume of an instance, None when it has none."""

    @abc.abstractmethod
    def extend(self, context: Context, instance_id: str, size: int) -> Volume:
        """Grow the volume to ``size`` GiB; it has that size afterwards.

        :raises NotFound: the instance has no volume
        :raises CloudError: it is larger than that already
        """

    @abc.abstractmethod
    def delete(self, context: Context, instance_id: str) -> None:
        """Remove the volume and its data; one that is not there is fine.

        :raises CloudError: it is not removed, like one with snapshots
        """


class Network(abc.ABC):
    """Address of a server."""

    def networks(self, context: Context) -> list[str] | None:
        """Return the ids of the networks that a server may be in.

        None: whatever network, subnet and address are named is taken.
        """
        return []

    def refusal_to_place(
        self, nics: Sequence[Mapping[str, Any]], access: Access
    ) -> str | None:
        """Return why no server can be in these networks with this access.

        The API asks before anything is made, so nothing is contacted.
        """
        return None

    @abc.abstractmethod
    def addresses(
        self, context: Context, instance_id: str
    ) -> list[tuple[str, str]]:
        """Return (address, type) pairs, the private ones first.

        It is an empty list as long as the server has no address.
        """

    @abc.abstractmethod
    def set_access(
        self,
        context: Context,
        instance_id: str,
        access: Access,
        datastore: str,
        project_id: str,
    ) -> None:
        """Change the access of an instance that has a server.

        Clients that are allowed before and afterwards stay connected.
        """

    @abc.abstractmethod
    def release(self, context: Context, instance_id: str) -> None:
        """Give back what :meth:`addresses` returned; twice is fine.

        Call it after the server is deleted.
        """


class Cloud(abc.ABC):
    """A driver: the bundle of the three parts, made from the options."""

    compute: Compute
    volumes: Volumes
    network: Network

    #: Parts of a :class:`ServerSpec` and of its :class:`Access` that the
    #: driver does not apply. The API refuses a request that asks for them.
    ignores: ClassVar[frozenset[str]] = frozenset()

    #: The values of ``locality`` that all servers of the cloud comply with.
    localities: ClassVar[frozenset[str]] = frozenset()

    #: Why the driver cannot do something, by the name of the method. The API
    #: refuses it with this text, before anything is touched.
    refuses: ClassVar[Mapping[str, str]] = {}

    @abc.abstractmethod
    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Read the options; contact nothing before the first use."""

    def fenced(self, check: Callable[[], None]) -> Cloud:
        """Return the same cloud, for one piece of work.

        A task manager that was stopped for a while may go on with work that
        another one has taken over. So each call that changes something
        begins with a check, as late as the driver can make it: one that
        holds a lock on what it changes makes it under that lock, and then
        nothing is changed after who took over has changed something.

        :param check: raises when the work is somebody else's
        """
        fenced = copy.copy(self)
        for name in ('compute', 'volumes', 'network'):
            setattr(fenced, name, fence.Part(getattr(self, name), check))
        return fenced

    @abc.abstractmethod
    def inventory(self, context: Context) -> Mapping[str, list[str]]:
        """Return what there is of each instance, by its id, for operators.

        Snapshots are there by the ids of their backups. What has nothing
        left is not among them.
        """

    def problems(
        self, images: Mapping[str, tuple[str | None, Sequence[str]]]
    ) -> list[str]:
        """Return what keeps instances from being made, for operators.

        :param images: id and tags of images, by the names of what needs them
        """
        return []

    def resume(self) -> list[str]:
        """Start what should run and does not, and return its instance ids.

        A task manager calls it when it starts. Most clouds start the
        servers of a rebooted host by themselves and need not do a thing.
        """
        return []
