# SPDX-License-Identifier: Apache-2.0
"""What operators look for after an alarm, of all projects."""

from __future__ import annotations

import dataclasses
import datetime

from oslo_config import cfg
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import counts
from trove.objects.instance import states

_EXISTS = models.Instance.deleted.is_not(True)


@dataclasses.dataclass(frozen=True)
class Fault:
    """The current fault of an instance.

    :param status: of the instance, as users see it
    """

    instance_id: str
    project_id: str
    status: str
    created: datetime.datetime
    message: str
    details: str


@dataclasses.dataclass(frozen=True)
class Replica:
    """A replica.

    :param state: as the metric ``trove_replicas`` has it
    :param lag: seconds that it is behind, if known
    :param error: what its database server says
    """

    instance_id: str
    project_id: str
    primary_id: str
    state: str
    lag: float | None
    error: str | None


def faults() -> list[Fault]:
    """Return the current faults, the oldest first."""
    instance, fault = models.Instance, models.InstanceFault
    query = (
        sa.select(instance, fault)
        .join(fault, fault.instance_id == instance.id)
        .where(_EXISTS, fault.deleted.is_not(True))
        .order_by(fault.created, instance.id)
    )
    with session.reader() as db:
        return [
            Fault(
                row.id,
                row.tenant_id or '',
                states.status(
                    deleted=False,
                    task=states.Task.from_code(row.task_id),
                    server_status=row.server_status,
                    backing_up=False,
                ),
                its.created,
                its.message,
                its.details,
            )
            for row, its in db.execute(query)
        ]


def replicas(conf: cfg.ConfigOpts) -> list[Replica]:
    """Return all replicas, by their primaries."""
    instance, state = models.Instance, models.ReplicationState
    with session.reader() as db:
        query = (
            sa.select(
                instance.id,
                instance.tenant_id,
                instance.slave_of_id,
                counts.replica_state(conf, clock.now(db)),
                state.lag,
                state.error,
            )
            .outerjoin(state, state.instance_id == instance.id)
            .where(_EXISTS, instance.slave_of_id.is_not(None))
            .order_by(instance.slave_of_id, instance.id)
        )
        return [
            Replica(row_id, project or '', primary or '', kind, lag, error)
            for row_id, project, primary, kind, lag, error in db.execute(query)
        ]
