# SPDX-License-Identifier: Apache-2.0
"""Which backups are verified, and how that ended.

The guest agent of the instance unpacks a backup into a scratch directory, and
holds it against what the database's own programs know of it. A task manager
orders that, again if nothing was heard for a while; reports of guests count
for what was ordered from them only.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import datetime
import re
from typing import Any
from typing import Final

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock

REQUESTED: Final = 'REQUESTED'
RUNNING: Final = 'RUNNING'
VERIFIED: Final = 'VERIFIED'
#: It cannot be restored as it is.
FAILED: Final = 'FAILED'
#: It could not be verified, which says nothing of it.
ERROR: Final = 'ERROR'

_REPORTED: Final = (RUNNING, VERIFIED, FAILED, ERROR)
_REASON: Final = re.compile(r'[^\x00-\x1f]{0,1024}')
_MOST_TRIES: Final = 3
_AT_ONCE: Final = 100

_ROW = models.BackupVerification


@dataclasses.dataclass(frozen=True)
class Verification:
    """How far the verification of a backup is.

    :ivar changed: when it ended, if it has, by the clock of the database
    :ivar reason: why it failed
    """

    backup_id: str
    state: str
    reason: str | None
    changed: datetime.datetime


@session.retry(duplicates=True)
def request(backup_id: str) -> None:
    """Have a backup verified; nothing new if that is going on."""
    with session.writer() as db:
        now = clock.now(db)
        row = db.get(
            models.BackupVerification, backup_id, with_for_update=True
        )
        if row is None:
            row = models.BackupVerification(backup_id=backup_id)
            db.add(row)
        elif row.state in (REQUESTED, RUNNING):
            return
        row.state, row.reason, row.tries = REQUESTED, None, 0
        row.changed = now


def get(backup_ids: Sequence[str]) -> dict[str, Verification]:
    """Return what is known of backups, by their ids."""
    query = sa.select(models.BackupVerification).where(
        models.BackupVerification.backup_id.in_(backup_ids)
    )
    with session.reader() as db:
        return {
            row.backup_id: Verification(
                row.backup_id, row.state, row.reason, row.changed
            )
            for row in db.scalars(query)
        }


@session.retry
def claim(interval: float) -> list[str]:
    """Return backups whose verification is to be ordered, now.

    One at a time of each instance: those that were requested, and those of
    which nothing was heard for some seconds. No other task manager gets them
    until as much time has passed again.
    """
    found: dict[str, str] = {}
    with session.writer() as db:
        now = clock.now(db)
        before = now - datetime.timedelta(seconds=interval)
        # Those of instances that are busy would leave no place to others.
        for row, instance_id in db.execute(
            _idle(before)
            .order_by(_ROW.tries.desc(), _ROW.changed, _ROW.backup_id)
            .limit(_AT_ONCE)
        ).all():
            if instance_id is None:
                db.delete(row)
            elif instance_id not in found and _claim(db, row, now):
                found[instance_id] = row.backup_id
    return list(found.values())


def _idle(
    before: datetime.datetime,
) -> sa.Select[models.BackupVerification, str | None]:
    """Select what waits, and whose it is; None: its backup is deleted.

    :param before: what has run and told nothing since waits as well
    """
    backup = models.Backup
    busy = (
        sa.select(backup.instance_id)
        .join(_ROW, _ROW.backup_id == backup.id)
        .where(
            backup.instance_id.is_not(None),
            _ROW.state == RUNNING,
            _ROW.changed > before,
        )
    )
    return (
        sa.select(_ROW, backup.instance_id)
        .outerjoin(
            backup,
            sa.and_(
                backup.id == _ROW.backup_id, backup.deleted.is_not(True)
            ),
        )
        .where(
            sa.or_(
                _ROW.state == REQUESTED,
                sa.and_(_ROW.state == RUNNING, _ROW.changed <= before),
            ),
            sa.or_(
                backup.instance_id.is_(None), backup.instance_id.not_in(busy)
            ),
        )
    )


def _claim(
    db: orm.Session, row: models.BackupVerification, now: datetime.datetime
) -> bool:
    table = models.BackupVerification
    over = row.tries >= _MOST_TRIES
    values: dict[str, Any] = {
        'state': ERROR if over else RUNNING,
        'tries': row.tries + 1,
        'changed': now,
    }
    if over and not row.reason:
        values['reason'] = (
            f'Its guest agent was told {_MOST_TRIES} times, and has not '
            'reported. Check it, then request it again.'
        )
    mine = sa.update(table).where(
        table.backup_id == row.backup_id,
        table.state == row.state,
        table.tries == row.tries,
        table.changed == row.changed,
    )
    return bool(statements.execute(db, mine.values(**values))) and not over


def record_report(
    instance_id: str, backup_id: str, told: object
) -> bool:
    """Record what a guest says of a verification that it was ordered.

    :returns: False when it was not, or has ended
    :raises BadRequest: it is malformed
    :raises NotFound: the instance has no such backup
    """
    said = told if isinstance(told, dict) else {}
    state, reason = said.get('state'), said.get('reason') or ''
    if (
        state not in _REPORTED
        or not isinstance(reason, str)
        or not _REASON.fullmatch(reason)
    ):
        raise exception.BadRequest(
            f'verification of a backup cannot be {str(told)[:60]!r}'
        )
    return record(instance_id, backup_id, str(state), reason or None)


@session.retry
def record(
    instance_id: str, backup_id: str, state: str, reason: str | None = None
) -> bool:
    """Record how a verification goes that was ordered.

    A failure is a fault of the instance, too.

    :returns: False when it was not ordered, or has ended
    :raises NotFound: the instance has no such backup
    """
    with session.writer() as db:
        exists = _rows.lock(db, instance_id) is not None
        backup = db.get(models.Backup, backup_id)
        if backup is None or backup.instance_id != instance_id:
            raise exception.NotFound(
                f'Instance {instance_id} has no backup {backup_id}.'
            )
        row = db.get(
            models.BackupVerification, backup_id, with_for_update=True
        )
        if row is None or row.state != RUNNING:
            return False
        row.changed = clock.now(db)
        row.state, row.reason = state, reason
        if state == FAILED and exists:
            _rows.add_side_fault(
                db,
                instance_id,
                f'Backup {backup_id} cannot be restored, as its verification '
                f'has found: {reason} Make a new, full backup.',
            )
        return True
