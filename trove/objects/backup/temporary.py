# SPDX-License-Identifier: Apache-2.0
"""Backups that are made for replicas, and deleted when those are built."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects.backup import backups
from trove.objects.instance import states
from trove.objects.instance import workflows


@session.retry
def drop(backup_id: str) -> bool:
    """Have the backup of a replica deleted, if nothing needs it any more.

    :returns: False when it stays: another replica is built from it, another
        backup continues it, or it is being made
    """
    with session.reader() as db:
        known = db.get(models.Backup, backup_id)
        instance_id = known.instance_id if known is not None else None
    if any(_is_built_from(each, backup_id) for each in workflows.workflows()):
        return False
    with session.writer() as db:
        # New backups that continue it are written down under this lock.
        _rows.lock(db, str(instance_id))
        row = db.get(
            models.Backup,
            backup_id,
            with_for_update=True,
            populate_existing=True,
        )
        continued = sa.select(models.Backup.id).where(
            models.Backup.parent_id == backup_id,
            models.Backup.deleted.is_not(True),
        )
        if (
            row is None
            or row.deleted
            or row.state in states.BACKUP_RUNS
            or db.scalars(continued).first() is not None
        ):
            return False
        row.state = backups.GOING
        return True


def _is_built_from(job: workflows.Workflow, backup_id: str) -> bool:
    return (
        job.action == 'create_instance'
        and job.details.get('backup_id') == backup_id
    )
