# SPDX-License-Identifier: Apache-2.0
"""Backup strategies: where the backups of a project go.

One of an instance takes precedence over the one of its project, whose
``instance_id`` is empty.
"""

from __future__ import annotations

import dataclasses

from oslo_utils import uuidutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements


@dataclasses.dataclass(frozen=True)
class Strategy:
    """A strategy; ``instance_id`` is empty for the whole project."""

    project_id: str
    instance_id: str
    backend: str
    container: str | None


def list_(
    *, project_id: str | None = None, instance_id: str | None = None
) -> list[Strategy]:
    """Return strategies.

    :param project_id: of this project; None: of all
    :param instance_id: of this instance only
    """
    query = sa.select(models.BackupStrategy).order_by(
        models.BackupStrategy.tenant_id, models.BackupStrategy.instance_id
    )
    if project_id is not None:
        query = query.where(models.BackupStrategy.tenant_id == project_id)
    if instance_id is not None:
        query = query.where(models.BackupStrategy.instance_id == instance_id)
    with session.reader() as db:
        return [_strategy(row) for row in db.scalars(query)]


@session.retry(duplicates=True)
def save(
    project_id: str, instance_id: str, *, backend: str, container: str
) -> Strategy:
    """Make a strategy, or change the one that there is."""
    with session.writer() as db:
        row = db.scalar(
            sa.select(models.BackupStrategy)
            .where(*_is(project_id, instance_id))
            .with_for_update()
        )
        if row is None:
            row = models.BackupStrategy(
                id=uuidutils.generate_uuid(),
                tenant_id=project_id,
                instance_id=instance_id,
            )
            db.add(row)
        row.backend = backend
        row.swift_container = container
        db.flush()
        return _strategy(row)


@session.retry
def delete(project_id: str, instance_id: str) -> None:
    """Delete a strategy.

    :raises NotFound: there is none
    """
    with session.writer() as db:
        gone = sa.delete(models.BackupStrategy).where(
            *_is(project_id, instance_id)
        )
        if not statements.execute(db, gone):
            whose = (
                f'instance {instance_id}' if instance_id else 'the project'
            )
            raise exception.NotFound(
                f'There is no backup strategy of {whose}.'
            )


def container(project_id: str, instance_id: str) -> str | None:
    """Return where the backups of an instance go; None: not said."""
    found = {
        each.instance_id: each.container
        for each in list_(project_id=project_id)
        if each.instance_id in ('', instance_id)
    }
    return found.get(instance_id) or found.get('')


def _is(
    project_id: str, instance_id: str
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (
        models.BackupStrategy.tenant_id == project_id,
        models.BackupStrategy.instance_id == instance_id,
    )


def _strategy(row: models.BackupStrategy) -> Strategy:
    return Strategy(
        project_id=row.tenant_id,
        instance_id=row.instance_id,
        backend=row.backend,
        container=row.swift_container,
    )
