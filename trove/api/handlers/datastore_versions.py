# SPDX-License-Identifier: Apache-2.0
"""Versions of datastores, for administrators."""

from __future__ import annotations

from typing import Any

from trove.api import paging
from trove.api import request as api_request
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects import datastore_version as managed

#: Most versions in one answer.
PAGE = 1000

#: Keys of a body, and the columns that they set.
_COLUMNS = {
    'name': 'name',
    'datastore_manager': 'manager',
    'image': 'image_id',
    'image_tags': 'image_tags',
    'packages': 'packages',
    'active': 'active',
    'registry_ext': 'registry_ext',
    'repl_strategy': 'repl_strategy',
}

#: Lists are stored as one text; so long it may be.
_LENGTHS = {'image_tags': 255, 'packages': 511}


def index(request: api_request.Request) -> dict[str, Any]:
    """List the versions of all datastores, in pages: 200."""
    defaults = _defaults()
    items, marker = paging.page(
        datastores.all_versions(),
        lambda item: item.id,
        paging.limit(request, PAGE),
        paging.marker(request),
        'a datastore version',
    )
    views = [_view(item, item.id in defaults) for item in items]
    return paging.body(request, 'versions', views, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a version: 200, or 400 if it is unknown."""
    version = managed.get(request.params['version'])
    return {'version': _view(version, version.id in _defaults())}


def create(request: api_request.Request) -> None:
    """Create a version, and its datastore if there is none: 202.

    400 for an invalid value, and for a version that exists already.
    """
    body = request.body['version']
    if not body.get('image') and not body.get('image_tags'):
        raise exception.BadRequest(
            'version has neither "image" nor "image_tags"; provide the ID of '
            'the image that servers boot from, or the tags by which it is '
            'found.'
        )
    columns = _columns(body)
    _check_manager(columns, None)
    managed.create(
        body['datastore_name'],
        columns.pop('name'),
        body.get('version') or body['name'],
        columns,
        body.get('default', False),
    )


def edit(request: api_request.Request) -> None:
    """Change a version: 202, or 400.

    Tags without an image take the place of the image.
    """
    columns = _columns(request.body)
    _check_manager(columns, managed.get(request.params['version']))
    if columns.get('image_tags') and 'image_id' not in columns:
        columns['image_id'] = None
    managed.change(
        request.params['version'], columns, request.body.get('default')
    )


def delete(request: api_request.Request) -> None:
    """Delete a version: 202, or 400 while something uses it."""
    managed.delete(request.params['version'])


def _defaults() -> set[str | None]:
    return {
        datastore.default_version_id
        for datastore in datastores.list_(inactive=True)
    }


def _check_manager(
    columns: dict[str, Any], before: datastores.DatastoreVersion | None
) -> None:
    managed.check_manager(
        'datastore_manager',
        columns.get('manager', before.manager if before else None),
        columns.get('active', before.active if before else True),
        before,
    )


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for key, column in _COLUMNS.items():
        if key not in body:
            continue
        value = body[key]
        if key in _LENGTHS:
            value = ','.join(value)
            if len(value) > _LENGTHS[key]:
                raise exception.BadRequest(
                    f'{key} has {len(value)} characters, with commas between '
                    f'the items; the maximum is {_LENGTHS[key]}.'
                )
        columns[column] = value
    return columns


def _view(item: datastores.DatastoreVersion, default: bool) -> dict[str, Any]:
    return {
        'id': item.id,
        'name': item.name,
        'version': item.version,
        'datastore_id': item.datastore_id,
        'datastore_name': item.datastore_name,
        'datastore_manager': item.manager,
        'image': item.image_id,
        # Released Trove shows a list with an empty string for none.
        'image_tags': list(item.image_tags) or [''],
        'packages': (item.packages or '').split(','),
        'active': item.active,
        'registry_ext': item.registry_ext,
        'repl_strategy': item.repl_strategy,
        'default': default,
    }
