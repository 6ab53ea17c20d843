# SPDX-License-Identifier: Apache-2.0
"""Archived logs of changes, and the times that they can restore.

A guest stores its log as numbered objects, in *series* without a gap. Only
what a task manager has seen in the object store is written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import datetime
import re
from typing import Any
from typing import Final

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.common import numbered
from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.instance import states

_TIME: Final = re.compile(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z', re.ASCII
)
_FORMAT: Final = '%Y-%m-%dT%H:%M:%S.%fZ'
#: Metadata of backups and of objects of a log.
_SERIES, _NUMBER, _COMPLETE = 'log-series', 'log-number', 'log-time'
UNTIL: Final = 'log-until'
SUFFIX: Final = '.gz'
#: Of an instance, when another one is wanted.
_MOST_SERIES: Final = 20


@dataclasses.dataclass(frozen=True)
class Series:
    """Objects of a log in a row, from ``first`` to ``last``.

    :ivar latest: all that was committed before is there
    """

    instance_id: str
    series: int
    storage_driver: str
    container: str
    first: int
    last: int
    latest: str | None

    @property
    def prefix(self) -> str:
        return prefix(self.instance_id)

    def name(self, number: int, series: int | None = None) -> str:
        """Return the name of an object."""
        return next(iter(self.names(number, 1, series)))

    def names(
        self, first: int, count: int, series: int | None = None
    ) -> numbered.Names:
        """Return the names of objects in a row."""
        wanted = self.series if series is None else series
        before = f'{self.prefix}{wanted:04d}-'
        return numbered.Names(before, SUFFIX, first, count)


@dataclasses.dataclass(frozen=True)
class Window:
    """The times that can be restored; None: not any yet.

    :ivar reason: why not, and what to do
    """

    archived: bool
    earliest: str | None
    latest: str | None
    reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Point:
    """A backup, and the objects with the log from there up to a time."""

    backup_id: str
    first: int
    series: Series


def prefix(instance_id: str) -> str:
    """Return how the names of all objects of an instance's log begin."""
    return f'log-{instance_id}-'


def parse(text: str) -> str:
    """Return a time as it is stored.

    :param text: ISO 8601, with a zone
    :raises ValueError: it is malformed
    """
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError('it has no zone')
    return found.astimezone(datetime.UTC).strftime(_FORMAT)


