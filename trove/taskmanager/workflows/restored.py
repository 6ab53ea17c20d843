# SPDX-License-Identifier: Apache-2.0
"""The backup that a new instance is made from."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects.backup import backups
from trove.objects.backup import logs
from trove.objectstore import base as stores
from trove.objectstore import storage
from trove.taskmanager.workflows import base

_OTHER = 'Delete the instance; create it from another backup.'

#: Backups that one may continue.
_LONGEST = 1000


def check(
    workflow: base.Workflow, backup_id: str, time: str | None
) -> None:
    """Check that the data of a backup and its parents are as they were made.

    :param time: up to which its log is to be replayed
    :raises StepFailed: they are not, or there is no such log
    """
    backup = _read(workflow.env, backup_id)
    if backup.is_snapshot:
        _check_snapshot(workflow, backup, time)
        return
    chain(workflow.env, backup)
    _log(workflow, backup, time)


def order(
    workflow: base.Workflow, backup_id: str | None, time: str | None = None
) -> dict[str, Any]:
    """Return arguments of prepare(), none of them without a backup.

    :param time: up to which its log is to be replayed
    :raises StepFailed: the backup is not complete, or there is none
    """
    if backup_id is None:
        return {}
    backup = _read(workflow.env, backup_id)
    about = {
        'id': backup.id,
        'instance_id': backup.instance_id,
        'location': backup.location,
        'type': backup.backup_type,
        'checksum': backup.checksum,
        'storage_driver': backup.storage_driver,
    }
    if backup.is_snapshot:
        # Its data are on the volume already.
        return {'backup_info': about}
    driver = _storage(workflow.env, backup)
    heads = chain(workflow.env, backup)
    if workflow.guest().can_send('prepare', store={}):
        return {
            'backup_info': about,
            'store': driver.reading(heads),
            **_log(workflow, backup, time),
        }
    if time is not None:
        raise _failed(
            'its guest agent is of release 26 or older and cannot replay a '
            'log. Upgrade its image'
        )
    about |= driver.for_released(workflow.context, backup.location)
    return {'backup_info': about}


def snapshot(workflow: base.Workflow, backup_id: str | None) -> str | None:
    """Return the backup if a volume is to be made of its snapshot."""
    if backup_id is None:
        return None
    return backup_id if _read(workflow.env, backup_id).is_snapshot else None


def _check_snapshot(
    workflow: base.Workflow, backup: backups.Backup, time: str | None
) -> None:
    if time is not None:
        raise _failed(f'backup {backup.id} is a snapshot, without a log')
    if (
        workflow.cloud.volumes.get_snapshot(workflow.context, backup.id)
        is None
    ):
        raise _failed(f'the cloud has no snapshot of backup {backup.id}')


def _log(
    workflow: base.Workflow, backup: backups.Backup, time: str | None
) -> dict[str, Any]:
    """Return the argument of prepare() about the log, if one is wanted."""
    if time is None:
        return {}
    found = workflow.env.database(
        logs.point, str(backup.instance_id), time, backup.id
    )
    if found is None:
        raise _failed(
            f'the archived log that goes on from backup {backup.id} does not '
            f'reach {time} any more'
        )
    series = found.series
    driver = storage.load(
        workflow.conf, series.storage_driver, backup.project_id
    )
    return {
        'log': {
            'until': time,
            'container': series.container,
            'prefix': series.prefix,
            'series': series.series,
            'first': found.first,
            'last': series.last,
            'store': driver.reading_all(
                series.container,
                series.prefix,
                series.names(found.first, series.last - found.first + 1),
            ),
        }
    }


def chain(
    env: base.Environment, backup: backups.Backup
) -> list[stores.Head]:
    """Return a backup and those that it continues, the full one last.

    :raises StepFailed: one of them is missing, or not what it was
    """
    store = _storage(env, backup).store(backup.location)
    found: list[stores.Head] = []
    location, checksum = str(backup.location), backup.checksum
    row: backups.Backup | None = backup
    while location:
        if len(found) >= _LONGEST or location in [f.location for f in found]:
            raise _failed(f'backup {backup.id} continues itself')
        found.append(_head(store, location, checksum))
        if row is not None and row.parent_id is not None:
            row = _read(env, row.parent_id)
            location, checksum = str(row.location), row.checksum
            continue
        metadata = found[-1].metadata
        if row is not None and row.instance_id is not None:
            break
        # What another Trove has stored has no rows here.
        row = None
        checksum = metadata.get('parent-checksum')
        parent = metadata.get('parent-location', '')
        if parent and backups.folder_of(parent) != backups.folder_of(location):
            raise _failed(
                f'backup {backup.id} continues {parent}, which is in another '
                'container'
            )
        location = parent
    return found


def _head(
    store: stores.Store, location: str, checksum: str | None
) -> stores.Head:
    try:
        head = store.head(location)
    except exception.TroveError as error:
        raise _failed(str(error).rstrip('.')) from error
    if checksum and head.checksum != checksum:
        raise _failed(
            f'the object {location} has the checksum {head.checksum}, and '
            f'had {checksum} when it was stored: it has changed since'
        )
    return head


def _storage(
    env: base.Environment, backup: backups.Backup
) -> storage.Storage:
    return storage.load(
        env.conf, backup.storage_driver, backup.project_id
    )


def _read(env: base.Environment, backup_id: str) -> backups.Backup:
    try:
        backup = env.database(
            backups.get, trove_context.make_admin_context(), backup_id
        )
    except exception.NotFound as error:
        raise _failed(str(error).rstrip('.')) from None
    if not backup.is_usable or not backup.location:
        raise _failed(f'backup {backup_id} has the status {backup.state}')
    return backup


def _failed(reason: str) -> base.StepFailed:
    return base.StepFailed(reason=reason, remedy=_OTHER)
