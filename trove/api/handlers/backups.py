# SPDX-License-Identifier: Apache-2.0
"""Backups: create, list, show, delete."""

from __future__ import annotations

from typing import Any

from oslo_log import log

from trove.api import paging
from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import registrations
from trove.api.views import backup as views
from trove.common import exception
from trove.common import names as common_names
from trove.objects import datastore as datastores
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import strategies
from trove.objects.backup import verifications
from trove.objects.backup import work
from trove.objects.instance import instances
from trove.objectstore import storage

LOG = log.getLogger(__name__)

#: Managers of datastores whose guest agents can verify backups.
VERIFIED = ('mariadb', 'postgresql')

_NAMED: tuple[references.Reference, ...] = (
    (('backup', 'instance'), 'instance'),
    (('backup', 'parent_id'), 'backup'),
)


def create(request: api_request.Request) -> dict[str, Any]:
    """Have a backup made: 202, with its status NEW.

    400 for an invalid value, 404 without the instance or the parent, 413
    beyond the quota, 422 while the instance is not ready, 503 if no task
    manager was reached. With "restore_from", 202 with the status RESTORED;
    404 without the object, 401 if the user may not read it.
    """
    body = request.body['backup']
    common_names.check('backup', body['name'])
    if body.get('restore_from'):
        return {'backup': views.detail(registrations.register(request, body))}
    if not body.get('instance'):
        raise exception.BadRequest(
            'backup has no "instance", which is required.'
        )
    references.check(request, _NAMED)
    order = _order(request, body)
    if order.storage_driver != backups.SNAPSHOT:
        request.storage(order.storage_driver).check(request.context)
    backup, container = work.begin(
        request.runtime.conf, request.context, order
    )
    info = {
        'id': backup.id,
        'name': backup.name,
        'description': backup.description,
        'instance_id': backup.instance_id,
        'backup_type': backup.backup_type,
        'checksum': None,
        'parent': None,
        'storage_driver': backup.storage_driver,
        'swift_container': container,
    }
    try:
        request.taskmanager().create_backup(
            request.context,
            backup_info=info,
            instance_id=str(backup.instance_id),
        )
    except Exception:
        if work.undo(str(backup.instance_id), backup.id):
            LOG.warning(
                'Could not send the creation of backup %s to the task '
                'managers; removed its record.',
                backup.id,
            )
            raise
        # A task manager works on it, so the message got through after all.
    return {'backup': views.detail(backup)}


def _order(
    request: api_request.Request, body: dict[str, Any]
) -> work.Order:
    conf = request.runtime.conf
    return work.Order(
        instance_id=_id(body['instance']),
        name=body['name'],
        description=body.get('description'),
        storage_driver=storage.choose(
            conf, body.get('storage_driver'), _snapshots(request)
        ),
        container=body.get('swift_container'),
        default_container=_container(request, body),
        parent_id=_id(body['parent_id']) if body.get('parent_id') else None,
        incremental=body.get('incremental') in (1, True, '1'),
    )


def _snapshots(request: api_request.Request) -> tuple[str, ...]:
    """Return the storage driver of snapshots, if the cloud makes them."""
    able = request.cloud.volumes.has_snapshots
    return (backups.SNAPSHOT,) if able else ()


def _id(reference: str) -> str:
    """Return the id in what a client may have as a URL."""
    return reference.rpartition('/')[2]


def _container(request: api_request.Request, body: dict[str, Any]) -> str:
    strategy = strategies.container(request.project_id, _id(body['instance']))
    default: str = request.runtime.conf.backup_swift_container
    return strategy or default


