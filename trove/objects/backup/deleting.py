# SPDX-License-Identifier: Apache-2.0
"""How backups are deleted.

It is not about an instance, which may be gone. A backup that is to be deleted
has the state :data:`backups.GOING` until a task manager has deleted it. One
whose guest may still be storing has a ``deleted_at`` to come: what is stored
until then is deleted once more, and then it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import datetime

from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects.backup import backups
from trove.objects.backup import work
from trove.objects.instance import states
from trove.objects.instance import workflows

#: Seconds that a guest needs for what it sends when its access expires.
_LAST_REQUEST = 600


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A backup that is to go.

    :ivar updated: when its deletion was requested, or last begun
    :ivar again: it was deleted before, but its guest may have stored more
    """

    project_id: str
    updated: datetime.datetime | None
    again: bool


@session.retry
def request(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    backup_id: str,
    *,
    cancels: bool = False,
) -> list[str]:
    """Have a backup deleted, with all that continue it.

    :param cancels: also those that are being made, if their guest, which
        reported before, has reported nothing for some minutes; else for days
    :returns: their ids, those that others continue last
    :raises NotFound: there is none, or it is another project's
    :raises Unprocessable: one of them is being made
    """
    instance_id = backups.get(context, backup_id).instance_id or ''
    with session.writer() as db:
        _rows.lock(db, instance_id)
        backups.find(db, context, backup_id)
        rows = _family(db, backup_id)
        for row in rows:
            if row.state in states.BACKUP_RUNS:
                _cancel(conf, db, row, cancels)
        for row in rows:
            row.state = backups.GOING
        return [row.id for row in rows]


def _cancel(
    conf: cfg.ConfigOpts, db: orm.Session, row: models.Backup, early: bool
) -> None:
    """Take the work on a backup away; its instance is locked.

    :param early: after minutes, if its guest is one that reports what it has
        stored: those of releases report its end only
    :raises Unprocessable: it is being made
    """
    found = workflows.find(db, str(row.instance_id))
    known = workflows.stored(found).get('details') or {} if found else {}
    if found is None or (found.action, known.get('backup_id')) != (
        work.CREATE,
        row.id,
    ):
        found, known = None, {}
    early = early and 'progress' in known
    quiet = early and backups.unchanged_for(row) > backups.QUIET
    if not (quiet or backups.is_stuck(conf, row)):
        longest = (
            f'{backups.QUIET // 60} minutes'
            if early
            else f'{conf.running_backups_expires} days'
        )
        raise exception.Unprocessable(
            reason=f'backup {row.id} is being made. Repeat the request when '
            'its status is COMPLETED or FAILED, or when its guest agent has '
            f'reported nothing for {longest}.'
        )
    if found is not None:
        row.deleted_at = _end_of_writing(known.get('expires'))
        workflows.remove(db, found)


def _end_of_writing(expires: float | None) -> datetime.datetime:
    """Return when nothing more comes of a guest whose work was taken away.

    :param expires: when its access does; None: nobody knows
    """
    end = now = timeutils.utcnow()
    if expires is not None:
        access = datetime.datetime.fromtimestamp(expires, datetime.UTC)
        end = max(now, access.replace(tzinfo=None))
    return end + datetime.timedelta(seconds=_LAST_REQUEST)


def _family(db: orm.Session, backup_id: str) -> Sequence[models.Backup]:
    """Return a backup and its descendants, the youngest generation first."""
    found: list[models.Backup] = []
    generation = [backup_id]
    known = {backup_id}
    column = models.Backup.id
    while generation:
        rows = db.scalars(
            sa.select(models.Backup)
            .where(column.in_(generation), models.Backup.deleted.is_not(True))
            .order_by(models.Backup.id)
            .with_for_update()
        ).all()
        found[:0] = rows
        children = db.scalars(
            sa.select(models.Backup.id).where(
                models.Backup.parent_id.in_(generation),
                models.Backup.deleted.is_not(True),
            )
        )
        # A row that an administrator edited may be its own ancestor.
        generation = [each for each in children if each not in known]
        known.update(generation)
    return found


def descendants(backup_id: str) -> list[str]:
    """Return the ids of a backup and its descendants, the youngest first."""
    with session.writer() as db:
        return [row.id for row in _family(db, backup_id)]


@session.retry
def mark_deleted(backup_id: str) -> bool:
    """Write down that a backup is gone, and give its quota back.

    :returns: False when there was none, or its guest may store more of it
    """
    with session.writer() as db:
        row = work.locked(db, backup_id)
        if row is None or row.deleted:
            return False
        if row.deleted_at is not None and row.deleted_at > timeutils.utcnow():
            return False
        work.remove(db, row)
        return True


def waiting() -> dict[str, Waiting]:
    """Return the backups that are to go by their ids, the oldest first."""
    due = models.Backup.deleted_at
    query = (
        sa.select(
            models.Backup.id,
            models.Backup.tenant_id,
            models.Backup.updated,
            due,
        )
        .where(
            models.Backup.state == backups.GOING,
            models.Backup.deleted.is_not(True),
            sa.or_(due.is_(None), due <= timeutils.utcnow()),
        )
        .order_by(models.Backup.updated, models.Backup.id)
    )
    with session.reader() as db:
        return {
            row.id: Waiting(
                row.tenant_id or '', row.updated, row.deleted_at is not None
            )
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
