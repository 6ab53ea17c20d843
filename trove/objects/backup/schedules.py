# SPDX-License-Identifier: Apache-2.0
"""Backups that are made by themselves, and which of them are kept."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects.backup import backups
from trove.objects.backup import verifications
from trove.objects.backup import work
from trove.objects.instance import workflows

_AT_ONCE = 100
#: States of backups that nobody needs once a later one is complete.
_USELESS = ('FAILED', 'DELETE_FAILED')
#: Seconds until one that could not be begun is tried again, at most.
_AGAIN = 600
#: Seconds for which one is held, at most, until the guest has the order to
#: archive its log: from a backup before that no time can be restored.
_HELD = 600


@dataclasses.dataclass(frozen=True)
class Schedule:
    """When backups of an instance are made, and how long they are kept.

    :ivar interval: hours from one to the next
    :ivar full_every: so many, of which the first one is full
    :ivar keep: so many complete ones
    :ivar keep_days: none that is older; the newest is kept in any case
    :ivar made: how many were begun so far
    :ivar verify: whether each is verified when it is complete
    """

    instance_id: str
    project_id: str
    storage_driver: str
    container: str
    interval: int
    full_every: int
    keep: int | None
    keep_days: int | None
    next: datetime.datetime
    made: int
    verify: bool | None = None

    @property
    def is_full(self) -> bool:
        """Whether the next one is full."""
        return self.made % self.full_every == 0


@session.retry(duplicates=True)
def save(
    project_id: str,
    instance_id: str,
    *,
    storage_driver: str,
    container: str,
    **values: Any,
) -> None:
    """Have backups made from now on, or change how.

    :param values: ``interval``, ``full_every``, ``keep``, ``keep_days``,
        ``verify``
    """
    with session.writer() as db:
        row = db.get(models.BackupSchedule, instance_id, with_for_update=True)
        if row is None:
            row = models.BackupSchedule(
                instance_id=instance_id,
                tenant_id=project_id,
                made=0,
                next=clock.now(db),
            )
            db.add(row)
        elif row.interval != values['interval']:
            row.next = clock.now(db)
        row.storage_driver, row.container = storage_driver, container
        # They are kept for another time from now on.
        row.retained = None
        for name, value in values.items():
            setattr(row, name, value)


@session.retry
def delete(instance_id: str) -> None:
    """Have no more backups made; those that there are stay."""
    with session.writer() as db:
        statements.execute(
            db,
            sa.delete(models.BackupSchedule).where(
                models.BackupSchedule.instance_id == instance_id
            ),
        )


def get(instance_ids: Sequence[str]) -> dict[str, Schedule]:
    """Return the schedules of instances, by their ids."""
    query = sa.select(models.BackupSchedule).where(
        models.BackupSchedule.instance_id.in_(instance_ids)
    )
    with session.reader() as db:
        return {row.instance_id: _read(row) for row in db.scalars(query)}


def _read(row: models.BackupSchedule) -> Schedule:
    names = {each.name for each in dataclasses.fields(Schedule)}
    values = {
        name: getattr(row, name) for name in names if hasattr(row, name)
    }
    return Schedule(project_id=row.tenant_id, **values)


@session.retry
def claim() -> list[Schedule]:
    """Return the schedules that are due; no other task manager gets them.

    Those that are not begun, because a task manager ended, are due again
    after a while. What was missed while no task manager ran is made once.
    Those of deleted instances are removed. One whose guest is to be told to
    archive its log waits for that.
    """
    found = []
    with session.writer() as db:
        now = clock.now(db)
        untold = sa.select(models.LogArchive.instance_id).where(
            models.LogArchive.wanted.is_(True),
            models.LogArchive.ordered.is_(None),
        )
        late = now - datetime.timedelta(seconds=_HELD)
        for row in db.scalars(
            sa.select(models.BackupSchedule)
            .where(
                models.BackupSchedule.next <= now,
                sa.or_(
                    models.BackupSchedule.instance_id.not_in(untold),
                    models.BackupSchedule.next <= late,
                ),
            )
            .order_by(models.BackupSchedule.next)
            .limit(_AT_ONCE)
        ).all():
            known = _read(row)
            later = now + _until_again(row)
            mine = (
                sa.update(models.BackupSchedule)
                .where(
                    models.BackupSchedule.instance_id == row.instance_id,
                    models.BackupSchedule.next == known.next,
                )
                .values(next=later)
            )
            if not statements.execute(db, mine):
                continue
            instance = db.get(models.Instance, known.instance_id)
            if instance is None or instance.deleted:
                db.delete(row)
            else:
                found.append(known)
    return found


def _until_again(row: models.BackupSchedule) -> datetime.timedelta:
    return datetime.timedelta(seconds=min(_AGAIN, row.interval * 3600))


@session.retry
def claim_retention(interval: float) -> list[Schedule]:
    """Return the schedules that were not applied to backups for a while.

    No other task manager gets them until so many seconds have passed.
    """
    found = []
    with session.writer() as db:
        now = clock.now(db)
        row = models.BackupSchedule
        due = sa.or_(
            row.retained.is_(None),
            row.retained <= now - datetime.timedelta(seconds=interval),
            # The clock was set back.
            row.retained > now + datetime.timedelta(minutes=1),
        )
        query = sa.select(row).where(due).order_by(row.retained)
        for each in db.scalars(query.limit(_AT_ONCE)).all():
            mine = sa.update(row).where(
                row.instance_id == each.instance_id, due
            )
            if statements.execute(db, mine.values(retained=now)):
                found.append(_read(each))
    return found


def after(backup_id: str, instance_id: str) -> None:
    """Have a backup verified that is complete, if its schedule says so."""
    with session.reader() as db:
        schedule = db.get(models.BackupSchedule, instance_id)
        wanted = (
            schedule is not None
            and schedule.verify
            and db.get(models.ScheduledBackup, backup_id) is not None
        )
    if wanted:
        verifications.request(backup_id)


@session.retry
def begun(instance_id: str, backup_id: str) -> None:
    """Write down that a backup was begun by its schedule, and the next."""
    with session.writer() as db:
        row = db.get(models.BackupSchedule, instance_id)
        if row is not None:
            row.made += 1
            row.next = clock.now(db) + datetime.timedelta(hours=row.interval)
        if db.get(models.ScheduledBackup, backup_id) is None:
            db.add(models.ScheduledBackup(backup_id=backup_id))


@session.retry
def begin_anew(instance_id: str) -> None:
    """Have the next backup be a full one, at once: the data are others."""
    with session.writer() as db:
        row = db.get(models.BackupSchedule, instance_id)
        if row is not None:
            row.made = 0
            row.next = clock.now(db)


@session.retry
def failed(schedule: Schedule, reason: str, passing: bool) -> None:
    """Write down why a backup was not begun, and when it is tried again.

    :param passing: the instance is busy, and nobody has to know
    """
    with session.writer() as db:
        exists = _rows.lock(db, schedule.instance_id) is not None
        row = db.get(models.BackupSchedule, schedule.instance_id)
        if row is not None:
            row.next = clock.now(db) + _until_again(row)
        if exists and not passing:
            _rows.add_side_fault(
                db, schedule.instance_id, f'{work.UNSCHEDULED}{reason}'
            )


def expendable(schedule: Schedule) -> list[str]:
    """Return the scheduled backups that are kept no longer.

    None of them is continued by another that is kept, or is being restored.

    :returns: their ids, those that others continue first
    """
    with session.reader() as db:
        now = clock.now(db)
        rows = _alive(db, schedule.instance_id)
        scheduled = set(
            db.scalars(
                sa.select(models.ScheduledBackup.backup_id).where(
                    models.ScheduledBackup.backup_id.in_(
                        [row.id for row in rows]
                    )
                )
            )
        )
    going = _too_old(schedule, rows, scheduled, now)
    used = {
        job.details.get('backup_id') for job in workflows.workflows()
    }
    while kept := [
        row.id
        for row in rows
        if row.id in going
        and (
            row.id in used
            or any(
                each.parent_id == row.id and each.id not in going
                for each in rows
            )
        )
    ]:
        going.difference_update(kept)
    return [row.id for row in reversed(rows) if row.id in going]


def _alive(db: orm.Session, instance_id: str) -> list[models.Backup]:
    """Return the backups of an instance, the newest first."""
    query = (
        sa.select(models.Backup)
        .where(
            models.Backup.instance_id == instance_id,
            models.Backup.deleted.is_not(True),
            models.Backup.state != backups.GOING,
        )
        .order_by(models.Backup.created.desc(), models.Backup.id)
    )
    return list(db.scalars(query))


def _too_old(
    schedule: Schedule,
    rows: Sequence[models.Backup],
    scheduled: set[str],
    now: datetime.datetime,
) -> set[str]:
    """Return those that the schedule does not keep for themselves."""
    going: set[str] = set()
    complete = 0
    oldest = None
    if schedule.keep_days is not None:
        oldest = now - datetime.timedelta(days=schedule.keep_days)
    for row in rows:
        if row.id not in scheduled:
            continue
        if row.state in backups.USABLE:
            complete += 1
            if complete > 1 and (
                (schedule.keep is not None and complete > schedule.keep)
                or (oldest is not None and row.created and (
                    row.created < oldest
                ))
            ):
                going.add(row.id)
        elif row.state in _USELESS and complete:
            # A later one is complete.
            going.add(row.id)
    return going
