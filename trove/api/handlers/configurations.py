# SPDX-License-Identifier: Apache-2.0
"""Configuration groups: make, list, show, change, delete."""

from __future__ import annotations

from typing import Any

from trove.api import paging
from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import attachments
from trove.api.views import configuration as views
from trove.common import datastores as kinds
from trove.objects import configuration as configurations
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters


def create(request: api_request.Request) -> dict[str, Any]:
    """Make a group: 200.

    404 or 400 for an unknown datastore or version, 413 beyond the
    quota, 422 for a parameter or a value that is not allowed.
    """
    body = request.body['configuration']
    wanted = body.get('datastore') or {}
    with references.naming('configuration.datastore'):
        version = datastores.get_version(
            datastores.get(request.runtime.conf, wanted.get('type')),
            wanted.get('version'),
            number=wanted.get('version_number'),
        )
    settings = kinds.rules(version.manager or '').settings
    group = configurations.create(
        request.runtime.conf,
        request.context,
        name=body['name'],
        description=body.get('description'),
        version_id=version.id,
        values=settings.check(
            parameters.list_(version.id), body['values']
        ),
    )
    return {'configuration': views.detail(group)}


def index(request: api_request.Request) -> dict[str, Any]:
    """List the groups of the project, in pages: 200, or 400."""
    found, marker = configurations.list_(
        request.context,
        limit=_limit(request),
        marker=paging.marker(request),
    )
    items = [views.summary(each) for each in found]
    return paging.body(request, 'configurations', items, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a group with its values: 200, or 404."""
    return {'configuration': views.detail(_get(request))}


def instances(request: api_request.Request) -> dict[str, Any]:
    """List the instances that have a group, in pages: 200, 400 or 404."""
    found, marker = configurations.instances(
        _get(request).id,
        limit=_limit(request),
        marker=paging.marker(request),
    )
    items = [{'id': each, 'name': name} for each, name in found]
    return paging.body(request, 'instances', items, marker)


def edit(request: api_request.Request) -> None:
    """Change some values of a group, and of its instances: 200.

    404, 422 for what is not allowed, and what :func:`attachments.spread`
    raises.
    """
    group = _get(request)
    given = request.body['configuration']['values']
    lower = {name.lower() for name in given}
    kept = {
        name: value
        for name, value in group.values.items()
        if name.lower() not in lower
    }
    values = attachments.check(group, {**kept, **given})
    names = [name for name in values if name.lower() in lower]
    attachments.spread(request, group, values, names, {})


def replace(request: api_request.Request) -> None:
    """Replace the values of a group, and of its instances: 202.

    404, 422 for what is not allowed, and what :func:`attachments.spread`
    raises.
    """
    group = _get(request)
    body = request.body['configuration']
    values = attachments.check(group, body['values'])
    columns = {
        name: body[name] for name in ('name', 'description') if name in body
    }
    attachments.spread(request, group, values, values, columns)


def delete(request: api_request.Request) -> None:
    """Delete a group: 202, 404, or 400 while instances have it."""
    configurations.delete(request.seer, _get(request).id)


def _get(request: api_request.Request) -> configurations.Group:
    group = configurations.get(
        request.seer, request.params['configuration_id']
    )
    request.authorize(request.rule, group.tenant_id)
    return group


def _limit(request: api_request.Request) -> int:
    return paging.limit(
        request, request.runtime.conf.configurations_page_size
    )
