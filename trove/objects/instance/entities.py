# SPDX-License-Identifier: Apache-2.0
"""What there is to know of an instance, as it was when it was read."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from trove.objects import clock
from trove.objects import datastore
from trove.objects.instance import states


@dataclasses.dataclass(frozen=True)
class Address:
    """An address that a database server answers at.

    :param type: 'private' or 'public'
    :param network: id of the network, when that is known
    """

    address: str
    type: str = 'private'
    network: str | None = None


@dataclasses.dataclass(frozen=True)
class Fault:
    """Why something that was asked of an instance failed."""

    message: str
    details: str
    created: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Instance:
    """A database instance as it was when it was read.

    Sizes of volumes are in GiB, times are UTC without a zone.
    """

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
    #: The release of its package, when the guest has announced it.
    guest_release: str | None
    #: Whether the guest itself has said what it speaks.
    guest_announces: bool
    backing_up: bool
    #: When its guest last reported, and when this was read, both by the clock
    #: of the database.
    heard_at: datetime.datetime | None = None
    read_at: datetime.datetime | None = dataclasses.field(
        default=None, compare=False
    )
    #: Seconds since then, when that is too long; see :meth:`judged`.
    silent_for: int | None = None

    @property
    def status(self) -> str:
        """The word for its state, one of ``states.STATUS_WORDS``."""
        return states.status(
            deleted=self.deleted,
            task=self.task,
            server_status=self.server_status,
            backing_up=self.backing_up,
        )

    @property
    def operating_status(self) -> str:
        """The word for its database server; '' while a task goes on."""
        known = self.silent_for is None
        return states.operating_status(
            task=self.task,
            service_status=(
                self.service_status if known else states.ServiceStatus.UNKNOWN
            ),
        )

    def judged(self, expiry: float) -> Instance:
        """Return it with ``silent_for`` set, if its guest is too silent.

        :param expiry: seconds without a report after which nobody knows how
            its database server is
        """
        if self.deleted or self.heard_at is None or self.read_at is None:
            return self
        # Below 0 after that clock was set back.
        silence = abs(clock.age(self.read_at, self.heard_at))
        if silence <= expiry:
            return self
        return dataclasses.replace(self, silent_for=int(silence))

    def require_available(self) -> None:
        """See that its guest can be asked about users and databases.

        :raises InstanceBusy: a task goes on
        :raises Unprocessable: it is being built, its database server does
            not run, or its guest is silent
        """
        refusal = states.refusal_to_ask(
            instance_id=self.id,
            task=self.task,
            service_status=self.service_status,
            silent_for=self.silent_for,
        )
        if refusal is not None:
            raise refusal