def is_time(text: object) -> bool:
    """Whether this is a time as it is stored."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return False
    try:
        datetime.datetime.strptime(text, _FORMAT)
    except ValueError:
        return False
    return True


@session.retry(duplicates=True)
def want(
    project_id: str, instance_id: str, storage_driver: str, container: str
) -> None:
    """Have the log of an instance archived from now on.

    :raises Conflict: backups need the logs of too many former places
    """
    with session.writer() as db:
        row = db.get(models.LogArchive, instance_id, with_for_update=True)
        known = _current(db, row) if row is not None else None
        place = storage_driver, container
        if row is not None and row.wanted and known is not None:
            if (known.storage_driver, known.container) == place:
                return
        _check_number(db, instance_id)
        if row is None:
            row = models.LogArchive(
                instance_id=instance_id, tenant_id=project_id, series=0
            )
            db.add(row)
        _begin(db, row, *place)


def _begin(
    db: orm.Session,
    row: models.LogArchive,
    storage_driver: str,
    container: str,
) -> None:
    row.wanted = True
    row.series += 1
    row.ordered = row.checked = row.expires = None
    db.add(
        models.LogSeries(
            instance_id=row.instance_id,
            series=row.series,
            storage_driver=storage_driver,
            container=container,
            first=1,
            last=0,
        )
    )


def give(db: orm.Session, old_id: str, new_id: str) -> None:
    """Have the log of another instance archived in the place of one."""
    old = db.get(models.LogArchive, old_id, with_for_update=True)
    known = _current(db, old) if old is not None else None
    if old is None or not old.wanted or known is None:
        return
    old.wanted = False
    old.ordered = old.checked = None
    new = db.get(models.LogArchive, new_id, with_for_update=True)
    if new is None:
        new = models.LogArchive(
            instance_id=new_id, tenant_id=old.tenant_id, series=0
        )
        db.add(new)
    _begin(db, new, known.storage_driver, known.container)


def _check_number(db: orm.Session, instance_id: str) -> None:
    query = sa.select(sa.func.count()).select_from(models.LogSeries)
    found = db.scalar(
        query.where(models.LogSeries.instance_id == instance_id)
    )
    if (found or 0) >= _MOST_SERIES:
        raise exception.Conflict(
            f'The log of instance {instance_id} is archived in '
            f'{_MOST_SERIES} places or after as many gaps already. Repeat '
            'the request in some minutes, or delete old backups, after which '
            'their logs go as well.'
        )


@session.retry
def unwant(instance_id: str) -> None:
    """Have the log not be archived any more; do nothing if it is not."""
    with session.writer() as db:
        row = db.get(models.LogArchive, instance_id, with_for_update=True)
        if row is not None and row.wanted:
            row.wanted = False
            row.ordered = row.checked = None


def wanted(instance_ids: list[str]) -> set[str]:
    """Return those instances whose log is archived."""
    query = sa.select(models.LogArchive.instance_id).where(
        models.LogArchive.instance_id.in_(instance_ids),
        models.LogArchive.wanted.is_(True),
    )
    with session.reader() as db:
        return set(db.scalars(query))


def _current(
    db: orm.Session, row: models.LogArchive
) -> models.LogSeries | None:
    return db.get(models.LogSeries, (row.instance_id, row.series))


@session.retry
def note_backup(backup_id: str, metadata: Mapping[str, str]) -> None:
    """Write down where the log begins that goes on from a backup.

    :param metadata: of its object; malformed ones are the guest's own loss
    """
    numbers = [metadata.get(name, '') for name in (_SERIES, _NUMBER)]
    complete = metadata.get(_COMPLETE)
    if not is_time(complete) or not all(
        re.fullmatch('[0-9]{1,9}', each) for each in numbers
    ):
        return
    with session.writer() as db:
        if db.get(models.BackupLog, backup_id) is None:
            series, number = map(int, numbers)
            db.add(
                models.BackupLog(
                    backup_id=backup_id,
                    series=series,
                    number=number,
                    complete=str(complete),
                )
            )


def is_of_newest_series(
    db: orm.Session, instance_id: str, backup_id: str
) -> bool:
    """Whether what is archived now goes on from a backup, if anything is."""
    archive = db.get(models.LogArchive, instance_id)
    if archive is None or not archive.wanted:
        return True
    known = db.get(models.BackupLog, backup_id)
    return known is not None and known.series == archive.series


def _usable(instance_id: str) -> Any:
    """Return the query for what can be restored, with its log."""
    return (
        sa.select(models.BackupLog, models.LogSeries)
        .join(models.Backup, models.Backup.id == models.BackupLog.backup_id)
        .join(
            models.LogSeries,
            sa.and_(
                models.LogSeries.instance_id == models.Backup.instance_id,
                models.LogSeries.series == models.BackupLog.series,
                models.LogSeries.first <= models.BackupLog.number,
                models.LogSeries.last >= models.BackupLog.number,
                models.LogSeries.latest > models.BackupLog.complete,
            ),
        )
        .where(
            models.Backup.instance_id == instance_id,
            models.Backup.state.in_(backups.USABLE),
            models.Backup.deleted.is_not(True),
        )
        .order_by(models.BackupLog.complete.desc())
    )


def window(instance_id: str) -> Window | None:
    """Return the times that can be restored, of the newest series.

    :returns: None if no log of it was ever archived
    """
    with session.reader() as db:
        row = db.get(models.LogArchive, instance_id)
        if row is None:
            return None
        found = [tuple(each) for each in db.execute(_usable(instance_id))]
        reason = None if found else _reason(db, row)
    newest = max((series.series for _, series in found), default=None)
    inside = [pair for pair in found if pair[1].series == newest]
    if not inside:
        return Window(row.wanted, None, None, reason)
    return Window(
        row.wanted,
        min(log.complete for log, _ in inside),
        inside[0][1].latest,
    )


def _reason(db: orm.Session, row: models.LogArchive) -> str:
    """Return why no time can be restored yet."""
    if not row.wanted:
        return (
            'The log of changes is not archived any more, and no backup is '
            'left that the archive goes on from.'
        )
    if row.ordered is None:
        return (
            'The guest agent has not been told yet to archive the log of '
            'changes. Times after the first full backup that is begun later '
            'can be restored; a schedule waits for that.'
        )
    query = (
        sa.select(models.BackupLog.backup_id)
        .join(models.Backup, models.Backup.id == models.BackupLog.backup_id)
        .where(
            models.Backup.instance_id == row.instance_id,
            models.Backup.state.in_(backups.USABLE),
            models.Backup.deleted.is_not(True),
        )
    )
    if db.scalars(query.limit(1)).first() is None:
        return (
            'There is no backup yet that was made while the log of changes '
            'was archived. Make a full backup, or wait for that of the '
            'schedule.'
        )
    return (
        'The archive of the log of changes does not reach beyond the newest '
        'backup yet. Look again in some minutes.'
    )


def point(
    instance_id: str, time: str, backup_id: str | None = None
) -> Point | None:
    """Return from what a time is restored: the newest backup before it.

    :param time: as :func:`parse` returns it
    :param backup_id: this one only
    """
    with session.reader() as db:
        for log, series in db.execute(_usable(instance_id)):
            if backup_id not in (None, log.backup_id):
                continue
            if log.complete <= time <= str(series.latest):
                return Point(log.backup_id, log.number, read(series))
    return None


def read(row: models.LogSeries) -> Series:
    """Return a series as its row has it."""
    return Series(
        row.instance_id,
        row.series,
        row.storage_driver,
        row.container,
        row.first,
        row.last,
        row.latest,
    )


def refuse(instance_id: str, time: str) -> exception.BadRequest:
    """Return why a time cannot be restored, with those that can."""
    known = window(instance_id)
    if known is None or known.earliest is None:
        why = 'Its log of changes is not archived.'
        reason = 'there is no time that can be restored yet. ' + (
            (known and known.reason) or why
        ).rstrip('.')
    else:
        reason = f'it can be from {known.earliest} to {known.latest}'
    return exception.BadRequest(
        f'restorePoint.time is {time}, which cannot be restored for instance '
        f'{instance_id}: {reason}. Choose such a time; see "restorable" of '
        'the instance.'
    )


def is_backing_up(db: orm.Session, instance_id: str) -> bool:
    """Whether a backup is made, whose log may begin anywhere."""
    query = sa.select(models.Backup.id).where(
        models.Backup.instance_id == instance_id,
        models.Backup.state.in_(states.BACKUP_RUNS),
        models.Backup.deleted.is_not(True),
    )
    return db.scalars(query.limit(1)).first() is not None