def index(request: api_request.Request) -> dict[str, Any]:
    """List backups, the last changed first, in pages: 200.

    400 for an invalid marker, 403 for other projects, 404 without the
    datastore.
    """
    everywhere = bool(request.flag('all_projects'))
    project_id = request.query.get('project_id') or None
    if everywhere or project_id not in (None, request.project_id):
        request.authorize('backup:index:all_projects')
    elif project_id is None:
        project_id = request.project_id
    datastore = request.query.get('datastore')
    datastore_id = None
    if datastore:
        datastore_id = datastores.get(
            request.runtime.conf, datastore, inactive=True
        ).id
    return _page(
        request,
        project_id=project_id,
        instance_id=request.query.get('instance_id') or None,
        datastore_id=datastore_id,
    )


def index_of_instance(request: api_request.Request) -> dict[str, Any]:
    """List the backups of an instance, in pages: 200, or 404."""
    instance = request.instance()
    return _page(
        request, project_id=instance.tenant_id, instance_id=instance.id
    )


def _page(
    request: api_request.Request,
    *,
    project_id: str | None,
    instance_id: str | None = None,
    datastore_id: str | None = None,
) -> dict[str, Any]:
    found, more = backups.list_(
        limit=paging.limit(request, request.runtime.conf.backups_page_size),
        offset=_offset(request),
        project_id=project_id,
        instance_id=instance_id,
        datastore_id=datastore_id,
    )
    known = verifications.get([each.id for each in found])
    return paging.body(
        request,
        'backups',
        [views.detail(each, known.get(each.id)) for each in found],
        None if more is None else str(more),
    )


def _offset(request: api_request.Request) -> int:
    marker = paging.marker(request)
    if marker is None:
        return 0
    if not (marker.isascii() and marker.isdigit() and len(marker) < 10):
        raise exception.BadRequest(
            f'The marker {common_names.show(marker)} is not valid; use that '
            'of the link to the next page, which is the number of backups '
            'before it, such as 20.'
        )
    return int(marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a backup: 200, or 404."""
    backup = _backup(request)
    known = verifications.get([backup.id])
    return {'backup': views.detail(backup, known.get(backup.id))}


def verify(request: api_request.Request) -> None:
    """Have the guest agent verify that a backup can be restored: 202.

    404 if there is none or its instance is deleted, 409 if it was not made
    here, is not complete, or the guest agent is too old, 501 where the
    datastore has no such check.
    """
    backup = _backup(request)
    if backup.state != 'COMPLETED' or backup.instance_id is None:
        raise exception.Conflict(
            f'Backup {backup.id} has the status {backup.state}. Only one that '
            'is COMPLETED, of an instance that is here, can be verified.'
        )
    if backup.is_snapshot:
        raise exception.Conflict(
            f'Backup {backup.id} is a snapshot of a volume. Restore it into a '
            'new instance to prove it.'
        )
    instance = instances.get(request.context, backup.instance_id)
    version = instance.datastore_version
    manager = version.manager if version is not None else None
    if manager not in VERIFIED:
        raise exception.NotSupported(
            f'Backups of a database of {manager} are not verified; those of '
            f'{" and ".join(VERIFIED)} can be. Restore it into a new '
            'instance to prove it.'
        )
    if not request.guest(instance.id).can_send('create_backup', store={}):
        raise exception.Conflict(
            f'The guest agent of instance {instance.label} is too old to '
            'verify backups. Upgrade its image, and repeat the request.'
        )
    verifications.request(backup.id)


def delete(request: api_request.Request) -> None:
    """Delete a backup and all that continue it: 202.

    404 if there is none, 422 while one of them is being made and its guest
    agent reports that, 503 if no task manager was reached; then one deletes
    it later.
    """
    backup = _backup(request)
    deleting.request(
        request.runtime.conf, request.context, backup.id, cancels=True
    )
    request.taskmanager().delete_backup(
        request.context, backup_id=backup.id
    )


def _backup(request: api_request.Request) -> backups.Backup:
    backup_id = request.params['backup_id']
    if not api_request.is_uuid(backup_id):
        # A name; clients ask for names first and list then.
        raise exception.BackupNotFound(id=backup_id)
    backup = backups.get(request.context, backup_id)
    request.authorize(request.rule, backup.project_id)
    return backup
