# SPDX-License-Identifier: Apache-2.0
"""The tasks of instances: how they begin, and how they end.

A request begins a task: the instance gets it, and its work is queued (see
:mod:`workflows`). A task ends well or with a fault, and either way the work
is gone. So no instance is busy without work that somebody owns or will own.

The row of the instance is locked first everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects import backup
from trove.objects import quota
from trove.objects.instance import _loading
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.objects.instance import workflows

LOG = log.getLogger(__name__)


@session.retry(duplicates=True)
def begin_task(
    context: trove_context.TroveContext,
    instance_id: str,
    task: states.Task,
    *,
    action: str,
    details: Mapping[str, Any] | None = None,
    conf: cfg.ConfigOpts | None = None,
    deltas: Mapping[str, int] | None = None,
) -> entities.Instance:
    """Begin a task, unless something else goes on, and queue its work.

    To delete goes before other work, which is then no longer current. To
    delete what is being deleted changes nothing and is no error.

    :param action: the method of the task manager that will be asked
    :param details: for who takes the work over; no secrets
    :param conf: needed with ``deltas``
    :param deltas: by how much the instance will grow, by resource of
        :mod:`trove.objects.quota`; reserved until the task ends
    :returns: the instance with the new task
    :raises InstanceNotFound: there is none, or it is another project's
    :raises InstanceBusy: another task goes on
    :raises Unprocessable: it is being built, in error, backed up or not ready
    :raises Forbidden: it is to be deleted and has replicas
    :raises QuotaExceeded: the project may not have that much
    """
    with session.writer() as db:
        row = _rows.lock_visible(db, context, instance_id)
        instance = _loaded(db, row.id)
        refusal = states.refusal_to_begin(
            task,
            instance_id=row.id,
            task=instance.task,
            service_status=instance.service_status,
            backing_up=instance.backing_up,
            replicas=instance.replicas,
        )
        if refusal is not None:
            raise refusal
        current = workflows.find(db, row.id)
        if instance.task is states.Task.DELETING and current is not None:
            return instance
        if deltas:
            if conf is None:
                raise TypeError('begin_task() needs conf to check quotas')
            quota.take(conf, db, instance.tenant_id, deltas, reserve=True)
        if current is not None:
            workflows.remove(db, current)
        workflows.add(
            db,
            row.id,
            action,
            request_id=context.request_id,
            details=details,
            reserved=deltas,
            before={
                'task_id': row.task_id,
                'task_description': row.task_description,
                'server_status': row.server_status,
                'workflow': workflows.dump(current) if current else None,
            },
        )
        if task is states.Task.DELETING and row.server_status == 'ERROR':
            # Else it would look as if the deletion had failed.
            row.server_status = 'SHUTDOWN'
        _rows.set_task(row, task)
        db.flush()
        return _loaded(db, row.id)


@session.retry(duplicates=True)
def undo_task(
    context: trove_context.TroveContext, instance_id: str, task: states.Task
) -> bool:
    """Take back a task whose message could not be sent.

    What went on before it, when it was a deletion, goes on.

    :returns: False when nothing was changed: the task is not this request's,
        or a task manager has got the message after all
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        current = workflows.find(db, instance_id) if row is not None else None
        if (
            row is None
            or current is None
            or current.state != workflows.QUEUED
            or states.Task.from_code(row.task_id) is not task
            or current.request_id != context.request_id
        ):
            return False
        if not workflows.remove(db, current):
            return False
        stored = workflows.stored(current)
        before = stored.get('before') or {}
        quota.give_back(
            db,
            row.tenant_id or '',
            stored.get('reserved') or {},
            reserved=True,
        )
        row.task_id = before.get('task_id', states.Task.NONE.code)
        row.task_description = before.get('task_description')
        row.server_status = before.get('server_status')
        if before.get('workflow'):
            db.add(workflows.restored(before['workflow']))
        return True


@session.retry
def end_task(instance_id: str, owner: str, **columns: Any) -> bool:
    """End a task that went well.

    :param columns: new values of columns of the instance
    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        row, current = _taken(db, instance_id, owner, 'end')
        if row is None or current is None:
            return False
        reserved = workflows.stored(current).get('reserved') or {}
        quota.settle(db, row.tenant_id or '', reserved)
        quota.hold(db, instance_id, reserved)
        _rows.clear_faults(db, instance_id)
        _rows.set_task(row, states.Task.NONE)
        row.server_status = 'ACTIVE'
        _rows.assign(row, columns)
        return True


@session.retry
def fail_task(
    instance_id: str,
    owner: str,
    *,
    task: states.Task = states.Task.NONE,
    message: str,
    details: str = '',
) -> bool:
    """End a task that failed: the status is ERROR, with a fault.

    :param task: an error, with which the instance can only be deleted; NONE
        when it is as it was before, so that it takes other tasks, and is
        ACTIVE when one of them goes well. What was being built always gets
        an error, and what was being deleted can only be deleted again.
    :param message: what failed, why, and what to do
    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        row, current = _taken(db, instance_id, owner, 'fail')
        if row is None or current is None:
            return False
        give_up(db, row, current, task)
        _rows.add_fault(db, instance_id, message, details)
        return True


