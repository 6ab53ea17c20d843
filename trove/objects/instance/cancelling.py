# SPDX-License-Identifier: Apache-2.0
"""Cancel the task of an instance, by an order of a user."""

from __future__ import annotations

from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects.backup import reports
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows

_CANCELLED = 'A user cancelled the task and reset the status.'


@session.retry
def reset(instance_id: str) -> None:
    """Cancel the task of an instance, with status ERROR and a fault.

    The fault of a task that had failed already stays. Running backups fail.

    :raises InstanceNotFound: there is none
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is not None and not _rows.has_failed(
            row.server_status, row.task_id
        ):
            task = states.Task.from_code(row.task_id)
            what = 'none' if task.is_idle else task.text.rstrip('.')
            _rows.add_fault(
                db,
                instance_id,
                f'{_CANCELLED} Task: {what}. Delete the instance, or have '
                'an administrator check it and reset its task status.',
                '',
            )
        _cancel(db, instance_id)
        _rows.write_service_status(
            db, instance_id, states.ServiceStatus.UNKNOWN
        )


@session.retry
def reset_task(instance_id: str) -> None:
    """Cancel the task of an instance, with status ACTIVE.

    An instance that is half built or half deleted stays in error. Running
    backups fail.

    :raises InstanceNotFound: there is none
    """
    with session.writer() as db:
        row = _cancel(db, instance_id)
        _rows.clear_side_faults(db, instance_id, _CANCELLED)
        if states.Task.from_code(row.task_id).is_idle:
            row.server_status = 'ACTIVE'


def _cancel(db: orm.Session, instance_id: str) -> models.Instance:
    row = _rows.lock(db, instance_id)
    if row is None:
        raise exception.InstanceNotFound(id=instance_id)
    current = workflows.find(db, instance_id)
    if current is not None:
        workflows.remove(db, current)
    tasks.give_up(db, row, current, states.Task.NONE)
    reports.fail_all(db, instance_id)
    return row
