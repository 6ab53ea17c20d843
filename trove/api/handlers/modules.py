# SPDX-License-Identifier: Apache-2.0
"""Modules of instances: what is recorded, and what the guest agent has."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.api.views import instance as views
from trove.objects import module as modules

#: What is shown of what a guest agent tells.
_TOLD = (
    *('id', 'name', 'type', 'md5', 'tenant', 'datastore'),
    *('datastore_version', 'auto_apply', 'visible', 'is_admin', 'status'),
    *('message', 'created', 'updated', 'removed', 'contents'),
)


def of_instance(request: api_request.Request) -> dict[str, Any]:
    """List the modules of an instance: 200.

    With ``from_guest`` as its guest agent has them, and with
    ``include_contents`` then with their contents: 409 if the agent is too
    old, 500 without an answer, 503 if unreachable.
    """
    instance = request.instance()
    contents = bool(request.flag('include_contents'))
    if not request.flag('from_guest'):
        found = modules.applied(
            instance.id, invisible=bool(request.context.is_admin)
        )
        return {'modules': [_recorded(each) for each in found]}
    told: Any = request.guest(instance.id).module_list(
        request.context, include_contents=contents
    )
    return {
        'modules': [
            {key: each.get(key) for key in _TOLD}
            for each in told or ()
            if isinstance(each, dict)
        ]
    }


def _recorded(module: modules.Applied) -> dict[str, Any]:
    return {
        'id': module.id,
        'name': module.name,
        'type': module.type,
        'description': module.description,
        'tenant': module.tenant_id or modules.ALL,
        'tenant_id': module.tenant_id,
        'datastore': module.datastore_id or modules.ALL,
        'datastore_id': module.datastore_id,
        'datastore_version': module.datastore_version_id or modules.ALL,
        'datastore_version_id': module.datastore_version_id,
        'auto_apply': module.auto_apply,
        'visible': module.visible,
        'md5': module.md5,
        'created': views.time(module.created),
        'updated': views.time(module.updated),
    }
