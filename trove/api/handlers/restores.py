# SPDX-License-Identifier: Apache-2.0
"""Whether a new instance can be made from a backup."""

from __future__ import annotations

from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.common import exception
from trove.common import ordered
from trove.objects import datastore as datastores
from trove.objects.backup import backups


def check(
    request: api_request.Request,
    body: dict[str, Any],
    version: datastores.DatastoreVersion,
    volume_size: int,
) -> str | None:
    """Return the id of the backup that a body names; None if it names none.

    :param version: of the new instance
    :param volume_size: of the new instance, in GiB
    :raises NotFound: it is not there, or is another project's
    :raises Conflict: it is not complete
    :raises Forbidden: the volume is too small
    :raises BadRequest: it is of another datastore, or a later version
    """
    reference = (body.get('restorePoint') or {}).get('backupRef')
    if not reference:
        return None
    with references.naming('instance.restorePoint.backupRef'):
        backup = backups.get(request.context, reference.rpartition('/')[2])
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
    return backup.id


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
