# SPDX-License-Identifier: Apache-2.0
"""An instance as it was read from the database."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from trove.common import exception
from trove.common import names
from trove.objects import clock
from trove.objects import datastore
from trove.objects.instance import states

#: Jobs that a silent guest agent does not prevent: the cloud does all of it,
#: or starts the agent anew, or, of a backup, whoever orders it looks.
WITHOUT_AGENT = frozenset(
    {
        'create_backup',
        'create_instance',
        'delete_instance',
        'eject_replica_source',
        'reboot',
        'rebuild',
        'update_access',
    }
)


@dataclasses.dataclass(frozen=True)
class Address:
    """An address of a database server.

    :param type: 'private' or 'public'
    :param network: id of the network, None when unknown
    """

    address: str
    type: str = 'private'
    network: str | None = None


@dataclasses.dataclass(frozen=True)
class Fault:
    """Why a job or an order of an instance failed."""

    message: str
    details: str
    created: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Instance:
    """An instance; volume sizes are in GiB, times in UTC without a zone."""

    id: str
    name: str
    tenant_id: str
    created: datetime.datetime
    updated: datetime.datetime
    deleted: bool
    deleted_at: datetime.datetime | None
    task: states.Task
    task_description: str
    task_start_time: datetime.datetime | None
    service_status: states.ServiceStatus
    status_updated_at: datetime.datetime | None
    flavor_id: str | None
    volume_size: int | None
    volume_id: str | None
    compute_instance_id: str | None
    hostname: str | None
    server_status: str | None
    datastore_version: datastore.DatastoreVersion | None
    addresses: tuple[Address, ...]
    fault: Fault | None
    access: dict[str, Any] | None
    slave_of_id: str | None
    replicas: tuple[str, ...]
    configuration_id: str | None
    cluster_id: str | None
    region_id: str | None
    encrypted_key: str | None = dataclasses.field(repr=False)
    guest_version: str | None
    #: The release of the guest agent's package, when it announced that.
    guest_release: str | None
    #: Whether the guest announced its version.
    guest_announces: bool
    backing_up: bool
    #: Times of the guest's last report and of the read, by the clock of the
    #: database.
    heard_at: datetime.datetime | None = None
    read_at: datetime.datetime | None = dataclasses.field(
        default=None, compare=False
    )
    #: Seconds since the last report, when too many; see :meth:`judged`.
    silent_for: int | None = None

    @property
    def label(self) -> str:
        """What it is called in texts for people: by its name and its id."""
        return f'{names.show(self.name)} ({self.id})' if self.name else self.id

    @property
    def status(self) -> str:
        """The status that users see, one of ``states.STATUS_WORDS``."""
        return states.status(
            deleted=self.deleted,
            task=self.task,
            server_status=self.server_status,
            backing_up=self.backing_up,
        )

    @property
    def operating_status(self) -> str:
        """The status of the database server; '' while a task is running."""
        known = self.silent_for is None
        return states.operating_status(
            task=self.task,
            service_status=(
                self.service_status if known else states.ServiceStatus.UNKNOWN
            ),
        )

    def judged(self, expiry: float) -> Instance:
        """Return a copy with ``silent_for`` set, if the guest is silent.

        :param expiry: seconds without a report after which the status of the
            database server is unknown
        """
        if self.deleted or self.heard_at is None or self.read_at is None:
            return self
        # Negative after the clock of the database was set back.
        silence = abs(clock.age(self.read_at, self.heard_at))
        if silence <= expiry:
            return self
        return dataclasses.replace(self, silent_for=int(silence))

    def refusal_to_rebuild(self) -> exception.BadRequest | None:
        """Return why its server cannot get another disk, None when it can."""
        if not self.volume_size:
            return exception.BadRequest(
                f'Instance {self.label} has no volume: its data are on the '
                'disk that would be replaced. Make a backup of it, and '
                'restore that into an instance with a volume.'
            )
        return None

    def require_available(self, between_backups: bool = False) -> None:
        """Check that its guest can serve orders about users and databases.

        :param between_backups: and that none is being made
        :raises InstanceBusy: a task is running
        :raises Unprocessable: it is being built, its database server does
            not run, its guest is silent, or a backup is being made
        """
        refusal = states.refusal_to_ask(
            instance_id=self.label,
            task=self.task,
            service_status=self.service_status,
            silent_for=self.silent_for,
            backing_up=between_backups and self.backing_up,
        )
        if refusal is not None:
            raise refusal

    def require_report(self, action: str) -> None:
        """Check that its guest is not silent if a job needs it.

        :param action: one of ``workflows.TASKS``
        :raises Unprocessable: it is silent, and no task is running
        """
        refusal = states.refusal_if_silent(self.label, self.silent_for)
        needed = action not in WITHOUT_AGENT and self.task.is_idle
        if refusal is not None and needed:
            raise refusal

    def require_guest(self) -> None:
        """Check that its guest reports, whatever its database server does.

        :raises Unprocessable: it does not, or has never done
        """
        refusal = states.refusal_if_silent(self.label, self.silent_for)
        if refusal is not None:
            raise refusal
        if self.service_status is states.ServiceStatus.NEW:
            raise exception.Unprocessable(
                reason=f'the guest agent of instance {self.label} has not '
                'reported yet. Repeat the request when the status of the '
                'instance is ACTIVE.'
            )
