# SPDX-License-Identifier: Apache-2.0
"""The backup that a new instance is made from."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects.backup import backups
from trove.objectstore import storage
from trove.taskmanager.workflows import base

_OTHER = 'Delete the instance; create it from another backup.'


def check(workflow: base.Workflow, backup_id: str) -> None:
    """See that the data of a backup is there, and is what it was.

    :raises StepFailed: it is not
    """
    backup = _read(workflow.env, backup_id)
    store = _storage(workflow, backup).store()
    try:
        head = store.head(str(backup.location))
    except exception.TroveError as error:
        raise _failed(str(error).rstrip('.')) from None
    if backup.checksum and head.checksum != backup.checksum:
        raise _failed(
            f'the data of backup {backup_id} has the checksum '
            f'{head.checksum}, and had {backup.checksum} when it was made: '
            'it has changed since'
        )


def order(workflow: base.Workflow, backup_id: str | None) -> dict[str, Any]:
    """Return arguments of prepare(), none of them without a backup.

    :raises StepFailed: the backup is not complete, or there is none
    """
    if backup_id is None:
        return {}
    backup = _read(workflow.env, backup_id)
    return {
        'backup_info': {
            'id': backup.id,
            'instance_id': backup.instance_id,
            'location': backup.location,
            'type': backup.backup_type,
            'checksum': backup.checksum,
            'storage_driver': backup.storage_driver,
        },
        'store': _storage(workflow, backup).reading(str(backup.location)),
    }


def _storage(
    workflow: base.Workflow, backup: backups.Backup
) -> storage.Storage:
    return storage.load(
        workflow.conf, workflow.context, backup.storage_driver
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
