# SPDX-License-Identifier: Apache-2.0
"""A volume that is enlarged, and those of the replicas before it.

A replica needs room for all that its primary has. So the job of a primary has
those replicas as members whose volumes are smaller than the new size. The
quota of all is reserved at its begin, and moves to the usage of each one when
that has its new size: it keeps that, whatever becomes of the others.
"""

from __future__ import annotations

from typing import Any

from oslo_config import cfg
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects import quota
from trove.objects.instance import _loading
from trove.objects.instance import replicas
from trove.objects.instance import workflows

ACTION = 'resize_volume'

_TASK = workflows.TASKS[ACTION]
#: What the details of a job have for each member: how many GiB it grows.
_GROWTH = 'growth'


@session.retry(duplicates=True)
def begin(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    instance_id: str,
    size: int,
) -> None:
    """Begin to enlarge the volume of an instance, and of its replicas.

    :param size: in GiB
    :raises InstanceNotFound: there is none, or it is another project's
    :raises BadRequest: its volume is not smaller
    :raises InstanceBusy: another task is running on one of the set
    :raises Unprocessable: one of them is being built or backed up, or not
        ready
    :raises QuotaExceeded: the project's quota is too small for all of them
    """
    with session.writer() as db:
        rows = replicas.lock(db, instance_id)
        row = rows.get(instance_id)
        if row is None or not (
            context.is_admin or row.tenant_id == context.project_id
        ):
            raise exception.InstanceNotFound(id=instance_id)
        own = size - (row.volume_size or 0)
        if own <= 0:
            raise exception.BadRequest(
                f'The new size of the volume is {size} GiB; it must be larger '
                f'than the current {row.volume_size} GiB.'
            )
        members, growth = _join(db, rows, instance_id, size)
        reserved = {'volumes': own + sum(growth.values())}
        quota.take(conf, db, row.tenant_id or '', reserved, reserve=True)
        details = {'new_size': size, 'members': members, _GROWTH: growth}
        replicas.queue(
            db, row, ACTION, context.request_id, details, reserved
        )


@session.retry(duplicates=True)
def occupy(
    conf: cfg.ConfigOpts, instance_id: str, owner: str, size: int
) -> bool:
    """Give a job its members, if an API of another release began it.

    :returns: False when the job has another owner; nothing was changed
    :raises TroveError: see :func:`begin`
    """
    with session.writer() as db:
        rows = replicas.lock(db, instance_id)
        current = workflows.find(db, instance_id)
        if current is None or current.owner != owner:
            return False
        stored = workflows.stored(current)
        details = stored.get('details') or {}
        if _GROWTH in details:
            return True
        members, growth = _join(db, rows, instance_id, size, begun=True)
        more = sum(growth.values())
        quota.take(
            conf, db, _project(rows), {'volumes': more}, reserve=True
        )
        return workflows.put(
            db,
            current,
            details={**details, 'members': members, _GROWTH: growth},
            reserved=_added(stored, more),
        )


def _join(
    db: orm.Session,
    rows: dict[str, models.Instance],
    instance_id: str,
    size: int,
    *,
    begun: bool = False,
) -> tuple[dict[str, int], dict[str, int]]:
    """Give the members of a job its task.

    Replicas that failed can only be deleted, and are left alone.

    :param begun: whether the instance itself has the task already
    :returns: the code of the task that each member had, and its growth
    """
    members: dict[str, int] = {}
    growth: dict[str, int] = {}
    for each in _loading.load_some(db, rows):
        own = each.id == instance_id
        more = size - (each.volume_size or 0)
        if own and begun or not own and (each.task.is_error or more <= 0):
            continue
        refusal = replicas.refusal_of_member(_TASK, each)
        if refusal is not None:
            raise refusal
        if not own:
            members[each.id] = each.task.code
            growth[each.id] = more
            _rows.set_task(rows[each.id], _TASK)
    return members, growth


def _project(rows: dict[str, models.Instance]) -> str:
    return next((row.tenant_id or '' for row in rows.values()), '')


def _added(stored: dict[str, Any], delta: int) -> dict[str, int]:
    """Return what a job has reserved when this is added to it."""
    reserved = dict(stored.get('reserved') or {})
    return {**reserved, 'volumes': reserved.get('volumes', 0) + delta}


def pending(instance_id: str) -> list[str]:
    """Return the members of a job that have not their new size yet."""
    job = workflows.get_workflow(instance_id)
    return sorted(job.details.get(_GROWTH) or {}) if job is not None else []


@session.retry
def record_member(
    instance_id: str, owner: str, member_id: str, size: int
) -> bool:
    """Record that a member of a job has its new size.

    One that has another task by now, as it is being deleted, is left alone.
    May be repeated.

    :returns: False when the job has another owner; nothing was changed
    """
    with session.writer() as db:
        rows = replicas.lock(db, instance_id)
        current = workflows.find(db, instance_id)
        if current is None or current.owner != owner:
            return False
        stored = workflows.stored(current)
        growth = dict(stored['details'].get(_GROWTH) or {})
        more = growth.pop(member_id, 0)
        deltas = {'volumes': more}
        project_id = _project(rows)
        row = rows.get(member_id)
        if row is None or row.task_id != _TASK.code:
            quota.give_back(db, project_id, deltas, reserved=True)
        elif more:
            quota.settle(db, project_id, deltas)
            quota.hold(db, member_id, deltas)
            row.volume_size = size
            row.server_status = 'ACTIVE'
            _rows.clear_faults(db, member_id)
        return workflows.put(
            db,
            current,
            details={**stored['details'], _GROWTH: growth},
            reserved=_added(stored, -more),
        )


def takes_part(instance_id: str, member_id: str) -> bool:
    """Whether a member of a job still has its task."""
    with session.reader() as db:
        row = db.get(models.Instance, member_id)
        return (
            row is not None
            and not row.deleted
            and row.slave_of_id == instance_id
            and row.task_id == _TASK.code
        )


def sizes(instance_id: str) -> dict[str, int]:
    """Return the sizes in GiB of an instance's volume and its replicas'."""
    with session.reader() as db:
        found = _loading.load_one(db, instance_id)
        if found is None:
            return {}
        ids = [instance_id, *found.replicas]
        return {
            each.id: each.volume_size or 0
            for each in _loading.load_some(db, ids)
        }
