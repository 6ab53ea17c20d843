# SPDX-License-Identifier: Apache-2.0
"""What a new replica gets from its primary.

The API has a backup of the primary made for all replicas of a request. The
last one that is built, or fails, has it deleted.
"""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects.backup import backups
from trove.objects.backup import temporary
from trove.taskmanager import deletions
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import create_request

#: Seconds to wait at once: small backups are done by then.
_FIRST_WAIT = 20.0

_AGAIN = 'Delete the replica, and create it again.'
_PRIMARY = (
    'Check the fault and the guest agent of the primary; then delete the '
    'replica, and create it again.'
)


def check(request: create_request.Request) -> None:
    """See that a request for a replica is complete.

    :raises base.StepFailed: it is not
    """
    if request.slave_of_id and not request.backup_id:
        raise base.StepFailed(
            reason='the request has slave_of_id, but names no backup of that '
            'primary; an API of another release sent it',
            remedy='Delete the replica. Upgrade the API, then create it '
            'again.',
        )


def snapshot(
    workflow: base.Workflow, request: create_request.Request
) -> str | None:
    """Return the backup if the volume of a replica is made of its snapshot.

    It waits for the snapshot.

    :raises base.Asleep: it is still being made
    :raises base.StepFailed: it has failed
    """
    backup_id = str(request.backup_id)
    if not _read(workflow, backup_id).is_snapshot:
        # Its guest agent has it restored when it is there.
        return None
    return _wait(workflow, backup_id).id


def about(backup: backups.Backup) -> dict[str, Any]:
    """Return a backup as its instance is told of it, see :func:`order`."""
    return {
        'id': backup.id,
        'state': backup.state,
        'name': backup.name,
        'instance_id': backup.instance_id,
        'backup_type': backup.backup_type,
        'location': backup.location,
        'checksum': backup.checksum,
        'storage_driver': backup.storage_driver,
        'replica_number': 1,
    }


def order(
    workflow: base.Workflow, request: create_request.Request
) -> dict[str, Any]:
    """Return arguments of prepare(), none of them for another instance.

    It is called before the backup is used, and waits for it.

    :raises base.Asleep: the backup is still being made
    :raises base.StepFailed: it has failed, or the primary does not answer
    """
    if request.slave_of_id is None:
        return {}
    backup = _wait(workflow, str(request.backup_id))
    primary = workflow.guest(instance_id=request.slave_of_id)
    try:
        found = primary.get_replication_snapshot(
            workflow.context,
            snapshot_info={
                **about(backup),
                'replica_id': workflow.instance_id,
            },
        )
    except exception.TroveError as error:
        raise base.StepFailed(
            reason=f'its primary {request.slave_of_id} does not let it '
            f'follow: {str(error).rstrip(".")}',
            remedy=_PRIMARY,
        ) from None
    return {'snapshot': found}


def _wait(workflow: base.Workflow, backup_id: str) -> backups.Backup:
    found: list[backups.Backup] = []

    def look() -> bool:
        backup = _read(workflow, backup_id)
        found[:] = [backup]
        if not backup.is_running and not backup.is_usable:
            raise base.StepFailed(
                reason=f'the backup {backup_id} of its primary is '
                f'{backup.state}',
                remedy=_PRIMARY,
            )
        return backup.is_usable

    if not workflow.wait(look, 0 if workflow.taken_over else _FIRST_WAIT):
        raise base.Asleep
    return found[0]


def _read(workflow: base.Workflow, backup_id: str) -> backups.Backup:
    try:
        return workflow.env.database(
            backups.get, trove_context.make_admin_context(), backup_id
        )
    except exception.NotFound as error:
        raise base.StepFailed(
            reason=str(error).rstrip('.'), remedy=_AGAIN
        ) from None


def drop_backup(
    workflow: base.Workflow, request: create_request.Request | None
) -> None:
    """Delete the backup of a replica when no other replica needs it.

    The workflow has ended.
    """
    if request is None or not (request.slave_of_id and request.backup_id):
        return
    if workflow.env.database(temporary.drop, request.backup_id):
        deletions.delete(workflow.env, request.backup_id)
