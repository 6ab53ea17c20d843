# SPDX-License-Identifier: Apache-2.0
"""What task managers do about archived logs, one at a time for each."""

from __future__ import annotations

import dataclasses
import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import guest_faults
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects.backup import logs

#: How the fault begins that ends with the next full backup.
GAP = 'The archive of the log of changes has a gap after '

#: Archives that are looked at in a row.
_AT_ONCE = 100


@dataclasses.dataclass(frozen=True)
class Archive:
    """The archive of an instance.

    :ivar wanted: False for an instance that was deleted as well
    :ivar ordered_ago: seconds since the guest was told; None: it was not
    :ivar expires: until when the guest may write, in seconds since the epoch
    :ivar series: the newest last
    """

    instance_id: str
    project_id: str
    wanted: bool
    exists: bool
    ordered_ago: float | None
    expires: float | None
    ordered_series: int
    series: tuple[logs.Series, ...]


@session.retry
def claim(interval: float) -> list[Archive]:
    """Return archives that nobody has looked at for some seconds.

    No other task manager gets them until as much time has passed.
    """
    found = []
    with session.writer() as db:
        now = clock.now(db)
        before = now - datetime.timedelta(seconds=interval)
        due = sa.or_(
            models.LogArchive.checked.is_(None),
            models.LogArchive.checked <= before,
            # The clock was set back.
            models.LogArchive.checked > now + datetime.timedelta(minutes=1),
        )
        for row in db.scalars(
            sa.select(models.LogArchive)
            .where(due)
            .order_by(models.LogArchive.checked, models.LogArchive.instance_id)
            .limit(_AT_ONCE)
        ).all():
            mine = sa.update(models.LogArchive).where(
                models.LogArchive.instance_id == row.instance_id, due
            )
            if statements.execute(db, mine.values(checked=now)):
                found.append(_archive(db, row, now))
    return found


def _archive(
    db: orm.Session, row: models.LogArchive, now: datetime.datetime
) -> Archive:
    series = db.scalars(
        sa.select(models.LogSeries)
        .where(models.LogSeries.instance_id == row.instance_id)
        .order_by(models.LogSeries.series)
    )
    instance = db.get(models.Instance, row.instance_id)
    exists = instance is not None and not instance.deleted
    return Archive(
        row.instance_id,
        row.tenant_id,
        row.wanted and exists,
        exists,
        (now - row.ordered).total_seconds() if row.ordered else None,
        row.expires,
        row.series,
        tuple(logs.read(each) for each in series),
    )


@session.retry
def ordered(instance_id: str, expires: float | None) -> None:
    """Write down that the guest was told what is wanted."""
    with session.writer() as db:
        row = db.get(models.LogArchive, instance_id)
        if row is not None:
            row.ordered = clock.now(db)
            row.expires = expires


@session.retry
def extend(
    instance_id: str, series: int, last: int, latest: str | None
) -> None:
    """Write down which objects there are, and up to when they reach.

    A fault that none could be stored is hidden.
    """
    with session.writer() as db:
        row = db.get(
            models.LogSeries, (instance_id, series), with_for_update=True
        )
        if row is not None and row.last < last:
            row.last = last
            _rows.clear_side_faults(
                db, instance_id, guest_faults.begins(guest_faults.ARCHIVE_LOG)
            )
            if latest is not None and latest > (row.latest or ''):
                row.latest = latest


@session.retry
def refuse(instance_id: str, message: str) -> None:
    """Add the fault of an object that is refused, once."""
    fault = models.InstanceFault
    with session.writer() as db:
        known = db.scalar(
            sa.select(fault.id).where(
                fault.instance_id == instance_id,
                fault.deleted.is_(False),
                fault.message == _rows.shown(message),
            )
        )
        if known is None:
            _rows.add_side_fault(db, instance_id, message)


@session.retry(duplicates=True)
def begin_series(known: logs.Series, message: str) -> logs.Series:
    """Write down that a series begins after a gap, which is a fault.

    :param known: the one before
    """
    with session.writer() as db:
        exists = _rows.lock(db, known.instance_id) is not None
        archive = db.get(
            models.LogArchive, known.instance_id, with_for_update=True
        )
        key = known.instance_id, known.series + 1
        row = db.get(models.LogSeries, key)
        if row is None:
            row = models.LogSeries(
                instance_id=known.instance_id,
                series=known.series + 1,
                storage_driver=known.storage_driver,
                container=known.container,
                first=1,
                last=0,
            )
            db.add(row)
            if exists:
                _rows.add_side_fault(db, known.instance_id, message)
            if archive is not None and archive.series < row.series:
                archive.series = row.series
        db.flush()
        return logs.read(row)


@session.retry
def needless(known: logs.Series) -> range:
    """Return the numbers of objects that no backup needs any more."""
    with session.reader() as db:
        if logs.is_backing_up(db, known.instance_id):
            return range(0)
        needed = db.scalar(
            sa.select(sa.func.min(models.BackupLog.number))
            .join(
                models.Backup, models.Backup.id == models.BackupLog.backup_id
            )
            .where(
                models.Backup.instance_id == known.instance_id,
                models.Backup.deleted.is_not(True),
                models.BackupLog.series == known.series,
            )
        )
    end = known.last + 1 if needed is None else min(needed, known.last + 1)
    return range(known.first, end)


@session.retry
def shorten(known: logs.Series, first: int) -> None:
    """Write down that the objects before one are to go.

    Before they do: what is written down is always there.
    """
    with session.writer() as db:
        row = db.get(
            models.LogSeries,
            (known.instance_id, known.series),
            with_for_update=True,
        )
        if row is not None:
            row.first = max(row.first, first)


@session.retry
def forget(archive: Archive, series: logs.Series) -> None:
    """Remove a series without objects that is not continued."""
    with session.writer() as db:
        row = db.get(
            models.LogSeries, (series.instance_id, series.series)
        )
        if row is not None:
            db.delete(row)
        owner = db.get(models.LogArchive, archive.instance_id)
        if owner is not None and not archive.exists and len(
            archive.series
        ) == 1:
            db.delete(owner)
