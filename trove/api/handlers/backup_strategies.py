# SPDX-License-Identifier: Apache-2.0
"""Backup strategies: where backups go, and whether the log does, too."""

from __future__ import annotations

from typing import Any

from oslo_utils import uuidutils

from trove.api import references
from trove.api import request as api_request
from trove.api.views import backup as views
from trove.common import exception
from trove.objects.backup import logs
from trove.objects.backup import schedules
from trove.objects.backup import strategies
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objectstore import storage

#: Managers of datastores whose log can be archived.
ARCHIVED = ('mariadb', 'mysql', 'postgresql')


def index(request: api_request.Request) -> dict[str, Any]:
    """List the backup strategies of the project: 200.

    403 for those of another project.
    """
    project_id = request.query.get('project_id') or request.project_id
    request.authorize(request.rule, project_id)
    found = strategies.list_(
        project_id=project_id,
        instance_id=request.query.get('instance_id') or None,
    )
    ids = [each.instance_id for each in found]
    archived, planned = logs.wanted(ids), schedules.get(ids)
    return {
        'backup_strategies': [
            views.strategy(
                each,
                each.instance_id in archived,
                planned.get(each.instance_id),
            )
            for each in found
        ]
    }


def create(request: api_request.Request) -> dict[str, Any]:
    """Make a backup strategy, or change it: 202.

    400 for an invalid value, 404 without the instance, 409 if its guest agent
    is too old to archive its log.
    """
    body = request.body['backup_strategy']
    instance_id = body.get('instance_id') or ''
    archived = body.get('log_archive')
    if instance_id:
        with references.naming('backup_strategy.instance_id'):
            instance = instances.get(request.context, instance_id)
        if archived is None:
            archived = instance_id in logs.wanted([instance_id])
        elif archived:
            _check_log(request, instance)
    elif archived is not None or body.get('schedule'):
        raise exception.BadRequest(
            'backup_strategy has "log_archive" or "schedule" and no '
            '"instance_id". Set them for each instance.'
        )
    made = strategies.save(
        request.project_id,
        instance_id,
        backend=request.runtime.conf.storage_strategy,
        container=body['swift_container'],
    )
    if archived:
        driver = storage.choose(request.runtime.conf, None)
        logs.want(
            instance.tenant_id, instance_id, driver, body['swift_container']
        )
    elif instance_id:
        logs.unwant(instance_id)
    if instance_id and 'schedule' in body:
        _set_schedule(request, instance, body)
    planned = schedules.get([instance_id]).get(instance_id)
    return {'backup_strategy': views.strategy(made, bool(archived), planned)}


def _set_schedule(
    request: api_request.Request,
    instance: entities.Instance,
    body: dict[str, Any],
) -> None:
    """Have backups made by themselves, or no longer."""
    wanted = body['schedule']
    if wanted is None:
        schedules.delete(instance.id)
        return
    version = instance.datastore_version
    full_every = wanted.get('full_every') or 1
    if full_every > 1 and version is not None and version.manager == 'mysql':
        raise exception.NotSupported(
            'schedule.full_every is greater than 1, and there are only full '
            'backups of MySQL. Omit it.'
        )
    schedules.save(
        instance.tenant_id,
        instance.id,
        storage_driver=storage.choose(request.runtime.conf, None),
        container=body['swift_container'],
        interval=wanted['interval'],
        full_every=full_every,
        keep=wanted.get('keep'),
        keep_days=wanted.get('keep_days'),
        verify=wanted.get('verify'),
    )


def _check_log(
    request: api_request.Request, instance: entities.Instance
) -> None:
    """Return when the log of an instance can be archived."""
    version = instance.datastore_version
    manager = version.manager if version is not None else None
    if manager not in ARCHIVED:
        raise exception.NotSupported(
            f'The log of a database of {manager} is not archived; of '
            f'{", ".join(ARCHIVED)} it can be. Omit "log_archive".'
        )
    if instance.slave_of_id:
        raise exception.BadRequest(
            f'Instance {instance.label} is a replica. Archive the log of its '
            f'primary, {instance.slave_of_id}.'
        )
    guest = request.guest(instance.id)
    if not guest.can_send('archive_log', archive={}):
        raise exception.Conflict(
            f'The guest agent of instance {instance.label} is too old to '
            'archive its log. Upgrade its image, and repeat the request.'
        )


def delete(request: api_request.Request) -> None:
    """Delete a backup strategy: 202, or 404.

    The log of its instance is not archived any more, and no backups are made
    by themselves.
    """
    project_id = request.query.get('project_id') or request.project_id
    instance_id = request.query.get('instance_id') or ''
    # trove-dashboard has both ids, one behind the other, in the first.
    rest = project_id.removeprefix(request.project_id)
    if not instance_id and rest != project_id and uuidutils.is_uuid_like(rest):
        project_id, instance_id = request.project_id, rest
    request.authorize(request.rule, project_id)
    strategies.delete(project_id, instance_id)
    if instance_id:
        logs.unwant(instance_id)
        schedules.delete(instance_id)