@session.retry
def drop_settled(instance_id: str) -> bool:
    """Drop queued work that a task manager of another release has done.

    Those of released Trove know nothing of the queue, but they end the task
    of the instance, and that is how it can be told.

    :returns: whether there was such work
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        current = workflows.find(db, instance_id) if row is not None else None
        if (
            row is None
            or current is None
            or current.state != workflows.QUEUED
            or workflows.fits(row, current.action)
            or not workflows.remove(db, current)
        ):
            return False
        idle = states.Task.from_code(row.task_id).is_idle
        if idle and row.server_status != 'ERROR':
            reserved = workflows.stored(current).get('reserved') or {}
            quota.settle(db, row.tenant_id or '', reserved)
            quota.hold(db, instance_id, reserved)
            row.server_status = 'ACTIVE'
        else:
            quota.give_back(
                db,
                row.tenant_id or '',
                workflows.outstanding(current),
                reserved=True,
            )
        return True


@session.retry
def reset(instance_id: str) -> None:
    """Give up whatever goes on: status ERROR, as an administrator wants it.

    Backups that were being made have failed.

    :raises InstanceNotFound: there is none
    """
    with session.writer() as db:
        _give_up_all(db, instance_id)
        _rows.write_service_status(
            db, instance_id, states.ServiceStatus.UNKNOWN
        )


@session.retry
def reset_task(instance_id: str) -> None:
    """Give up whatever goes on, and take the instance for as it was before.

    What is half built or half deleted stays in error. Backups that were
    being made have failed.

    :raises InstanceNotFound: there is none
    """
    with session.writer() as db:
        row = _give_up_all(db, instance_id)
        if states.Task.from_code(row.task_id).is_idle:
            row.server_status = 'ACTIVE'


@session.retry
def detach_configuration(
    context: trove_context.TroveContext, instance_id: str
) -> None:
    """Write down that the guest has no configuration group any more.

    The instance needs a restart, unless something goes on with it that
    ends with one.

    :raises InstanceNotFound: there is none, or it is another project's
    """
    with session.writer() as db:
        row = _rows.lock_visible(db, context, instance_id)
        row.configuration_id = None
        if states.Task.from_code(row.task_id).is_idle:
            _rows.set_task(row, states.Task.RESTART_REQUIRED)


def _give_up_all(db: orm.Session, instance_id: str) -> models.Instance:
    row = _rows.lock(db, instance_id)
    if row is None:
        raise exception.InstanceNotFound(id=instance_id)
    current = workflows.find(db, instance_id)
    if current is not None:
        workflows.remove(db, current)
    give_up(db, row, current, states.Task.NONE)
    backup.fail_all(db, instance_id)
    return row


def _loaded(db: orm.Session, instance_id: str) -> entities.Instance:
    found = _loading.load_one(db, instance_id)
    if found is None:
        raise exception.InstanceNotFound(id=instance_id)
    return found


def _taken(
    db: orm.Session, instance_id: str, owner: str, verb: str
) -> tuple[models.Instance | None, models.Workflow | None]:
    """Lock an instance and take away its work, if it is the owner's."""
    row = _rows.lock(db, instance_id)
    current = workflows.find(db, instance_id) if row is not None else None
    if (
        current is not None
        and current.owner == owner
        and workflows.remove(db, current)
    ):
        return row, current
    LOG.warning(
        'Task manager %(owner)s wanted to %(verb)s work on instance %(id)s '
        'that is not its own: %(whose)s. Nothing was changed, and nothing '
        'needs to be done.',
        {
            'owner': owner,
            'verb': verb,
            'id': instance_id,
            'whose': (
                f'{current.owner or "nobody"} has it'
                if current is not None
                else 'it has ended or was given up'
            ),
        },
    )
    return None, None


def give_up(
    db: orm.Session,
    row: models.Instance,
    current: models.Workflow | None,
    task: states.Task,
) -> None:
    """Leave an instance in error after work that was taken away."""
    if not task.is_error:
        now = states.Task.from_code(row.task_id)
        if now is states.Task.BUILDING:
            # What is half built must never look as if it were whole.
            task = states.Task.BUILDING_ERROR_SERVER
        elif now is states.Task.DELETING or now.is_error:
            task = now
        elif current is not None:
            before = workflows.stored(current).get('before') or {}
            if before.get('task_id') == states.Task.RESTART_REQUIRED.code:
                task = states.Task.RESTART_REQUIRED
    if current is not None:
        quota.give_back(
            db,
            row.tenant_id or '',
            workflows.outstanding(current),
            reserved=True,
        )
    _rows.set_task(row, task)
    row.server_status = 'ERROR'
