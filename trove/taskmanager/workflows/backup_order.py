# SPDX-License-Identifier: Apache-2.0
"""What a guest agent is told of a backup that it is to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.objects.backup import backups
from trove.objects.instance import entities


def info(
    backup: backups.Backup,
    instance: entities.Instance,
    parent: backups.Backup | None,
    container: str,
) -> dict[str, Any]:
    """Return a backup as the message to a guest has it."""
    version = instance.datastore_version
    source: Mapping[str, Any] | None = None
    if parent is not None:
        source = {'location': parent.location, 'checksum': parent.checksum}
    return {
        'id': backup.id,
        'name': backup.name,
        'description': backup.description,
        'instance_id': instance.id,
        'backup_type': backup.backup_type,
        'checksum': backup.checksum,
        'parent': source,
        'datastore': version.datastore_name if version else None,
        'datastore_version': version.name if version else None,
        'storage_driver': backup.storage_driver,
        'swift_container': container,
    }
