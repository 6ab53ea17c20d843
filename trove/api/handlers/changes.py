# SPDX-License-Identifier: Apache-2.0
"""Instances: change the name, the access or the configuration group."""

from __future__ import annotations

import contextlib
from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import actions
from trove.api.handlers import attachments
from trove.api.handlers import guest as guests
from trove.api.handlers import instances
from trove.api.handlers import offers
from trove.api.handlers import upgrades
from trove.common import exception
from trove.common import names as common_names
from trove.objects.instance import entities


def configuration(request: api_request.Request) -> dict[str, Any]:
    """Show what an instance is configured with, without a group: 200."""
    template = attachments.template(request, request.instance())
    return {'instance': {'configuration': template}}


def edit(request: api_request.Request) -> None:
    """Change the name of an instance, or its group: 202.

    As :func:`update`, which detaches replicas, too. For another datastore
    version: 400 for one that is unknown or cannot use the data, 409 while
    another task is running, 422 for an instance that is not ready.
    """
    body = request.body['instance']
    if 'datastore_version' in body:
        if len(body) > 1:
            raise exception.BadRequest(
                'instance has "datastore_version" and other keys. Change the '
                'version with a request of its own.'
            )
        upgrades.start(request, request.instance(), body['datastore_version'])
        return
    _change(request, body, 'configuration' in body)


def update(request: api_request.Request) -> None:
    """Change name, access or group of an instance, or detach it: 202.

    A replica whose ``replica_of`` is null becomes an instance of its own; 400
    for any other one, 409 or 422 while it is busy or not ready.

    404 for an unknown group; 400 for an invalid value, a second group or one
    of another version; 422 for values that the database refuses; 501 for what
    is not supported yet.
    """
    body = request.body['instance']
    # Without any key it means: detach.
    _change(request, body, 'configuration' in body or not body)


def _change(
    request: api_request.Request, body: dict[str, Any], regroups: bool
) -> None:
    if 'name' in body:
        common_names.check_instance(body['name'])
    instance = request.instance()
    offers.check(request, body)
    references.check(request, instances.NAMED)
    _check_alone(body)
    if 'replica_of' in body or 'slave_of' in body:
        _detach(request, instance, body)
        return
    change = None
    with contextlib.ExitStack() as stack:
        if regroups:
            group_id = body.get('configuration')
            change = (
                attachments.attach(request, instance, group_id)
                if group_id
                else attachments.detach(request, instance)
            )
            done = 'attached' if group_id else 'removed'
            stack.enter_context(guests.recorded(f'The group is {done}'))
        attachments.record(
            request,
            request.context,
            instance.id,
            change,
            name=body.get('name'),
            access=None if _is_applied(request) else body.get('access'),
        )
    if body.get('access') is not None and _is_applied(request):
        _change_access(request, instance, body['access'])


def _is_applied(request: api_request.Request) -> bool:
    """Whether the cloud has something to do for another access."""
    return 'allowed_cidrs' not in request.cloud.ignores


def _change_access(
    request: api_request.Request,
    instance: entities.Instance,
    access: dict[str, Any],
) -> None:
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'update_access',
        lambda: taskmanager.update_access(
            request.context, instance_id=instance.id, access=access
        ),
        details={'access': access},
    )


def _check_alone(body: dict[str, Any]) -> None:
    """Refuse two changes, one of which could fail after the other.

    The name is only recorded, so it may change with any other.

    :raises BadRequest: there are two, beside the name
    """
    others = sorted(set(body) - {'name'})
    if len(others) > 1:
        raise exception.BadRequest(
            f'instance has {", ".join(others)}, but one request changes one '
            'of them, and the name. Change each in a request of its own.'
        )


def _detach(
    request: api_request.Request,
    instance: entities.Instance,
    body: dict[str, Any],
) -> None:
    """Have a replica become an instance of its own.

    :raises BadRequest: it is no replica, or another is to replicate
    :raises InstanceBusy, Unprocessable: it cannot be detached now
    """
    key = 'replica_of' if 'replica_of' in body else 'slave_of'
    if body[key]:
        raise exception.BadRequest(
            f'instance.{key} is "{body[key]}", but an instance that exists '
            'does not become a replica. Use null to detach it, or create a '
            'replica of the other one.'
        )
    if not instance.slave_of_id:
        raise exception.BadRequest(
            f'Instance {instance.label} is not a replica, so there is '
            'nothing to detach it from.'
        )
    if 'name' in body:
        attachments.record(
            request, request.context, instance.id, None, name=body['name']
        )
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'detach_replica',
        lambda: taskmanager.detach_replica(
            request.context, instance_id=instance.id
        ),
    )
