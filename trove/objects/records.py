# SPDX-License-Identifier: Apache-2.0
"""Instances as values, and how they are read from the database."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.objects import _rows
from trove.objects import clock
from trove.objects import datastore
from trove.objects import states
from trove.objects.guest import guest_versions

#: States of a backup that is being made.
BACKUP_RUNS = ('NEW', 'BUILDING', 'SAVING')


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


Joined = tuple[
    models.Instance,
    models.DatastoreVersion | None,
    models.Datastore | None,
    models.ServiceStatus | None,
    models.AgentHeartbeat | None,
    datetime.datetime,
]


def query(instance: Any) -> Any:
    """Return a query of what :func:`load` wants for some instances.

    A limit must not see this join: nothing in the database keeps an instance
    from having two service statuses.

    :param instance: models.Instance, or an alias of it that selects some
    """
    return (
        sa.select(
            instance,
            models.DatastoreVersion,
            models.Datastore,
            models.ServiceStatus,
            models.AgentHeartbeat,
            clock.Now().label('read_at'),
        )
        .outerjoin(
            models.DatastoreVersion,
            models.DatastoreVersion.id == instance.datastore_version_id,
        )
        .outerjoin(
            models.Datastore,
            models.Datastore.id == models.DatastoreVersion.datastore_id,
        )
        .outerjoin(
            models.ServiceStatus,
            models.ServiceStatus.instance_id == instance.id,
        )
        .outerjoin(
            models.AgentHeartbeat,
            models.AgentHeartbeat.instance_id == instance.id,
        )
        # What is locked first is read again, not taken from memory.
        .execution_options(populate_existing=True)
    )


_IDS: sa.BindParameter[Any] = sa.bindparam('ids', expanding=True)
_ADDRESSES = (
    sa.select(models.InstanceAddress)
    .where(models.InstanceAddress.instance_id.in_(_IDS))
    .order_by(models.InstanceAddress.type, models.InstanceAddress.address)
)
_FAULTS = (
    sa.select(models.InstanceFault)
    .where(
        models.InstanceFault.instance_id.in_(_IDS),
        models.InstanceFault.deleted.is_(False),
    )
    .order_by(models.InstanceFault.created, models.InstanceFault.id)
)
_REPLICAS = (
    sa.select(models.Instance.slave_of_id, models.Instance.id)
    .where(
        models.Instance.slave_of_id.in_(_IDS),
        models.Instance.deleted.is_not(True),
    )
    .order_by(models.Instance.id)
)
_BACKING_UP = sa.select(models.Backup.instance_id).where(
    models.Backup.instance_id.in_(_IDS),
    models.Backup.state.in_(BACKUP_RUNS),
    models.Backup.deleted.is_not(True),
)


def load(db: orm.Session, joined: Iterable[Joined]) -> list[Instance]:
    """Return the instances of rows that :func:`query` found.

    It takes four queries, however many instances there are.
    """
    found: dict[str, Joined] = {}
    for each in joined:
        found.setdefault(each[0].id, each)
    if not found:
        return []
    ids = list(found)
    wanted = {'ids': ids}
    addresses = _addresses(db.scalars(_ADDRESSES, wanted))
    # The newest of each instance comes last and stays.
    faults = {
        row.instance_id: Fault(row.message, row.details, row.created)
        for row in db.scalars(_FAULTS, wanted)
    }
    replicas = _replicas(db.execute(_REPLICAS, wanted))
    backing_up = set(db.scalars(_BACKING_UP, wanted))
    return [
        _instance(
            each,
            addresses=tuple(addresses.get(id, ())),
            fault=faults.get(id),
            replicas=tuple(replicas.get(id, ())),
            backing_up=id in backing_up,
        )
        for id, each in found.items()
    ]


_ONE = query(models.Instance).where(models.Instance.id == sa.bindparam('id'))


def load_one(db: orm.Session, instance_id: str) -> Instance | None:
    """Return an instance, a deleted one too; None when there is none."""
    found = load(db, db.execute(_ONE, {'id': instance_id}))
    return found[0] if found else None


def _instance(
    joined: Joined,
    *,
    addresses: tuple[Address, ...],
    fault: Fault | None,
    replicas: tuple[str, ...],
    backing_up: bool,
) -> Instance:
    row, version, parent, service, heartbeat, read_at = joined
    task = states.Task.from_code(row.task_id)
    created = row.created or datetime.datetime(1970, 1, 1)
    heard = heartbeat if heartbeat is not None else service
    said = guest_versions.parse(
        heartbeat.guest_agent_version if heartbeat is not None else None
    )
    return Instance(
        id=row.id,
        name=row.name or '',
        tenant_id=row.tenant_id or '',
        created=created,
        updated=row.updated or created,
        deleted=bool(row.deleted),
        deleted_at=row.deleted_at,
        task=task,
        task_description=row.task_description or task.text,
        task_start_time=row.task_start_time,
        service_status=states.ServiceStatus.from_code(
            service.status_id if service is not None else None
        ),
        status_updated_at=service.updated_at if service is not None else None,
        flavor_id=row.flavor_id,
        volume_size=row.volume_size,
        volume_id=row.volume_id,
        compute_instance_id=row.compute_instance_id,
        hostname=row.hostname,
        server_status=row.server_status,
        datastore_version=(
            datastore.version_from(version, parent)
            if version is not None and parent is not None
            else None
        ),
        addresses=addresses,
        fault=fault,
        access=_rows.decode(row.access, f'Column access of instance {row.id}'),
        slave_of_id=row.slave_of_id,
        replicas=replicas,
        configuration_id=row.configuration_id,
        cluster_id=row.cluster_id,
        region_id=row.region_id,
        encrypted_key=row.encrypted_key,
        guest_version=said.revision,
        guest_release=said.release,
        guest_announces=said.announced,
        backing_up=backing_up,
        heard_at=heard.updated_at if heard is not None else None,
        read_at=read_at,
    )


def _addresses(
    found_rows: Iterable[models.InstanceAddress],
) -> dict[str, list[Address]]:
    found: dict[str, list[Address]] = {}
    for row in found_rows:
        found.setdefault(row.instance_id, []).append(
            Address(row.address, row.type, row.network)
        )
    return found


def _replicas(found_rows: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, replica in found_rows:
        found.setdefault(source, []).append(replica)
    return found
