# SPDX-License-Identifier: Apache-2.0
"""The jobs of instances and their owners.

A row in ``workflows`` is a queued job. A task manager that gets the message
claims the row and becomes its owner; from then on every change is a
compare-and-set on the owner. The end of the task deletes the row. So a row
whose owner is dead is a job to be adopted.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import datetime
import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects.instance import states

QUEUED = 'queued'
RUNNING = 'running'

#: The task of an instance during an action, which the API begins: a line for
#: each of ``trove.taskmanager.workflows.WORKFLOWS``. NONE: the instance keeps
#: its task, but runs one action at a time. Others' actions fit any task.
TASKS = {
    'change_encryption': states.Task.UPDATING,
    'create_backup': states.Task.NONE,
    'create_instance': states.Task.BUILDING,
    'delete_instance': states.Task.DELETING,
    'detach_replica': states.Task.DETACHING,
    'eject_replica_source': states.Task.EJECTING,
    'migrate': states.Task.MIGRATING,
    'promote_to_replica_source': states.Task.PROMOTING,
    'reboot': states.Task.REBOOTING,
    'rebuild': states.Task.BUILDING,  # as released; see rebuilds()
    'resize_flavor': states.Task.RESIZING,
    'resize_volume': states.Task.RESIZING,
    'restart': states.Task.REBOOTING,
    'update_access': states.Task.UPDATING,
    'upgrade': states.Task.UPGRADING,
}


@dataclasses.dataclass(frozen=True)
class Workflow:
    """The job of an instance.

    :param action: the method of the task manager's interface
    :param state: 'queued' or 'running'
    :param step: the last one that was started
    :param owner: the task manager that runs it; None while it is queued
    :param details: arguments of the message, for an adoption; secrets are
        sealed
    """

    instance_id: str
    action: str
    state: str
    step: str | None
    owner: str | None
    request_id: str | None
    started: datetime.datetime | None
    updated: datetime.datetime
    details: dict[str, Any]


@session.retry(duplicates=True)
def claim_workflow(
    instance_id: str,
    action: str,
    owner: str,
    request_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Become the owner of a queued job whose message arrived.

    The APIs of other releases queue no job. Their messages are current when
    the task of the instance fits the action.

    :param owner: the new owner
    :param details: arguments of the message, for an adoption; secrets are
        sealed
    :returns: False when the message is stale: its job ended, was cancelled or
        superseded, or has another owner
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is None:
            return False
        now = clock.Now()
        current = find(db, instance_id)
        if current is not None:
            values: dict[str, Any] = {}
            if details is not None:
                known = stored(current)
                merged = {**(known.get('details') or {}), **details}
                values['details'] = json.dumps({**known, 'details': merged})
            return asks_for(
                current, action, request_id
            ) and _compare_and_set(
                instance_id,
                None,
                owner=owner,
                state=RUNNING,
                started=now,
                **values,
            )
        if not fits(row, action):
            return False
        new = add(
            db, instance_id, action, request_id=request_id, details=details
        )
        new.state = RUNNING
        new.owner = owner
        new.started = now
        return True


def get_workflow(instance_id: str) -> Workflow | None:
    """Return the job of an instance, None when it has none."""
    with session.reader() as db:
        row = find(db, instance_id)
        return _workflow(row) if row is not None else None


def workflows() -> list[Workflow]:
    """Return all queued and running jobs, the oldest first."""
    query = sa.select(models.Workflow).order_by(
        models.Workflow.updated, models.Workflow.instance_id
    )
    with session.reader() as db:
        return [_workflow(row) for row in db.scalars(query)]


def workflow_step(instance_id: str, owner: str, step: str) -> bool:
    """Record the step that is started.

    :returns: False when the job has another owner: stop it
    """
    return _compare_and_set(instance_id, owner, step=step[:64])


def add_details(instance_id: str, owner: str, **values: Any) -> bool:
    """Add to the details of a job.

    :returns: False when the job has another owner: stop it
    """
    with session.writer() as db:
        if _rows.lock(db, instance_id) is None:
            return False
        current = find(db, instance_id)
        return (
            current is not None
            and current.owner == owner
            and put_details(db, current, **values)
        )


def adopt(instance_id: str, old_owner: str | None, new_owner: str) -> bool:
    """Adopt a job of a dead owner.

    :param old_owner: None for a queued job whose message is lost
    :returns: False when another process adopted it, or it ended
    """
    return _compare_and_set(
        instance_id,
        old_owner,
        owner=new_owner,
        state=RUNNING,
        started=sa.func.coalesce(
            models.Workflow.started, clock.Now()
        ),
    )


# For the other modules of this package.


def is_of(db: orm.Session, instance_id: str, owner: str | None) -> bool:
    """Return whether the job of a locked instance is this owner's.

    :param owner: None: any owner, or none
    """
    if owner is None:
        return True
    current = find(db, instance_id)
    return current is not None and current.owner == owner


def add(
    db: orm.Session,
    instance_id: str,
    action: str,
    *,
    request_id: str | None,
    details: Mapping[str, Any] | None = None,
    reserved: Mapping[str, int] | None = None,
    before: Mapping[str, Any] | None = None,
) -> models.Workflow:
    """Queue a job of an instance that is locked and has no job."""
    row = models.Workflow(
        instance_id=instance_id,
        action=action,
        state=QUEUED,
        request_id=request_id[:64] if request_id else None,
        updated=clock.Now(),
        details=json.dumps(
            {
                'details': dict(details or {}),
                'reserved': dict(reserved or {}),
                'before': dict(before) if before else None,
            }
        ),
    )
    db.add(row)
    db.flush()
    return row


def put_details(
    db: orm.Session, row: models.Workflow, **values: Any
) -> bool:
    """Add to the details of a job whose instance is locked.

    :returns: False when its owner changed
    """
    return put(
        db, row, details={**(stored(row).get('details') or {}), **values}
    )


def put(db: orm.Session, row: models.Workflow, **values: Any) -> bool:
    """Replace parts of what :func:`stored` returns; see put_details()."""
    statement = (
        sa.update(models.Workflow)
        .where(*_is(row.instance_id, row.owner))
        .values(details=json.dumps({**stored(row), **values}))
    )
    return statements.execute(db, statement) > 0


def drop(
    db: orm.Session, instance_id: str, owner: str | None
) -> dict[str, int] | None:
    """Remove the job of an instance that is locked.

    :param owner: only when it is the owner; None: only when there is none
    :returns: the quota that the job and the jobs it superseded have reserved,
        by resource; None when the job was not removed
    """
    current = find(db, instance_id)
    if current is None:
        return None if owner else {}
    reserved = outstanding(current)
    if current.owner != owner or not remove(db, current):
        return None
    return reserved


def outstanding(row: models.Workflow) -> dict[str, int]:
    """Return the quota that a job and those it superseded have reserved."""
    total: dict[str, int] = {}
    values: dict[str, Any] | None = stored(row)
    while values:
        for resource, delta in (values.get('reserved') or {}).items():
            total[resource] = total.get(resource, 0) + max(delta, 0)
        replaced = (values.get('before') or {}).get('workflow') or {}
        values = _rows.decode(replaced.get('details'), 'A workflow')
    return total


def find(db: orm.Session, instance_id: str) -> models.Workflow | None:
    """Return the row of an instance's job.

    It is not locked: where there is none, MariaDB would lock the gap in which
    other transactions insert. Changes compare and set.
    """
    return db.scalar(
        sa.select(models.Workflow)
        .where(models.Workflow.instance_id == instance_id)
        .execution_options(populate_existing=True)
    )


def remove(db: orm.Session, row: models.Workflow) -> bool:
    """Remove a row unless its owner changed; return whether it did.

    The *members* of the job, other instances that have its task while it
    runs, get back the task that they had before.
    """
    db.expunge(row)
    gone = sa.delete(models.Workflow).where(
        *_is(row.instance_id, row.owner)
    )
    if not statements.execute(db, gone):
        return False
    task = TASKS.get(row.action, states.Task.NONE)
    members = (stored(row).get('details') or {}).get('members') or {}
    for member, code in sorted(members.items()):
        before = states.Task.from_code(code)
        statements.execute(
            db,
            sa.update(models.Instance)
            .where(
                models.Instance.id == member,
                models.Instance.task_id == task.code,
            )
            .values(task_id=before.code, task_description=before.text),
        )
    return True


def _is(
    instance_id: str, owner: str | None
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (
        models.Workflow.instance_id == instance_id,
        (
            models.Workflow.owner == owner
            if owner is not None
            else models.Workflow.owner.is_(None)
        ),
    )


def _compare_and_set(
    instance_id: str, expected: str | None, **values: Any
) -> bool:
    statement = (
        sa.update(models.Workflow)
        .where(*_is(instance_id, expected))
        .values(updated=clock.Now(), **values)
    )
    with session.writer() as db:
        return statements.execute(db, statement) > 0


def asks_for(
    row: models.Workflow, action: str, request_id: str | None
) -> bool:
    """Return whether a job is queued and is the one of a message."""
    if row.state != QUEUED or row.action != action:
        return False
    # Two resizes may differ in size; deletions are all alike.
    return (
        action == 'delete_instance'
        or None in (row.request_id, request_id)
        or row.request_id == (request_id or '')[:64]
    )


def fits(row: models.Instance, action: str) -> bool:
    """Return whether the task of an instance is the one of an action.

    It is for messages of other releases, whose APIs queue no job.
    """
    task = states.Task.from_code(row.task_id)
    wanted = TASKS.get(action, task)
    if wanted is states.Task.NONE:
        return task.is_idle
    return wanted is task and not (task.is_idle or task.is_error)


def rebuilds(row: models.Workflow | None) -> bool:
    """Return whether BUILDING is the task of an instance with data."""
    return row is not None and row.action == 'rebuild'


def stored(row: models.Workflow) -> dict[str, Any]:
    """Return ``details``, ``reserved`` and ``before`` of a row."""
    return (
        _rows.decode(
            row.details, f'The workflow of instance {row.instance_id}'
        )
        or {}
    )


def _workflow(row: models.Workflow) -> Workflow:
    return Workflow(
        instance_id=row.instance_id,
        action=row.action,
        state=row.state,
        step=row.step,
        owner=row.owner,
        request_id=row.request_id,
        started=row.started,
        updated=row.updated,
        details=stored(row).get('details') or {},
    )
