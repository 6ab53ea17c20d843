# SPDX-License-Identifier: Apache-2.0
"""Backups: records the reports of guests."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import re
from typing import Any

from oslo_log import log
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects.backup import verifications
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.objects.instance import workflows

LOG = log.getLogger(__name__)

#: States that a guest may report; what is final stays so.
_STAGES = {'NEW': 0, 'BUILDING': 1, 'SAVING': 2}
_FINAL = ('COMPLETED', 'FAILED')

#: What follows the id of a backup in the name of its object.
_SUFFIX = re.compile(r'(\.[a-z0-9]{1,10}){0,4}')

_CHECKSUM = re.compile(r'[0-9a-zA-Z]{1,32}')
_TYPES = ('full', 'incremental')

#: What a guest may say of an object in parts.
_MAX_PARTS = 10_000_000
_MAX_METADATA = 30
_NAME = re.compile(r'[a-z0-9-]{1,64}')
_VALUE = re.compile(r'[ -~]{0,256}')

#: GiB; more than any volume has.
_MAX_SIZE = 2.0**30

#: What is not stored, and no reason for a log line.
_KNOWN = (
    'backup_id',
    'backup_timestamp',
    'description',
    'id',
    'instance_id',
    'metadata',
    'parts',
    'progress',
    'success',
    'updated',
)


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
    :returns: False when it is stale, or the backup has ended; nothing was
        changed
    :raises NotFound: the instance has no such backup
    :raises BadRequest: a value is malformed, or of another backup
    """
    if 'verification' in fields:
        return verifications.record_report(
            instance_id, backup_id, fields['verification']
        )
    saved, progress = _saved(fields), _progress(fields)
    told = saved is not None or progress is not None
    with session.writer() as db:
        row = _locked(db, instance_id, backup_id, told)
        if row.state not in states.BACKUP_RUNS:
            return False
        # The method name of releases, so that both share the last time.
        newest = heartbeats.is_newest(db, instance_id, 'update_backup', sent)
        values = {
            name: _READ[name](row, value)
            for name, value in fields.items()
            if name in _READ and value is not None
        }
        if not _is_progress(row.state, values.get('state'), newest):
            return False
        _log_unknown(row, fields)
        if saved is not None and _keep(db, row, saved, values.get('location')):
            # It is complete when the task manager has verified it.
            values['state'] = 'SAVING'
            del values['checksum']
        elif progress is not None and (work := _work_on(db, row)) is not None:
            workflows.put_details(db, work, progress=progress)
        for name, value in values.items():
            setattr(row, name, value)
        if row.state == 'COMPLETED' and not (
            values.get('location') and values.get('checksum')
        ):
            raise _malformed('location', values.get('location'))
        row.updated = timeutils.utcnow()
        return True


def _locked(
    db: orm.Session, instance_id: str, backup_id: str, with_instance: bool
) -> models.Backup:
    """Lock a backup, after its instance where both are to be changed.

    :raises NotFound: the instance has no such backup
    """
    if with_instance:
        _rows.lock(db, instance_id)
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
    return row


def _log_unknown(row: models.Backup, fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - {*_READ, *_KNOWN})
    if unknown:
        LOG.info(
            'Ignoring %s in a report by the guest of instance %s about '
            'backup %s: guests may not set it.',
            ', '.join(unknown)[:100],
            row.instance_id,
            row.id,
        )


def _saved(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a guest says of all that it has stored; None: not all.

    :raises BadRequest: it is malformed
    """
    number, metadata = fields.get('parts'), fields.get('metadata')
    if fields.get('state') == 'COMPLETED':
        # It is an object, not parts of one.
        number, metadata = 0, {}
    elif fields.get('state') != 'SAVING' or number is None:
        return None
    checksum = fields.get('checksum')
    if not (type(number) is int and 0 <= number <= _MAX_PARTS):
        raise _malformed('parts', number)
    if not isinstance(checksum, str) or not _CHECKSUM.fullmatch(checksum):
        raise _malformed('checksum', checksum)
    if not (
        isinstance(metadata, dict)
        and len(metadata) <= _MAX_METADATA
        and all(
            isinstance(value, str)
            and _NAME.fullmatch(name)
            and _VALUE.fullmatch(value)
            for name, value in metadata.items()
        )
    ):
        raise _malformed('metadata', metadata)
    return {'parts': number, 'checksum': checksum, 'metadata': metadata}


def _progress(fields: Mapping[str, Any]) -> int | None:
    """Return how many bytes are stored so far; None: not said.

    :raises BadRequest: it is malformed
    """
    stored = fields.get('progress')
    if stored is None or fields.get('state') != 'BUILDING':
        return None
    if type(stored) is not int or not 0 <= stored < 1 << 63:
        raise _malformed('progress', stored)
    return stored


def _work_on(db: orm.Session, row: models.Backup) -> models.Workflow | None:
    """Return the work on a backup, if a task manager of this tree has it."""
    work = workflows.find(db, str(row.instance_id))
    details = workflows.stored(work).get('details') if work else None
    return work if (details or {}).get('backup_id') == row.id else None


def _keep(
    db: orm.Session,
    row: models.Backup,
    saved: Mapping[str, Any],
    location: str | None,
) -> bool:
    """Keep what a guest said, for the task manager that verifies it.

    :returns: False when that is of a release, which verifies nothing
    :raises BadRequest: and which assembles nothing either
    """
    work = _work_on(db, row) if row.location else None
    if location is None or (saved['parts'] and work is None):
        raise _malformed('location', location)
    if work is None:
        return False
    suffix = location.rpartition('/')[2][len(row.id):]
    return workflows.put_details(db, work, saved={**saved, 'suffix': suffix})


def _is_progress(known: str | None, said: str | None, newest: bool) -> bool:
    """Return whether a reported state follows the known one.

    The order of states outweighs the time of the message: the guest's clock
    may have been set back.
    """
    if said is None or said == known:
        return newest
    before = _STAGES.get(known or 'NEW', 0)
    return _STAGES.get(said, len(_STAGES)) > before


def _malformed(name: str, value: object) -> exception.BadRequest:
    return exception.BadRequest(
        f'{name} of a backup cannot be {str(value)[:60]!r}'
    )


def _state(row: models.Backup, value: object) -> str:
    if value not in (*_STAGES, *_FINAL):
        raise _malformed('state', value)
    return str(value)


def _type(row: models.Backup, value: object) -> str:
    if value not in _TYPES:
        raise _malformed('backup_type', value)
    return str(value)


def _size(row: models.Backup, value: object) -> float:
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not 0 <= value <= _MAX_SIZE
    ):
        raise _malformed('size', value)
    return float(value)


def _checksum(row: models.Backup, value: object) -> str:
    if not isinstance(value, str) or not _CHECKSUM.fullmatch(value):
        raise _malformed('checksum', value)
    return value


def _location(row: models.Backup, value: object) -> str:
    """Take the place of this backup, and of no other.

    The task manager has written down where it is to be stored; that of
    another release has not, but the object is named by the backup even so.
    """
    text = value if isinstance(value, str) else ''
    if row.location:
        begins = text.startswith(row.location)
        rest = text[len(row.location):]
    else:
        name = text.rpartition('/')[2]
        begins = name.startswith(row.id) and len(text) <= 1024
        rest = name[len(row.id):]
    if not begins or not _SUFFIX.fullmatch(rest):
        raise _malformed('location', value)
    return text


_READ: dict[str, Callable[[models.Backup, object], Any]] = {
    'backup_type': _type,
    'checksum': _checksum,
    'location': _location,
    'size': _size,
    'state': _state,
}


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
