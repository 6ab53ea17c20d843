# SPDX-License-Identifier: Apache-2.0
"""What a guest agent is told of a backup, and how much it may store of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final

from trove.objects.backup import backups
from trove.objects.instance import entities
from trove.taskmanager.workflows import base

#: Bytes that may be stored of any instance.
LEAST: Final = 1 << 30
#: GiB of data of an instance without a volume, at most.
_NO_VOLUME: Final = 1024
#: The least value of ``backup_segment_max_size``.
_LEAST_PART: Final = 1 << 20


def room(instance: entities.Instance) -> int:
    """Return how many bytes of data an instance has, at most."""
    return (instance.volume_size or _NO_VOLUME) << 30


def most_stored(instance: entities.Instance) -> int:
    """Return how many bytes a backup, or an object of a log, has at most.

    That is twice the volume: data that cannot be compressed, and the log
    that is written meanwhile.
    """
    return 2 * room(instance) + LEAST


def check(instance: entities.Instance, *, size: int, parts: int = 0) -> None:
    """Return when a guest has not stored more than a backup can have.

    :raises base.StepFailed: it has
    """
    most = most_stored(instance)
    what = f'{size} bytes' if size > most else f'{parts} parts'
    if size > most or parts > most // _LEAST_PART + 1:
        raise base.StepFailed(
            reason=f'the guest agent has stored {what}, and a backup of a '
            f'volume of {room(instance)} bytes has at most {most} bytes',
            remedy='Check the guest agent and its server: it may be in the '
            'hands of somebody else. Then make a new backup.',
        )


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
