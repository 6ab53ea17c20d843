# SPDX-License-Identifier: Apache-2.0
"""Tasks whose message was rejected.

No process would ever run such a task, so it ends with a fault. The rejected
message keeps the data to begin the task again: a replay, after an upgrade,
needs it.
"""

from __future__ import annotations

import json
from typing import Any

from oslo_config import cfg
from oslo_log import log
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import quota
from trove.objects.backup import reports
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows

LOG = log.getLogger(__name__)


@session.retry
def reject_task(
    instance_id: str,
    *,
    request_id: str | None,
    message: str | None,
    details: str = '',
    action: str | None = None,
    rejected_id: str | None = None,
    running: bool = False,
) -> bool:
    """Give an instance a fault, and end the task of a rejected message.

    The task ends when its job is queued for the same action and request, or
    when the API of another release began it, which queues no job. Other jobs
    continue.

    :param request_id: of the message
    :param message: of the fault: what failed, why, and the remedy; None when
        the instance has the fault already
    :param details: of the fault
    :param action: the method of the task manager's interface
    :param rejected_id: the rejected message that keeps the data for
        :func:`reopen_task`
    :param running: the message was an order: also end a running job of that
        request; its task manager notices at the next step
    :returns: whether a task ended
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id) if '\0' not in instance_id else None
        if row is None:
            return False
        current = workflows.find(db, instance_id)
        ended = _waits(row, current, action, request_id, running)
        if ended:
            if (
                rejected_id is not None
                and not running
                and not (current is not None and _has_no_task(current))
            ):
                _keep(db, row, current, rejected_id, action, request_id)
            if current is not None:
                ended = workflows.remove(db, current)
        if ended and current is not None and _has_no_task(current):
            reports.fail_all(db, instance_id)
        elif ended:
            tasks.give_up(db, row, current, states.Task.NONE)
        if message is not None:
            _rows.add_fault(db, instance_id, message, details)
        return ended


@session.retry(duplicates=True)
def reopen_task(conf: cfg.ConfigOpts, rejected_id: str) -> bool:
    """Begin a task again that ended because its message was rejected.

    To be called before the message is sent again; should that fail,
    :func:`reject_task` ends the task again.

    :returns: False when there is none: the message may be sent as it is
    :raises NotFound: there is no such message
    :raises InstanceNotFound: the instance was deleted
    :raises InstanceBusy: another task is running
    :raises Unprocessable: the instance has another error by now
    :raises QuotaExceeded: the quota is used up by now
    """
    with session.reader() as db:
        found = db.get(models.RejectedMessage, rejected_id)
    if found is None:
        raise exception.NotFound(
            f'There is no rejected message {rejected_id}.'
        )
    kept = _rows.decode(
        found.task, f'Column task of rejected message {rejected_id}'
    )
    if kept is None or found.instance_id is None:
        return False
    with session.writer() as db:
        row = _rows.lock(db, found.instance_id)
        if row is None:
            raise exception.InstanceNotFound(id=found.instance_id)
        task = states.Task.from_code(kept['task_id'])
        _check_free(db, row, task, str(kept['action']))
        reserved = kept.get('reserved') or {}
        if reserved:
            quota.take(conf, db, row.tenant_id or '', reserved, reserve=True)
        _begin(db, row, task, kept, reserved)
        return True


def _waits(
    row: models.Instance,
    current: models.Workflow | None,
    action: str | None,
    request_id: str | None,
    running: bool,
) -> bool:
    """Return whether the task of an instance depends on the message."""
    if current is None:
        busy = not states.Task.from_code(row.task_id).is_idle
        return action is not None and busy and workflows.fits(row, action)
    if running and request_id is not None:
        return current.request_id == request_id[:64]
    return action is not None and workflows.asks_for(
        current, action, request_id
    )


def _has_no_task(current: models.Workflow) -> bool:
    """Return whether the instance keeps its task, as during a backup."""
    return workflows.TASKS.get(current.action) is states.Task.NONE


def _keep(
    db: orm.Session,
    row: models.Instance,
    current: models.Workflow | None,
    rejected_id: str,
    action: str | None,
    request_id: str | None,
) -> None:
    stored = workflows.stored(current) if current is not None else {}
    kept = {
        'task_id': row.task_id,
        'action': action,
        'request_id': current.request_id if current else request_id,
        'details': stored.get('details') or {},
        'reserved': stored.get('reserved') or {},
    }
    statements.execute(
        db,
        sa.update(models.RejectedMessage)
        .where(
            models.RejectedMessage.id == rejected_id,
            models.RejectedMessage.instance_id == row.id,
        )
        .values(
            task=json.dumps(kept), updated=models.RejectedMessage.updated
        ),
    )


def _check_free(
    db: orm.Session, row: models.Instance, wanted: states.Task, action: str
) -> None:
    """Check that an instance is still as the end of the task left it."""
    task = states.Task.from_code(row.task_id)
    if workflows.find(db, row.id) is None:
        if task.is_idle:
            if wanted is not states.Task.BUILDING or action == 'rebuild':
                return
        elif wanted is states.Task.DELETING:
            if task is wanted or task.is_error:
                return
        elif (
            wanted is states.Task.BUILDING
            and task is states.Task.BUILDING_ERROR_SERVER
        ):
            return
    if task.is_idle or task.is_error:
        raise exception.Unprocessable(
            reason=f'instance {row.id} has changed since the message was '
            f'rejected ({task.text}) Repeat the request instead, and discard '
            'the message.'
        )
    raise exception.InstanceBusy(id=row.id, task=task.text)


def _begin(
    db: orm.Session,
    row: models.Instance,
    task: states.Task,
    kept: dict[str, Any],
    reserved: dict[str, int],
) -> None:
    workflows.add(
        db,
        row.id,
        str(kept['action']),
        request_id=kept.get('request_id'),
        details=kept.get('details'),
        reserved=reserved,
        before={
            'task_id': row.task_id,
            'task_description': row.task_description,
            'server_status': row.server_status,
            'workflow': None,
        },
    )
    _rows.clear_faults(db, row.id)
    _rows.set_task(row, task)
    if task is states.Task.BUILDING:
        row.server_status = 'BUILD'
    elif task is states.Task.DELETING:
        row.server_status = 'SHUTDOWN'
    LOG.info('Instance %s: queued %s again.', row.id, kept['action'])
