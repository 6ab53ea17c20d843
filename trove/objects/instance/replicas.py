# SPDX-License-Identifier: Apache-2.0
"""A primary with its replicas, and jobs that change who follows whom.

Such a job is that of one instance, and the others are its *members*: they have
its task until it ends, however it ends (see :func:`workflows.remove`). So no
two jobs change the same set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects.backup import handover
from trove.objects.backup import reports
from trove.objects.instance import _loading
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.objects.instance import workflows

PROMOTE = 'promote_to_replica_source'
EJECT = 'eject_replica_source'

#: The database server does not run, as its guest agent reports.
_DOWN = (states.ServiceStatus.SHUTDOWN, states.ServiceStatus.CRASHED)


def refusal_to_regroup(
    instance: entities.Instance, action: str
) -> exception.TroveError | None:
    """Return why an instance has not the role that an action needs."""
    if action == PROMOTE and not instance.slave_of_id:
        return exception.BadRequest(
            f'Instance {instance.label} is not a replica, so it cannot be '
            'promoted. Choose one of the replicas of an instance.'
        )
    if action == EJECT and not instance.replicas:
        return exception.BadRequest(
            f'Instance {instance.label} has no replicas, of which one could '
            'take over from it.'
        )
    return None


def refusal_to_eject(
    primary: entities.Instance, expiry: float
) -> exception.BadRequest | None:
    """Return why a primary has not failed, None when it has.

    Its server is stopped before another takes over, so an agent that still
    reports does no harm.

    :param primary: judged, see :meth:`entities.Instance.judged`
    :param expiry: seconds without a report after which a guest is silent
    """
    status = primary.service_status
    if primary.silent_for is not None or status in _DOWN:
        return None
    replica = sorted(primary.replicas)[0]
    return exception.BadRequest(
        f'Instance {primary.label} has not failed: its guest '
        f'agent still reports, and its database server is '
        f'{status.api_word} ({status.description}). Promote one of its '
        f'replicas instead: "openstack database instance promote {replica}". '
        'It can be ejected when its database server is down, or its guest '
        f'agent has been silent for {expiry:g} seconds.'
    )


def refusal_to_succeed(
    primary: entities.Instance,
) -> exception.Unprocessable | None:
    """Return why a primary cannot hand over to a replica by itself.

    :param primary: judged, see :meth:`entities.Instance.judged`
    """
    status = primary.service_status
    if not primary.task.is_idle:
        return None
    if primary.silent_for is not None:
        why = f'its guest agent has been silent for {primary.silent_for} s'
        first = 'Or ask an administrator to reboot it'
    elif status in _DOWN:
        why = f'its database server is down ({status.description})'
        first = 'Or restart it'
    else:
        return None
    return exception.Unprocessable(
        reason=f'the primary {primary.label} cannot hand over '
        f'to a replica: {why}. Eject it, and the replica that has received '
        f'most takes over: "openstack database instance eject {primary.id}". '
        f'{first}, and promote the replica when it is HEALTHY.'
    )


def refusal_of_member(
    task: states.Task, member: entities.Instance
) -> exception.TroveError | None:
    """Return why an instance cannot begin a task with others of its set."""
    return states.refusal_to_begin(
        task,
        instance_id=member.label,
        task=member.task,
        service_status=member.service_status,
        backing_up=member.backing_up,
        replicas=(),
    )


@session.retry(duplicates=True)
def begin(
    context: trove_context.TroveContext, instance_id: str, action: str
) -> None:
    """Begin a job on a primary and all its replicas.

    :param instance_id: to :data:`PROMOTE`, a replica; to :data:`EJECT`, the
        primary
    :raises InstanceNotFound: there is none, or it is another project's
    :raises BadRequest: it has not the role for it
    :raises InstanceBusy: another task is running on one of the set
    :raises Unprocessable: one of them is being built or backed up, or not
        ready
    """
    primary_id = _primary(context, instance_id)
    with session.writer() as db:
        rows = lock(db, primary_id)
        row = rows.get(instance_id)
        if row is None:
            raise _changed(instance_id)
        members = _occupy(db, rows, primary_id, instance_id, action)
        details = {'primary': primary_id, 'members': members}
        queue(db, row, action, context.request_id, details)


def queue(
    db: orm.Session,
    row: models.Instance,
    action: str,
    request_id: str | None,
    details: Mapping[str, Any],
    reserved: Mapping[str, int] | None = None,
) -> None:
    """Queue a job with members, which have its task already."""
    current = workflows.find(db, row.id)
    if current is not None:
        # That of a backup, which ends with the server of a primary.
        workflows.remove(db, current)
        reports.fail_all(db, row.id)
    workflows.add(
        db,
        row.id,
        action,
        request_id=request_id,
        details=details,
        reserved=reserved,
        before={
            'task_id': row.task_id,
            'task_description': row.task_description,
            'server_status': row.server_status,
        },
    )
    _rows.set_task(row, workflows.TASKS[action])


@session.retry
def occupy(instance_id: str, owner: str, action: str) -> bool:
    """Give a job its members, if an API of another release began it.

    :returns: False when the job has another owner; nothing was changed
    :raises TroveError: see :func:`begin`
    """
    primary_id = _primary(trove_context.make_admin_context(), instance_id)
    with session.writer() as db:
        rows = lock(db, primary_id)
        current = workflows.find(db, instance_id)
        if current is None or current.owner != owner:
            return False
        known = workflows.stored(current).get('details') or {}
        if known.get('primary'):
            return True
        if instance_id not in rows:
            raise _changed(instance_id)
        members = _occupy(db, rows, primary_id, instance_id, action)
        return workflows.put_details(
            db, current, primary=primary_id, members=members
        )


def _primary(
    context: trove_context.TroveContext, instance_id: str
) -> str:
    with session.reader() as db:
        row = db.get(models.Instance, instance_id)
        if (
            row is None
            or row.deleted
            or not (context.is_admin or row.tenant_id == context.project_id)
        ):
            raise exception.InstanceNotFound(id=instance_id)
        return row.slave_of_id or row.id


def primary_of(instance_id: str) -> str:
    """Return the id of an instance's primary, its own if it is one.

    :raises InstanceNotFound: there is none
    """
    return _primary(trove_context.make_admin_context(), instance_id)


def _changed(instance_id: str) -> exception.Conflict:
    return exception.Conflict(
        f'Another request changed whom instance {instance_id} follows. Look '
        'at its replica_of, then repeat the request.'
    )


def lock(db: orm.Session, primary_id: str) -> dict[str, models.Instance]:
    """Lock an instance and its replicas, in the order of their ids."""
    rows = db.scalars(
        sa.select(models.Instance)
        .where(
            sa.or_(
                models.Instance.id == primary_id,
                models.Instance.slave_of_id == primary_id,
            ),
            models.Instance.deleted.is_not(True),
        )
        .order_by(models.Instance.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _occupy(
    db: orm.Session,
    rows: dict[str, models.Instance],
    primary_id: str,
    instance_id: str,
    action: str,
) -> dict[str, int]:
    """Give the members of a job its task.

    Replicas that failed are left alone.

    :returns: the task that each member had, as its code
    """
    task = workflows.TASKS[action]
    found = {each.id: each for each in _loading.load_some(db, rows)}
    refusal = refusal_to_regroup(found[instance_id], action)
    for each in found.values():
        refusal = refusal or _refusal(
            each, task, each.id in (primary_id, instance_id), instance_id
        )
    if refusal is not None:
        raise refusal
    members = {}
    for each in found.values():
        if each.id != instance_id and not each.task.is_error:
            members[each.id] = each.task.code
            _rows.set_task(rows[each.id], task)
    return members


def _refusal(
    instance: entities.Instance,
    task: states.Task,
    takes_part: bool,
    instance_id: str,
) -> exception.TroveError | None:
    if instance.id == instance_id and instance.task is task:
        # An API of another release began it.
        return None
    if task is states.Task.PROMOTING and takes_part:
        return refusal_of_member(task, instance)
    if instance.task.is_error and not takes_part:
        return None
    return states.refusal_to_join(
        instance_id=instance.label,
        task=instance.task,
        # A backup that is being made ends with its server.
        backing_up=instance.backing_up and not takes_part,
    )


@session.retry
def switch(
    instance_id: str, owner: str, new_id: str, *, follows: bool
) -> bool:
    """Record that a replica is the primary of all others now.

    It gets the backup strategy of the former one. May be repeated.

    :param instance_id: whose job it is
    :param new_id: the new primary
    :param follows: whether the former one follows it
    :returns: False when the job has another owner; nothing was changed
    """
    job = workflows.get_workflow(instance_id)
    if job is None or job.owner != owner:
        return False
    primary_id = str(job.details['primary'])
    with session.writer() as db:
        rows = lock(db, primary_id)
        if not workflows.is_of(db, instance_id, owner):
            return False
        if new_id not in rows:
            return _is_primary(db, new_id)
        for row in rows.values():
            row.slave_of_id = None if row.id == new_id else new_id
        if not follows:
            rows[primary_id].slave_of_id = None
        handover.give(db, primary_id, new_id)
        return True


def _is_primary(db: orm.Session, instance_id: str) -> bool:
    row = _rows.lock(db, instance_id)
    return row is not None and row.slave_of_id is None


@session.retry
def fail_member(
    instance_id: str,
    owner: str,
    member_id: str,
    task: states.Task,
    message: str,
) -> bool:
    """Set a member of a job to ERROR, with a fault.

    :param instance_id: whose job it is
    :returns: False when the job has another owner; nothing was changed
    """
    with session.writer() as db:
        row = _rows.lock(db, member_id)
        if not workflows.is_of(db, instance_id, owner):
            return False
        if row is not None:
            _rows.set_task(row, task)
            row.server_status = 'ERROR'
            _rows.add_fault(db, member_id, message, message)
        return True


@session.retry
def end_member(instance_id: str, owner: str, member_id: str) -> bool:
    """Let a member be ACTIVE after a success; see :func:`fail_member`."""
    with session.writer() as db:
        row = _rows.lock(db, member_id)
        if not workflows.is_of(db, instance_id, owner):
            return False
        if row is not None:
            _rows.clear_faults(db, member_id)
            row.server_status = 'ACTIVE'
        return True


def require_primary(
    db: orm.Session, context: trove_context.TroveContext, instance_id: str
) -> models.Instance:
    """Lock the primary of a new replica, and check that it may have one.

    It may be backed up: that is what a replica begins with.

    :returns: its row
    :raises BadRequest: it is a replica itself
    :raises TroveError: another task is running on it
    """
    row = _rows.lock_visible(db, context, instance_id)
    refusal: Any = None
    if row.slave_of_id:
        refusal = refusal_to_follow(instance_id, row.slave_of_id)
    refusal = refusal or states.refusal_to_join(
        instance_id=instance_id,
        task=states.Task.from_code(row.task_id),
        backing_up=False,
    )
    if refusal is not None:
        raise refusal
    return row


def refusal_to_follow(
    instance_id: str, primary_id: str
) -> exception.BadRequest:
    return exception.BadRequest(
        f'Instance {instance_id} is a replica of {primary_id}, and a replica '
        'has no replicas. Name its primary as replica_of.'
    )
