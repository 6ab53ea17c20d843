# SPDX-License-Identifier: Apache-2.0
"""Locks and changes the rows of instances and their faults."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any

from oslo_log import log
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.common import text
from trove.db import models
from trove.db import statements
from trove.objects import clock
from trove.objects.instance import states

LOG = log.getLogger(__name__)


def lock(db: orm.Session, instance_id: str) -> models.Instance | None:
    """Return the row of an instance that is not deleted, locked.

    Every change of an instance starts with this, which serializes them. It
    must be the first statement of its transaction: MariaDB takes the snapshot
    for later statements at the first one.
    """
    return db.scalar(
        sa.select(models.Instance)
        .where(
            models.Instance.id == instance_id,
            models.Instance.deleted.is_not(True),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def lock_visible(
    db: orm.Session, context: trove_context.TroveContext, instance_id: str
) -> models.Instance:
    """Lock the row of an instance that the context may see.

    :raises InstanceNotFound: there is none, or it is another project's
    """
    row = lock(db, instance_id) if '\0' not in instance_id else None
    if row is None or not (
        context.is_admin or row.tenant_id == context.project_id
    ):
        raise exception.InstanceNotFound(id=instance_id)
    return row


def set_task(row: models.Instance, task: states.Task) -> None:
    """Set the task of an instance, in the form that release 26.0 reads."""
    row.task_id = task.code
    row.task_description = task.text
    row.task_start_time = clock.Now()


def assign(row: models.Instance, columns: Mapping[str, Any]) -> None:
    """Set columns of an instance.

    :raises TypeError: there is no such column
    """
    for name, value in columns.items():
        if name not in models.Instance.__table__.columns:
            raise TypeError(f'instances have no column {name!r}')
        if name == 'access' and isinstance(value, Mapping):
            value = json.dumps(dict(value))
        setattr(row, name, value)


#: Characters of a fault's message: the column of release 26.0 has so many.
_MAX_MESSAGE = 255

#: Maximum length of a fault's details: its column holds 65,535 bytes.
_MAX_DETAILS = 65_000

#: Maximum number of faults kept per instance, hidden ones included.
MAX_FAULTS = 50


def add_fault(
    db: orm.Session, instance_id: str, message: str, details: str
) -> None:
    """Add a fault and hide the former ones; the oldest are deleted.

    A message that is too long is cut, and added to the details.
    """
    # Hidden explicitly: times may be equal, for MariaDB keeps whole seconds.
    clear_faults(db, instance_id)
    _purge_faults(db, instance_id)
    whole = text.printable(message)
    details = text.printable(details, _MAX_DETAILS, lines=True)
    message = shown(message)
    if message != whole and whole not in details:
        details = f'{whole}\n{details}'
    # The column holds 65,535 bytes.
    details = details.encode()[:65000].decode(errors='ignore')
    db.add(
        models.InstanceFault(
            instance_id=instance_id,
            message=message,
            details=details,
            # Compared with the start of a task.
            created=clock.Now(),
        )
    )


def shown(message: str) -> str:
    """Return a message as the fault has it."""
    return text.cut(text.printable(message), _MAX_MESSAGE)


def left_of_longer(shown: str) -> tuple[str, str] | None:
    """Return the ends of the message of a fault, None if it has it all."""
    return text.left(shown, _MAX_MESSAGE)


def has_failed(server_status: str | None, task_id: int | None) -> bool:
    """Return whether the last task of an instance failed."""
    return (
        server_status == 'ERROR' or states.Task.from_code(task_id).is_error
    )


def add_side_fault(
    db: orm.Session, instance_id: str, message: str, details: str = ''
) -> None:
    """Add a fault of what goes on beside the tasks of an instance.

    That of an instance whose task failed stays, and this one is logged.
    """
    row = db.get(models.Instance, instance_id)
    if row is not None and has_failed(row.server_status, row.task_id):
        LOG.warning(
            'Instance %s, which keeps the fault of its task: %s',
            instance_id,
            message,
        )
        return
    add_fault(db, instance_id, message, details)


def clear_side_faults(
    db: orm.Session, instance_id: str, *begins: str
) -> None:
    """Hide the faults whose messages begin so: their cause has passed."""
    fault = models.InstanceFault
    statements.execute(
        db,
        sa.update(fault)
        .where(
            fault.instance_id == instance_id,
            fault.deleted.is_(False),
            sa.or_(*(fault.message.startswith(each) for each in begins)),
        )
        .values(deleted=True, deleted_at=timeutils.utcnow()),
    )


def _purge_faults(db: orm.Session, instance_id: str) -> None:
    """Delete the oldest faults: a guest may report any number of failures."""
    # By id: MySQL does not support LIMIT in the subquery of a DELETE.
    surplus = db.scalars(
        sa.select(models.InstanceFault.id)
        .where(models.InstanceFault.instance_id == instance_id)
        .order_by(
            models.InstanceFault.created.desc(), models.InstanceFault.id
        )
        .limit(1000)
        .offset(MAX_FAULTS - 1)
    ).all()
    if surplus:
        statements.execute(
            db,
            sa.delete(models.InstanceFault).where(
                models.InstanceFault.id.in_(surplus)
            ),
        )


def clear_faults(db: orm.Session, instance_id: str) -> None:
    """Hide the faults of an instance."""
    now = timeutils.utcnow()
    statements.execute(
        db,
        sa.update(models.InstanceFault)
        .where(
            models.InstanceFault.instance_id == instance_id,
            models.InstanceFault.deleted.is_(False),
        )
        .values(deleted=True, deleted_at=now),
    )


def service_status(
    db: orm.Session, instance_id: str
) -> models.ServiceStatus | None:
    """Return the row of an instance's service status."""
    return db.scalars(
        sa.select(models.ServiceStatus)
        .where(models.ServiceStatus.instance_id == instance_id)
        .order_by(models.ServiceStatus.id)
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def write_service_status(
    db: orm.Session, instance_id: str, status: states.ServiceStatus
) -> None:
    """Set an instance's service status; add its row if it is missing."""
    row = service_status(db, instance_id)
    if row is None:
        row = models.ServiceStatus(instance_id=instance_id)
        db.add(row)
    row.status_id = status.code
    row.status_description = status.description
    row.updated_at = timeutils.utcnow()
    db.flush()


def decode(stored: str | None, what: str) -> dict[str, Any] | None:
    """Return the object in a JSON column; None when it is no object."""
    if not stored:
        return None
    try:
        value = json.loads(stored)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        LOG.warning(
            'Ignoring a malformed value: %s is not a JSON object. Correct it '
            'in the database.',
            what,
        )
        return None
    return value
