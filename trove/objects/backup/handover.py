# SPDX-License-Identifier: Apache-2.0
"""A new primary gets the backup strategy of the former one.

What that has stored so far stays with it. The new one begins anew: with a full
backup at once, if it has a schedule, and with a log of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import statements
from trove.objects import clock
from trove.objects.backup import logs


def give(db: orm.Session, old_id: str, new_id: str) -> None:
    """Give the strategy of an instance, with all of it, to another one.

    One that has a strategy keeps it, and nothing is changed.
    """
    if _has_strategy(db, new_id) or not _has_strategy(db, old_id):
        return
    move = sa.update(models.BackupStrategy).where(
        models.BackupStrategy.instance_id == old_id
    )
    statements.execute(db, move.values(instance_id=new_id))
    row = models.BackupSchedule
    # One without a strategy: another release has deleted that.
    statements.execute(db, sa.delete(row).where(row.instance_id == new_id))
    schedule = sa.update(row).where(row.instance_id == old_id)
    statements.execute(
        db,
        schedule.values(
            instance_id=new_id, made=0, next=clock.now(db), retained=None
        ),
    )
    logs.give(db, old_id, new_id)


def _has_strategy(db: orm.Session, instance_id: str) -> bool:
    query = sa.select(models.BackupStrategy.id).where(
        models.BackupStrategy.instance_id == instance_id
    )
    return db.scalars(query.limit(1)).first() is not None
