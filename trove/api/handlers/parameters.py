# SPDX-License-Identifier: Apache-2.0
"""Parameters of datastore versions, for users and for administrators."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.api.handlers import datastores as handlers
from trove.api.views import configuration as views
from trove.common import datastores as kinds
from trove.common import exception
from trove.common import names
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters


def index(request: api_request.Request) -> dict[str, Any]:
    """List the parameters of a version: 200; 404, or 400 for the version."""
    version = _version(request)
    return {
        'configuration-parameters': [
            views.parameter(version.id, each)
            for each in _usable(version, parameters.list_(version.id))
        ]
    }


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a parameter: 200, or 404."""
    version = _version(request)
    found = parameters.get(version.id, request.params['name'])
    usable = _usable(version, [found])
    if not usable:
        raise exception.NotFound(
            f'Parameter {found.name} is reserved for Trove.'
        )
    return views.parameter(version.id, usable[0])


def manage_index(request: api_request.Request) -> dict[str, Any]:
    """List the parameters of a version with all there is: 200."""
    version = _version(request)
    return {
        'configuration-parameters': [
            views.management_parameter(version.id, each)
            for each in parameters.list_(version.id)
        ]
    }


def manage_show(request: api_request.Request) -> dict[str, Any]:
    """Show a parameter with all there is: 200, or 404."""
    version = _version(request)
    found = parameters.get(version.id, request.params['name'])
    return views.management_parameter(version.id, found)


def create(request: api_request.Request) -> dict[str, Any]:
    """Add a parameter to a version: 200, or 400 when it is there."""
    version = _version(request)
    new = _from_body(request, version)
    parameters.create(version.id, new)
    return views.management_parameter(version.id, new)


def update(request: api_request.Request) -> dict[str, Any]:
    """Change a parameter of a version: 200, or 404.

    400 when the body names another.
    """
    version = _version(request)
    new = _from_body(request, version)
    if new.name.lower() != request.params['name'].lower():
        raise exception.BadRequest(
            f'configuration-parameter.name is {names.show(new.name)}, but '
            f'the path names {names.show(request.params["name"])}. Give both '
            'the same name.'
        )
    parameters.update(version.id, new)
    return views.management_parameter(version.id, new)


def delete(request: api_request.Request) -> None:
    """Remove a parameter from a version: 204, or 404."""
    version = _version(request)
    parameters.delete(version.id, request.params['name'])


def _version(request: api_request.Request) -> datastores.DatastoreVersion:
    if 'datastore' in request.params:
        return handlers.get_version(request)
    return handlers.get_version_by_id(request)


def _usable(
    version: datastores.DatastoreVersion, found: list[parameters.Parameter]
) -> list[parameters.Parameter]:
    """Return those that a group may have; releases offer some others."""
    settings = kinds.rules(version.manager or '').settings
    return [
        settings.complete(each)
        for each in found
        if not settings.is_denied(each.name)
    ]


def _from_body(
    request: api_request.Request, version: datastores.DatastoreVersion
) -> parameters.Parameter:
    body = request.body['configuration-parameter']
    name = body['name']
    if kinds.rules(version.manager or '').settings.is_denied(name):
        raise exception.BadRequest(
            f'configuration-parameter.name is {names.show(name)}, which is '
            'reserved for Trove, so no group can have it. Choose another '
            'parameter.'
        )
    return parameters.Parameter(
        name,
        body['data_type'],
        bool(body['restart_required']),
        parameters.number(body.get('min_size')),
        parameters.number(body.get('max_size')),
    )
