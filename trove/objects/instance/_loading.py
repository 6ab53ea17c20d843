# SPDX-License-Identifier: Apache-2.0
"""Reads instances from the database."""

from __future__ import annotations

from collections.abc import Iterable
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.objects import _rows
from trove.objects import clock
from trove.objects import datastore
from trove.objects.guest import guest_versions
from trove.objects.instance import entities
from trove.objects.instance import states

Joined = tuple[
    models.Instance,
    models.DatastoreVersion | None,
    models.Datastore | None,
    models.ServiceStatus | None,
    models.AgentHeartbeat | None,
    datetime.datetime,
]


def query(instance: Any) -> Any:
    """Return the query for :func:`load`.

    Apply a limit to ``instance`` and not to this join: an instance may have
    two service statuses, for no constraint forbids it.

    :param instance: models.Instance, or an alias of a subquery of it
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
        # A row that is locked first must be read again, not from the session.
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
    models.Backup.state.in_(states.BACKUP_RUNS),
    models.Backup.deleted.is_not(True),
)


def load(db: orm.Session, joined: Iterable[Joined]) -> list[entities.Instance]:
    """Return the instances of rows of :func:`query`.

    It takes four queries for any number of instances.
    """
    found: dict[str, Joined] = {}
    for each in joined:
        found.setdefault(each[0].id, each)
    if not found:
        return []
    ids = list(found)
    wanted = {'ids': ids}
    addresses = _addresses(db.scalars(_ADDRESSES, wanted))
    # Of several faults the newest comes last.
    faults = {
        row.instance_id: entities.Fault(row.message, row.details, row.created)
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


def load_one(db: orm.Session, instance_id: str) -> entities.Instance | None:
    """Return an instance, also a deleted one; None when there is none."""
    found = load(db, db.execute(_ONE, {'id': instance_id}))
    return found[0] if found else None


def load_some(
    db: orm.Session, ids: Iterable[str]
) -> list[entities.Instance]:
    """Return the instances that there are."""
    wanted = query(models.Instance).where(models.Instance.id.in_(list(ids)))
    return load(db, db.execute(wanted))


def _instance(
    joined: Joined,
    *,
    addresses: tuple[entities.Address, ...],
    fault: entities.Fault | None,
    replicas: tuple[str, ...],
    backing_up: bool,
) -> entities.Instance:
    row, version, parent, service, heartbeat, read_at = joined
    task = states.Task.from_code(row.task_id)
    created = row.created or datetime.datetime(1970, 1, 1)
    heard = heartbeat if heartbeat is not None else service
    said = guest_versions.parse(
        heartbeat.guest_agent_version if heartbeat is not None else None
    )
    return entities.Instance(
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
) -> dict[str, list[entities.Address]]:
    found: dict[str, list[entities.Address]] = {}
    for row in found_rows:
        found.setdefault(row.instance_id, []).append(
            entities.Address(row.address, row.type, row.network)
        )
    return found


def _replicas(found_rows: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, replica in found_rows:
        found.setdefault(source, []).append(replica)
    return found
