# SPDX-License-Identifier: Apache-2.0
"""Backups of what another Trove has stored: "restore_from"."""

from __future__ import annotations

from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects.backup import backups
from trove.objects.backup import registered
from trove.objectstore import storage

_SOURCE = 'backup.restore_from'

#: What a backup has that is made here.
_OTHERS = ('instance', 'parent_id', 'incremental', 'swift_container')

#: Of releases before Victoria.
_ENCRYPTED = '.enc'


def register(
    request: api_request.Request, body: dict[str, Any]
) -> backups.Backup:
    """Register data as a backup, without copying them.

    :raises BadRequest: they are not of that datastore, or cannot be restored
    :raises NotFound: there is no such version
    :raises ObjectStoreError: they are not there, or not for the user
    """
    given = [name for name in _OTHERS if body.get(name)]
    if given:
        raise exception.BadRequest(
            f'backup.{given[0]} is for a backup that is made here; omit it, '
            f'or {_SOURCE}.'
        )
    source = body['restore_from']
    location = source['remote_location']
    with references.naming(f'{_SOURCE}.local_datastore_version_id'):
        version = datastores.get_version_by_id(
            source['local_datastore_version_id']
        )
    if location.endswith(_ENCRYPTED):
        raise exception.BadRequest(
            f'{_SOURCE}.remote_location is an encrypted backup of a release '
            'before Victoria. Decrypt it, see backup_aes_cbc_key of that '
            'release, and store it without the suffix.'
        )
    conf = request.runtime.conf
    driver = storage.choose(conf, body.get('storage_driver'))
    found = request.storage(driver).head(request.context, location)
    datastore = found.metadata.get('datastore')
    if datastore not in (None, version.datastore_name):
        raise exception.BadRequest(
            f'{_SOURCE}.remote_location is a backup of {datastore}, and '
            f'{_SOURCE}.local_datastore_version_id is of '
            f'{version.datastore_name}. Correct one of them.'
        )
    is_full = not found.metadata.get('parent-location')
    return registered.register(
        conf,
        request.context,
        registered.Data(
            name=body['name'],
            description=body.get('description'),
            datastore_version_id=version.id,
            storage_driver=driver,
            location=location,
            checksum=found.checksum,
            size=float(source['size']),
            backup_type=backups.FULL if is_full else backups.INCREMENTAL,
        ),
    )
