# SPDX-License-Identifier: Apache-2.0
"""Backups: records the reports of guests."""

from __future__ import annotations

from collections.abc import Mapping
import datetime
from typing import Any

from oslo_log import log
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects.guest import heartbeats
from trove.objects.instance import states

LOG = log.getLogger(__name__)

# The columns that a guest may set: not the instance, nor the project.
_FIELDS = (
    'backup_type',
    'checksum',
    'description',
    'location',
    'size',
    'state',
)
_TIMES = ('backup_timestamp', 'updated')

# The order of states. All others are final.
_STAGES = {'NEW': 0, 'BUILDING': 1, 'SAVING': 2}
_LAST = 3


@session.retry(duplicates=True)
def record_update(
    instance_id: str,
    backup_id: str,
    *,
    sent: float | None,
    fields: Mapping[str, Any],
) -> bool:
    """Record the report of a guest about a running backup.

    :param sent: by the guest's clock, in seconds since the epoch
    :param fields: new values of columns; those that guests may not set are
        ignored and logged
    :returns: False when it is stale; nothing was changed
    :raises NotFound: the instance has no such backup
    """
    with session.writer() as db:
        row = db.scalar(
            sa.select(models.Backup)
            .where(
                models.Backup.id == backup_id,
                models.Backup.instance_id == instance_id,
                models.Backup.deleted.is_not(True),
            )
            .with_for_update()
        )
        if row is None:
            raise exception.NotFound(
                f'Instance {instance_id} has no backup {backup_id}.'
            )
        # The method name of releases, so that both share the last time.
        newest = heartbeats.is_newest(db, instance_id, 'update_backup', sent)
        if not _is_progress(row.state, fields.get('state'), newest):
            return False
        for name, value in fields.items():
            if name in _FIELDS:
                setattr(row, name, value)
            elif name in _TIMES:
                setattr(row, name, _time(value) or getattr(row, name))
            elif name not in ('id', 'backup_id', 'instance_id'):
                LOG.info(
                    'Ignoring field %s of a report by the guest of instance '
                    '%s about backup %s: guests may not set it.',
                    name,
                    instance_id,
                    backup_id,
                )
        return True


def _is_progress(known: str | None, said: object, newest: bool) -> bool:
    """Return whether a reported state follows the known one.

    The order of states outweighs the time of the message: the guest's clock
    may have been set back.
    """
    if not isinstance(said, str) or said == known:
        return newest
    before = _STAGES.get(known or 'NEW', _LAST)
    after = _STAGES.get(said, _LAST)
    return after > before or (newest and after == before)


@session.retry
def fail(backup_id: str, state: str) -> str | None:
    """Record that a backup, or its deletion, failed.

    :param state: ``FAILED`` or ``DELETE_FAILED``
    :returns: the id of its instance; None when there is no such backup
    """
    with session.writer() as db:
        row = db.get(models.Backup, backup_id, with_for_update=True)
        if row is None or row.deleted:
            return None
        row.state = state
        return row.instance_id


def fail_all(db: orm.Session, instance_id: str) -> None:
    """Record that the running backups of an instance failed."""
    statements.execute(
        db,
        sa.update(models.Backup)
        .where(
            models.Backup.instance_id == instance_id,
            models.Backup.deleted.is_not(True),
            models.Backup.state.in_(states.BACKUP_RUNS),
        )
        .values(state='FAILED', updated=timeutils.utcnow()),
    )


def _time(value: object) -> datetime.datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return timeutils.normalize_time(timeutils.parse_isotime(value))
    except ValueError:
        return None
