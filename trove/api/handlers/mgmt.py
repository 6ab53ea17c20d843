# SPDX-License-Identifier: Apache-2.0
"""Administration of instances."""

from __future__ import annotations

from typing import Any

from oslo_log import log

from trove.api import paging
from trove.api import request as api_request
from trove.api.handlers import actions
from trove.api.handlers import instances as instance_handlers
from trove.api.schemas import common
from trove.api.schemas import instance as schemas
from trove.api.views import instance as views
from trove.common import exception
from trove.objects import root as root_object
from trove.objects.instance import cancelling
from trove.objects.instance import entities
from trove.objects.instance import instances

LOG = log.getLogger(__name__)


def index(request: api_request.Request) -> dict[str, Any]:
    """List instances of all projects, or of ``project_id``: 200.

    400 for an invalid limit or an unknown marker.
    """
    found, marker = instances.list_(
        request.seer,
        limit=paging.limit(request, request.runtime.conf.instances_page_size),
        marker=paging.marker(request),
        all_projects=True,
        deleted=request.flag('deleted'),
        project_id=request.query.get('project_id') or None,
        include_clustered=bool(request.flag('include_clustered')),
    )
    items = [
        views.management(request, request.judged(instance))
        for instance in found
    ]
    return paging.body(request, 'instances', items, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show an instance with details for operators: 200, or 404."""
    instance = request.instance(include_deleted=bool(request.flag('deleted')))
    history = root_object.history(instance.id)
    view = views.management_detail(request, instance, history)
    used = instance_handlers.volume_used(request, instance)
    if used is not None:
        view['volume']['used'] = used
    if view['server'] is not None:
        view['server']['host'] = _host(request, instance)
    return {'instance': view}


def _host(
    request: api_request.Request, instance: entities.Instance
) -> str | None:
    """Return the host of a server, None if the cloud does not tell."""
    try:
        server = request.cloud.compute.get_server(request.context, instance.id)
    except exception.TroveError as error:
        LOG.info(
            'Showing instance %s without the host of its server: %s',
            instance.id,
            error,
        )
        return None
    return server.host if server is not None else None


def _stop(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Stop the database until the next restart or reboot: 202.

    409, 422 and 500 as for requests on databases; 422 while a backup is being
    made, which would fail.
    """
    instance.require_available(between_backups=True)
    guest = request.guest(instance.id)
    guest.stop_db(request.context)


def _reset_task_status(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Cancel the current task of an instance, with status ACTIVE: 202.

    An instance that is half built or half deleted stays in ERROR.
    """
    actions.warn_of_end(request, instance)
    cancelling.reset_task(instance.id)


def _migrate(
    request: api_request.Request, instance: entities.Instance, value: Any
) -> None:
    """Move the server of an instance to another host: 202.

    409 while another task is running, 422 for an instance that is not ready,
    501 where the cloud has a single host.
    """
    _check_cloud(request, instance, 'migrate_server')
    host = (value or {}).get('host')
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'migrate',
        lambda: taskmanager.migrate(
            request.context, instance_id=instance.id, host=host
        ),
        details={'host': host},
    )


def _rebuild(
    request: api_request.Request, instance: entities.Instance, value: Any
) -> None:
    """Replace the disk of the server by that of an image: 202.

    400 for one without a volume, 409 while another task is running, 422 for
    one that is half built.
    """
    refusal = instance.refusal_to_rebuild()
    if refusal is not None:
        raise refusal
    _check_cloud(request, instance, 'rebuild_server')
    image_id = value['image_id']
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'rebuild',
        lambda: taskmanager.rebuild(
            request.context, instance_id=instance.id, image_id=image_id
        ),
        details={'image_id': image_id},
    )


def _check_cloud(
    request: api_request.Request, instance: entities.Instance, method: str
) -> None:
    reason = request.cloud.refuses.get(method)
    if reason is not None:
        raise exception.NotSupported(
            f'Instance {instance.label} was not changed: {reason}.'
        )


def _action(
    handler: actions.Handler,
    rule: str,
    schema: common.Schema = schemas.NOTHING,
) -> actions.Action:
    return actions.Action(handler, (f'mgmt:instance:{rule}',), schema)


ACTIONS = actions.Actions(
    {
        'reboot': _action(actions.reboot, 'reboot'),
        'stop': _action(_stop, 'stop'),
        'reset-task-status': _action(_reset_task_status, 'reset_task_status'),
        'migrate': _action(_migrate, 'migrate', schemas.MIGRATE),
        'rebuild': _action(_rebuild, 'rebuild', schemas.REBUILD),
    }
)


def root(request: api_request.Request) -> dict[str, Any]:
    """Show when root was first enabled, and by whom: 200."""
    instance = request.instance()
    history = root_object.history(instance.id)
    return {
        'root_history': {
            'id': instance.id,
            'enabled': views.time(history.created) if history else 'Never',
            'user': history.user if history else 'Nobody',
        }
    }


def rpc_ping(request: api_request.Request) -> None:
    """Ping the guest agent: 204.

    409 if the agent is too old, 500 without an answer, 503 if unreachable.
    """
    instance = request.instance()
    request.guest(instance.id).rpc_ping(request.context)


def diagnostics(request: api_request.Request) -> dict[str, Any]:
    """Show the memory usage of the guest agent: 200.

    409 if the agent is too old, 500 without an answer, 503 if unreachable.
    """
    instance = request.instance()
    guest = request.guest(instance.id)
    found = guest.get_diagnostics(request.context)
    return {
        'diagnostics': {
            'version': found.get('version'),
            'threads': found.get('threads'),
            'fdSize': found.get('fds'),
            'vmSize': found.get('vm_size'),
            'vmPeak': found.get('vm_peak'),
            'vmRss': found.get('vm_rss'),
            'vmHwm': found.get('vm_hwm'),
        }
    }


def hwinfo(request: api_request.Request) -> dict[str, Any]:
    """Show memory and CPUs of the server: 200.

    409 if the agent is too old, 500 without an answer, 503 if unreachable.
    """
    instance = request.instance()
    found = request.guest(instance.id).get_hwinfo(request.context)
    found = found.get('hwinfo', found)
    return {
        'hwinfo': {
            'mem_total': found.get('mem_total'),
            'num_cpus': found.get('num_cpus'),
        }
    }
