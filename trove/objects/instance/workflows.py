# SPDX-License-Identifier: Apache-2.0
"""The work that instances are busy with, and who does it.

A row in ``workflows`` says that work is queued. A task manager that gets the
message claims the row and becomes its owner; from then on every change is a
compare-and-set on the owner. The row goes when the task ends. So a row whose
owner is dead is work to be taken over.
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

#: The task of an instance while an action goes on: one line for each of
#: ``trove.taskmanager.workflows.WORKFLOWS``. Other actions, of other releases,
#: go with any task.
TASKS = {
    'create_instance': states.Task.BUILDING,
    'delete_instance': states.Task.DELETING,
    'reboot': states.Task.REBOOTING,
    'resize_flavor': states.Task.RESIZING,
    'resize_volume': states.Task.RESIZING,
    'restart': states.Task.REBOOTING,
}


@dataclasses.dataclass(frozen=True)
class Workflow:
    """The work that an instance is busy with.

    :param action: the method of the task manager's interface
    :param state: 'queued' or 'running'
    :param step: the last one begun
    :param owner: the task manager that runs it; None while it is queued
    :param details: what whoever began it wrote down for whoever takes it
        over; it holds no secrets
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
    """Become the owner of queued work whose message has come.

    The APIs of other releases queue nothing. Their messages are current when
    the task of the instance fits the action.

    :param details: what the message said, for who takes the work over; no
        secrets that are not sealed
    :returns: False when the message is to be left alone: its work was done,
        was given up or replaced by other work, or another one does it
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
                values['details'] = json.dumps(
                    {**stored(current), 'details': dict(details)}
                )
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
    """Return the work that an instance is busy with, None when idle."""
    with session.reader() as db:
        row = find(db, instance_id)
        return _workflow(row) if row is not None else None


def workflows() -> list[Workflow]:
    """Return all work that is queued or going on, the oldest first."""
    query = sa.select(models.Workflow).order_by(
        models.Workflow.updated, models.Workflow.instance_id
    )
    with session.reader() as db:
        return [_workflow(row) for row in db.scalars(query)]


def workflow_step(instance_id: str, owner: str, step: str) -> bool:
    """Write down which step of the work is begun.

    :returns: False when the work is not the owner's any more: it must stop
    """
    return _compare_and_set(instance_id, owner, step=step[:64])


def adopt(instance_id: str, old_owner: str | None, new_owner: str) -> bool:
    """Take work over from an owner that is dead.

    :param old_owner: None for work that is queued and whose message is lost
    :returns: False when somebody else was faster, or the work has ended
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
    """Say whether the work of a locked instance is this owner's.

    :param owner: None: whoever's it is
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
    """Queue work of an instance that is locked and has none."""
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


def drop(
    db: orm.Session, instance_id: str, owner: str | None
) -> dict[str, int] | None:
    """Remove the work of an instance that is locked.

    :param owner: only when it runs it; None: only when nobody does
    :returns: what it, and what it replaced, has reserved; None when it was
        not removed
    """
    current = find(db, instance_id)
    if current is None:
        return None if owner else {}
    reserved = outstanding(current)
    if current.owner != owner or not remove(db, current):
        return None
    return reserved


def outstanding(row: models.Workflow) -> dict[str, int]:
    """Return what work, and what it replaced, has reserved."""
    total: dict[str, int] = {}
    values: dict[str, Any] | None = stored(row)
    while values:
        for resource, delta in (values.get('reserved') or {}).items():
            total[resource] = total.get(resource, 0) + max(delta, 0)
        replaced = (values.get('before') or {}).get('workflow') or {}
        values = _rows.decode(replaced.get('details'), 'A workflow')
    return total


def find(db: orm.Session, instance_id: str) -> models.Workflow | None:
    """Return the row of an instance's work.

    It is not locked: where there is none, MariaDB would lock the place where
    others put theirs. What changes it compares and sets.
    """
    return db.scalar(
        sa.select(models.Workflow)
        .where(models.Workflow.instance_id == instance_id)
        .execution_options(populate_existing=True)
    )


def remove(db: orm.Session, row: models.Workflow) -> bool:
    """Remove a row unless its owner has changed; say whether it went."""
    db.expunge(row)
    gone = sa.delete(models.Workflow).where(
        *_is(row.instance_id, row.owner)
    )
    return statements.execute(db, gone) > 0


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
    """Say whether work is queued and waits for a message."""
    if row.state != QUEUED or row.action != action:
        return False
    # Two resizes may differ in size; two deletions do not differ.
    return (
        action == 'delete_instance'
        or None in (row.request_id, request_id)
        or row.request_id == (request_id or '')[:64]
    )


def fits(row: models.Instance, action: str) -> bool:
    """Say whether the task of an instance is the one of an action.

    It is for messages of other releases, whose APIs queue nothing.
    """
    task = states.Task.from_code(row.task_id)
    if task.is_idle or task.is_error:
        return False
    return TASKS.get(action, task) is task


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


def dump(row: models.Workflow) -> dict[str, Any]:
    """Return a row in a form for JSON, for :func:`restored`."""
    return {
        'instance_id': row.instance_id,
        'action': row.action,
        'state': row.state,
        'step': row.step,
        'owner': row.owner,
        'request_id': row.request_id,
        'started': row.started.isoformat() if row.started else None,
        'details': row.details,
    }


def restored(values: dict[str, Any]) -> models.Workflow:
    """Return a new row that is as the dumped one was."""
    started = values.get('started')
    return models.Workflow(
        **{
            **values,
            'started': (
                datetime.datetime.fromisoformat(started) if started else None
            ),
        }
    )
