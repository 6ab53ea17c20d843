# SPDX-License-Identifier: Apache-2.0
"""Which task manager deletes a backup that is to go."""

from __future__ import annotations

import dataclasses
import datetime

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects.backup import backups


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A backup that is to go.

    :ivar updated: when its deletion was requested, or last begun
    """

    project_id: str
    updated: datetime.datetime | None


def waiting() -> dict[str, Waiting]:
    """Return the backups that are to go by their ids, the oldest first."""
    query = (
        sa.select(
            models.Backup.id, models.Backup.tenant_id, models.Backup.updated
        )
        .where(
            models.Backup.state == backups.GOING,
            models.Backup.deleted.is_not(True),
        )
        .order_by(models.Backup.updated, models.Backup.id)
    )
    with session.reader() as db:
        return {
            row.id: Waiting(row.tenant_id or '', row.updated)
            for row in db.execute(query)
        }


@session.retry
def claim(backup_id: str, known: datetime.datetime | None) -> bool:
    """Write down that somebody deletes it, unless another one has.

    :param known: as :func:`waiting` returned it
    """
    mine = (
        sa.update(models.Backup)
        .where(
            models.Backup.id == backup_id,
            models.Backup.state == backups.GOING,
            models.Backup.deleted.is_not(True),
            models.Backup.updated == known
            if known is not None
            else models.Backup.updated.is_(None),
        )
        .values(updated=timeutils.utcnow())
    )
    with session.writer() as db:
        return bool(statements.execute(db, mine))


@session.retry
def begin(backup_id: str) -> None:
    """Write down that it is being deleted, so that nobody else does."""
    with session.writer() as db:
        statements.execute(
            db,
            sa.update(models.Backup)
            .where(
                models.Backup.id == backup_id,
                models.Backup.deleted.is_not(True),
            )
            .values(state=backups.GOING, updated=timeutils.utcnow()),
        )
