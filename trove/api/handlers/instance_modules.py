# SPDX-License-Identifier: Apache-2.0
"""Modules of instances: list, apply, remove."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.api.views import module as views
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects import module as modules
from trove.objects.instance import modules as uses

#: What is shown of what a guest agent tells.
_TOLD = (
    *('id', 'name', 'type', 'md5', 'tenant', 'datastore'),
    *('datastore_version', 'auto_apply', 'visible', 'is_admin', 'status'),
    *('message', 'created', 'updated', 'removed', 'contents'),
)


def index(request: api_request.Request) -> dict[str, Any]:
    """List the modules of an instance: 200.

    With ``from_guest`` as its guest agent has them, and with
    ``include_contents`` then with their contents, for those who may apply
    modules: 409 if the agent is too old, 500 without an answer, 503 if
    unreachable.
    """
    instance = request.instance()
    contents = bool(request.flag('include_contents'))
    if contents:
        request.authorize('instance:module_apply', instance.tenant_id)
    if not request.flag('from_guest'):
        found = uses.applied(
            instance.id, invisible=bool(request.context.is_admin)
        )
        return {'modules': [views.applied(each) for each in found]}
    told = request.guest(instance.id).module_list(
        request.context, include_contents=contents
    )
    return _told(told)


def apply(request: api_request.Request) -> dict[str, Any]:
    """Apply modules to an instance: 200, with how each went.

    400 for a module of another datastore, 404 for an unknown one, 501 where
    modules have no key; 409, 422 and 500 as for requests on databases.
    """
    guest = guests.Guest(request)
    wanted = _wanted(
        request,
        request.body['modules'],
        guest.instance.datastore_version,
        'modules',
    )
    told = guest.client.module_apply(
        request.context, modules=orders(request, wanted)
    )
    with guests.recorded('The modules are applied'):
        record(guest.instance.id, wanted)
    return _told(told)


def remove(request: api_request.Request) -> None:
    """Remove a module from an instance: 200.

    403 for a module of the administrators, 404 for one that is not applied;
    409, 422 and 500 as for requests on databases.
    """
    guest = guests.Guest(request)
    module = modules.get(request.seer, request.params['module_id'])
    if module.is_admin and not request.context.is_admin:
        raise exception.Forbidden(
            f'Module {module.id} belongs to the administrators. Ask one to '
            'remove it.'
        )
    has = {
        each.id for each in uses.applied(guest.instance.id, invisible=True)
    }
    if module.id not in has:
        raise exception.NotFound(
            f'Module {module.id} is not applied to instance '
            f'{guest.instance.id}.'
        )
    try:
        guest.client.module_remove(
            request.context, module={'module': modules.told(module)}
        )
    except exception.NotFound:
        # An earlier request, which could not record it, has removed it.
        pass
    with guests.recorded('The module is removed'):
        uses.forget(guest.instance.id, module.id)


def of_new(
    request: api_request.Request,
    body: dict[str, Any],
    version: datastores.DatastoreVersion,
) -> list[modules.Module]:
    """Return the modules of a new instance, those applied unasked too.

    :param body: ``instance`` of the request
    :raises BadRequest: one is for another datastore
    :raises NotFound: one is unknown
    """
    asked = _wanted(
        request, body.get('modules') or (), version, 'instance.modules'
    )
    unasked = modules.automatic(request.project_id, version)
    return list({each.id: each for each in (*unasked, *asked)}.values())


def orders(
    request: api_request.Request, wanted: Iterable[modules.Module]
) -> list[dict[str, Any]]:
    """Return modules with their contents, as guest agents are sent them."""
    conf = request.runtime.conf
    return [modules.order(conf, each) for each in wanted]


def record(instance_id: str, applied: Iterable[modules.Module]) -> None:
    """Record that modules are applied to an instance."""
    uses.record(instance_id, [(each.id, each.md5) for each in applied])


def _wanted(
    request: api_request.Request,
    asked: Iterable[dict[str, str]],
    version: datastores.DatastoreVersion | None,
    where: str,
) -> list[modules.Module]:
    found = {}
    for each in asked:
        with references.naming(where):
            module = modules.get(request.seer, each['id'])
        _check_fits(module, version, where)
        found[module.id] = module
    return list(found.values())


def _check_fits(
    module: modules.Module,
    version: datastores.DatastoreVersion | None,
    where: str,
) -> None:
    for wanted, has, what in (
        (
            module.datastore_id,
            version.datastore_id if version else None,
            f'datastore {module.datastore_name}',
        ),
        (
            module.datastore_version_id,
            version.id if version else None,
            f'version {module.version_name} of its datastore',
        ),
    ):
        if wanted and wanted != has:
            raise exception.BadRequest(
                f'Module {module.id} is only for {what}; omit it from '
                f'{where}.'
            )


def _told(answer: Any) -> dict[str, Any]:
    """Return what a guest agent tells, as far as it makes sense."""
    return {
        'modules': [
            {key: each.get(key) for key in _TOLD}
            for each in answer or ()
            if isinstance(each, dict)
        ]
    }
