# SPDX-License-Identifier: Apache-2.0
"""The rows of instances: locked, changed, and with their faults."""

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

    Whatever changes the state of an instance begins with this, so that
    changes of one instance follow each other. To be the first statement of
    its transaction: MariaDB would answer later ones by what it saw first.
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
    """Give an instance a task, in the form that release 26.0 reads."""
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


#: Characters of the details of a fault: its column takes 65,535 bytes.
_MOST_DETAILS = 65_000

#: Faults of an instance that are kept, those that are not shown included.
MOST_FAULTS = 50


def add_fault(
    db: orm.Session, instance_id: str, message: str, details: str
) -> None:
    """Show a fault in place of the former ones; the oldest are forgotten.

    What is too long for the message moves to the details.
    """
    # Their times may be the same: MariaDB keeps whole seconds.
    clear_faults(db, instance_id)
    _forget_faults(db, instance_id)
    message = text.printable(message)
    details = text.printable(details, _MOST_DETAILS, lines=True)
    if len(message) > 255:
        if message not in details:
            details = f'{message}\n{details}'
        message = f'{message[:252]}...'
    # The column takes 65,535 bytes.
    details = details.encode()[:65000].decode(errors='ignore')
    db.add(
        models.InstanceFault(
            instance_id=instance_id,
            message=message,
            details=details,
            # Held against the start of a task.
            created=clock.Now(),
        )
    )


def _forget_faults(db: orm.Session, instance_id: str) -> None:
    """Make room for one more: a guest may report failures without end."""
    # By their keys: MySQL does not delete by a query with a limit.
    surplus = db.scalars(
        sa.select(models.InstanceFault.id)
        .where(models.InstanceFault.instance_id == instance_id)
        .order_by(
            models.InstanceFault.created.desc(), models.InstanceFault.id
        )
        .limit(1000)
        .offset(MOST_FAULTS - 1)
    ).all()
    if surplus:
        statements.execute(
            db,
            sa.delete(models.InstanceFault).where(
                models.InstanceFault.id.in_(surplus)
            ),
        )


def clear_faults(db: orm.Session, instance_id: str) -> None:
    """Show the faults of an instance no longer."""
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
    """Write an instance's service status, in a row it may have or not."""
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
            'Ignoring a malformed value: %s in the database is no JSON '
            'object. Correct it there.',
            what,
        )
        return None
    return value
