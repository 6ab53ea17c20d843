# SPDX-License-Identifier: Apache-2.0
"""The stored state of guests that sent heartbeats."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.objects import _rows
from trove.objects import clock
from trove.objects.instance import states

METHOD = 'heartbeat'


@dataclasses.dataclass
class Known:
    """The stored state of an instance, and its changes.

    :param sent: time of the newest heartbeat, by the guest's clock
    :param version: as :mod:`.guest_versions` stores it
    :param former: the version before the heartbeat
    :param age: seconds since the last heartbeat, None before the first
    :param now: the time by the clock of the database
    :param ordered: the ordered version of the database server
    :param failed: its task failed, whose fault stays
    :param fault: the message of its fault, None when it has none
    :param sealing: the new row of the sealing state, None: unchanged
    :param written: the parts to write: ``sent``, ``status``, ``version``
    """

    instance_id: str
    tenant_id: str
    task: states.Task
    status_row: str
    status: states.ServiceStatus | None
    sent: float | None
    version: str | None
    age: float | None
    now: datetime.datetime
    proven_at: datetime.datetime | None = None
    allowed: bool = False
    held: bool = False
    former: str | None = None
    failed: bool = False
    ordered: str | None = None
    fault: str | None = None
    sealing: dict[str, Any] | None = None
    written: set[str] = dataclasses.field(default_factory=set)


_LOCKED = (
    sa.select(
        models.Instance.id,
        models.Instance.tenant_id,
        models.Instance.task_id,
        models.Instance.server_status,
    )
    .where(
        models.Instance.id.in_(sa.bindparam('ids', expanding=True)),
        models.Instance.deleted.is_not(True),
    )
    .order_by(models.Instance.id)
    .with_for_update()
)

_NOW_KNOWN = (
    sa.select(
        models.Instance.id,
        models.ServiceStatus.id,
        models.ServiceStatus.status_id,
        models.ConductorLastSeen.sent,
        models.AgentHeartbeat.guest_agent_version,
        models.AgentHeartbeat.updated_at,
        clock.Now().label('read_at'),
        models.InstanceSealing.proven_at,
        models.InstanceSealing.allowed,
        models.InstanceSealing.held,
        sa.func.coalesce(
            models.DatastoreVersion.version, models.DatastoreVersion.name
        ),
        models.InstanceFault.message,
    )
    .select_from(models.Instance)
    .outerjoin(
        models.ServiceStatus,
        models.ServiceStatus.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.ConductorLastSeen,
        sa.and_(
            models.ConductorLastSeen.instance_id == models.Instance.id,
            models.ConductorLastSeen.method_name == METHOD,
        ),
    )
    .outerjoin(
        models.AgentHeartbeat,
        models.AgentHeartbeat.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.InstanceSealing,
        models.InstanceSealing.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.DatastoreVersion,
        models.DatastoreVersion.id == models.Instance.datastore_version_id,
    )
    .outerjoin(
        models.InstanceFault,
        sa.and_(
            models.InstanceFault.instance_id == models.Instance.id,
            models.InstanceFault.deleted.is_(False),
        ),
    )
    .where(models.Instance.id.in_(sa.bindparam('ids', expanding=True)))
    .order_by(models.Instance.id, models.ServiceStatus.id.desc())
)


def lock(db: orm.Session, ids: set[str]) -> dict[str, Known]:
    """Lock instances that are not deleted; return the state of each."""
    # The first statement: MariaDB takes the snapshot for the next one here.
    locked = db.execute(_LOCKED, {'ids': sorted(ids)}).all()
    if not locked:
        return {}
    owners = {row.id: row for row in locked}
    known = {}
    for row in db.execute(_NOW_KNOWN, {'ids': list(owners)}):
        instance_id, status_row, code, sent, version = row[:5]
        heard_at, now, proven_at, allowed, held, ordered, fault = row[5:]
        owner = owners[instance_id]
        status = states.ServiceStatus.from_code(code)
        # Of several service statuses the first one counts: it is read last.
        known[instance_id] = Known(
            instance_id=instance_id,
            tenant_id=owner.tenant_id or '',
            task=states.Task.from_code(owner.task_id),
            status_row=status_row or uuidutils.generate_uuid(),
            status=status if status_row else None,
            sent=sent,
            version=version,
            former=version,
            age=seconds(now, heard_at),
            now=now,
            proven_at=proven_at,
            allowed=bool(allowed),
            held=bool(held),
            failed=_rows.has_failed(owner.server_status, owner.task_id),
            ordered=ordered,
            fault=fault,
        )
    return known


def seconds(
    now: datetime.datetime, then: datetime.datetime | None
) -> float | None:
    return None if then is None else clock.age(now, then)
