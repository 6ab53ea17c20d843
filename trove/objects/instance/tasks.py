# SPDX-License-Identifier: Apache-2.0
"""Begin and end of the tasks of instances.

A request sets the task of an instance and queues a job (see
:mod:`workflows`). A task ends with success or with a fault, and either way its
job is deleted. So no instance is busy without a job that has, or will have, an
owner.

Every function locks the row of the instance first.
"""

from __future__ import annotations

from collections.abc import Mapping
import datetime
from typing import Any

from oslo_config import cfg
from oslo_log import log
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.instance import _loading
from trove.objects.instance import _superseded
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
    """Set the task of an idle instance, and queue its job.

    A deletion supersedes a running job. A deletion of an instance that is
    being deleted changes nothing and is no error.

    :param action: the method of the task manager's interface
    :param details: arguments for an adoption; no secrets
    :param conf: required with ``deltas``
    :param deltas: growth of the instance, by resource of
        :mod:`trove.objects.quota`; reserved until the task ends
    :returns: the instance with the new task
    :raises InstanceNotFound: there is none, or it is another project's
    :raises InstanceBusy: another task is running
    :raises Unprocessable: it is being built, in error, backed up or not ready
    :raises Forbidden: it is to be deleted and has replicas
    :raises QuotaExceeded: the project's quota is used up
    """
    with session.writer() as db:
        row = _rows.lock_visible(db, context, instance_id)
        instance = _loaded(db, row.id)
        refusal = states.refusal_to_begin(
            task,
            instance_id=instance.label,
            task=instance.task,
            service_status=instance.service_status,
            backing_up=instance.backing_up,
            replicas=instance.replicas,
        )
        if refusal is not None:
            raise refusal
        if task is states.Task.DELETING is not instance.task:
            backups.refuse_deletion(db, instance.id)
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
                'workflow': _superseded.dump(current) if current else None,
            },
        )
        if task is states.Task.DELETING and row.server_status == 'ERROR':
            # ERROR with DELETING means that the deletion failed.
            row.server_status = 'SHUTDOWN'
        elif task is states.Task.BUILDING:
            row.server_status = 'BUILD'
        _rows.set_task(row, task)
        db.flush()
        return _loaded(db, row.id)


@session.retry(duplicates=True)
def undo_task(
    context: trove_context.TroveContext, instance_id: str, task: states.Task
) -> bool:
    """Revert a task whose message could not be sent.

    A job that a deletion superseded is restored.

    :returns: False when nothing was changed: the task is not this request's,
        or a task manager received the message after all
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
        before = _restore(db, row, current)
        if before.get('workflow'):
            db.add(_superseded.restored(before['workflow']))
        return True


def _restore(
    db: orm.Session, row: models.Instance, job: models.Workflow
) -> dict[str, Any]:
    """Make an instance what it was before a job; return what that was."""
    stored = workflows.stored(job)
    before: dict[str, Any] = stored.get('before') or {}
    quota.give_back(
        db, row.tenant_id or '', stored.get('reserved') or {}, reserved=True
    )
    row.task_id = before.get('task_id', states.Task.NONE.code)
    row.task_description = before.get('task_description')
    row.server_status = before.get('server_status')
    return before


def failed_deletions() -> dict[str, datetime.datetime | None]:
    """Return when deletions began that failed and have no job, by instance."""
    query = (
        sa.select(models.Instance.id, models.Instance.task_start_time)
        .outerjoin(
            models.Workflow, models.Workflow.instance_id == models.Instance.id
        )
        .where(
            models.Instance.deleted.is_not(True),
            models.Instance.task_id == states.Task.DELETING.code,
            models.Instance.server_status == 'ERROR',
            models.Workflow.instance_id.is_(None),
        )
    )
    with session.reader() as db:
        return {each.id: each.task_start_time for each in db.execute(query)}


@session.retry
def end_task(instance_id: str, owner: str, **columns: Any) -> bool:
    """End a task with success.

    :param columns: new values of columns of the instance
    :returns: False when the job has another owner; nothing was changed
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
    """End a task with failure: the status is ERROR, with a fault.

    :param task: an error task, after which the instance can only be deleted;
        NONE when the instance is unchanged or can be repaired, so that it
        accepts other tasks and is ACTIVE after a success. An instance that
        was being created always gets an error task, and one that was being
        deleted can only be deleted again.
    :param message: of the fault: what failed, why, and the remedy
    :param details: of the fault
    :returns: False when the job has another owner; nothing was changed
    """
    with session.writer() as db:
        row, current = _taken(db, instance_id, owner, 'fail')
        if row is None or current is None:
            return False
        give_up(db, row, current, task)
        _rows.add_fault(db, instance_id, message, details)
        return True


@session.retry
def end_unchanged(
    instance_id: str,
    owner: str,
    *,
    message: str,
    details: str,
    needs: states.Task | None = None,
) -> bool:
    """End a task that was refused: the instance is as before, with a fault.

    :param message: of the fault: what was refused, why, and the remedy
    :param needs: what an instance that works waits for, if that is known
        better than before
    :returns: False when the job has another owner; nothing was changed
    """
    with session.writer() as db:
        row, current = _taken(db, instance_id, owner, 'end')
        if row is None or current is None:
            return False
        _restore(db, row, current)
        if needs is not None:
            _rows.set_task(row, needs)
            row.server_status = 'ACTIVE'
        _rows.add_fault(db, instance_id, message, details)
        return True


@session.retry
def drop_settled(instance_id: str) -> bool:
    """Drop a queued job that a released task manager has completed.

    Released task managers do not update the row of the job, but they end the
    task of the instance.

    :returns: whether a job was dropped
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


def _loaded(db: orm.Session, instance_id: str) -> entities.Instance:
    found = _loading.load_one(db, instance_id)
    if found is None:
        raise exception.InstanceNotFound(id=instance_id)
    return found


def _taken(
    db: orm.Session, instance_id: str, owner: str, verb: str
) -> tuple[models.Instance | None, models.Workflow | None]:
    """Lock an instance and remove its job, if it is the owner's."""
    row = _rows.lock(db, instance_id)
    current = workflows.find(db, instance_id) if row is not None else None
    if (
        current is not None
        and current.owner == owner
        and workflows.remove(db, current)
    ):
        return row, current
    LOG.warning(
        'Task manager %(owner)s tried to %(verb)s a job of instance %(id)s '
        'that it does not own: %(whose)s. Nothing was changed, and no action '
        'is needed.',
        {
            'owner': owner,
            'verb': verb,
            'id': instance_id,
            'whose': (
                f'its owner is {current.owner or "nobody"}'
                if current is not None
                else 'it ended or was cancelled'
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
    """Set an instance to ERROR after its job was removed."""
    if not task.is_error:
        now = states.Task.from_code(row.task_id)
        if now is states.Task.BUILDING and not workflows.rebuilds(current):
            # A half built instance must not accept other tasks.
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
