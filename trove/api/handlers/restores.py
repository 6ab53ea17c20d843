# SPDX-License-Identifier: Apache-2.0
"""Whether a new instance can be made from a backup."""

from __future__ import annotations

from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.common import exception
from trove.common import names as common_names
from trove.common import ordered
from trove.objects import datastore as datastores
from trove.objects.backup import backups
from trove.objects.backup import logs
from trove.objects.instance import instances


def check(
    request: api_request.Request,
    body: dict[str, Any],
    version: datastores.DatastoreVersion,
    volume_size: int,
) -> tuple[str | None, str | None]:
    """Return the backup that a body names, and the time to be restored.

    :param version: of the new instance
    :param volume_size: of the new instance, in GiB
    :returns: its id, and the time as :func:`.logs.parse` has it, or None
    :raises NotFound: it is not there, or is another project's
    :raises Conflict: it is not complete
    :raises Forbidden: the volume is too small
    :raises BadRequest: it is of another datastore, or a later version, or
        the time cannot be restored
    """
    point = body.get('restorePoint') or {}
    if not point:
        return None, None
    time = _time(point)
    if time is not None:
        backup_id = _backup_before(request, point, time)
    else:
        backup_id = str(point['backupRef']).rpartition('/')[2]
    with references.naming('instance.restorePoint.backupRef'):
        backup = backups.get(request.context, backup_id)
    if not backup.is_usable:
        raise exception.Conflict(
            f'Backup {backup.id} has the status {backup.state}, not '
            'COMPLETED. Wait until it is complete, or choose another one.'
        )
    if backup.size and backup.size > volume_size:
        raise exception.Forbidden(
            f'Backup {backup.id} is of {backup.size} GiB of data; the volume '
            f'has {volume_size} GiB. Order a larger volume.'
        )
    _check_version(backup, version)
    return backup.id, time


def _time(point: dict[str, Any]) -> str | None:
    """Return the time that a restore point names; None if it names none."""
    given = {name for name in ('backupRef', 'instance') if point.get(name)}
    if len(given) != 1:
        raise exception.BadRequest(
            'instance.restorePoint needs either "backupRef" or "instance".'
        )
    text = point.get('time')
    if not text:
        if 'instance' in given:
            raise exception.BadRequest(
                'instance.restorePoint has "instance" and no "time". Add the '
                'time, or name a backup as "backupRef".'
            )
        return None
    try:
        return logs.parse(text)
    except ValueError:
        raise exception.BadRequest(
            f'instance.restorePoint.time is {common_names.show(text)}, which '
            'is no time with a zone. Write it as 2027-01-31T08:00:00Z.'
        ) from None


def _backup_before(
    request: api_request.Request, point: dict[str, Any], time: str
) -> str:
    """Return the backup with whose log a time can be restored."""
    backup_id = None
    if point.get('backupRef'):
        with references.naming('instance.restorePoint.backupRef'):
            named = str(point['backupRef']).rpartition('/')[2]
            backup = backups.get(request.context, named)
        backup_id, instance_id = backup.id, str(backup.instance_id)
    else:
        with references.naming('instance.restorePoint.instance'):
            instance_id = instances.get(
                request.context,
                str(point['instance']).rpartition('/')[2],
                include_deleted=True,
            ).id
    found = logs.point(instance_id, time, backup_id)
    if found is None:
        raise logs.refuse(instance_id, time)
    return found.backup_id


def _check_version(
    backup: backups.Backup, version: datastores.DatastoreVersion
) -> None:
    known = backup.datastore_version
    if known is None:
        return
    if known.datastore_id != version.datastore_id:
        raise exception.BadRequest(
            f'Backup {backup.id} is of the datastore {known.datastore_name}, '
            f'and the instance of {version.datastore_name}. Correct '
            'instance.datastore or instance.restorePoint.'
        )
    parts = ordered.series(version.manager)
    if ordered.is_older(version.version, known.version, parts):
        raise exception.BadRequest(
            f'Backup {backup.id} is of version {known.version}, and the '
            f'instance of the older version {version.version}, which cannot '
            'read its data. Choose a newer version.'
        )
