# SPDX-License-Identifier: Apache-2.0
"""Datastores and their versions."""

from __future__ import annotations

import dataclasses
from typing import Any

from trove.api import paging
from trove.api import request as api_request
from trove.api.handlers import flavors
from trove.api.handlers import offers
from trove.common import exception
from trove.objects import association
from trove.objects import datastore as datastores
from trove.objects import datastore_version as managed

#: Maximum number of datastores or versions per page.
PAGE = 1000


def index(request: api_request.Request) -> dict[str, Any]:
    """List the datastores, in pages: 200."""
    inactive = bool(request.context.is_admin)
    items, marker = paging.page(
        datastores.list_(inactive=inactive),
        lambda item: item.id,
        paging.limit(request, PAGE),
        paging.marker(request),
        'a datastore',
    )
    views = [_datastore(request, item) for item in items]
    return paging.body(request, 'datastores', views, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a datastore by name or ID: 200, or 404."""
    return {'datastore': _datastore(request, _get(request))}


def versions(request: api_request.Request) -> dict[str, Any]:
    """List the versions of a datastore, in pages: 200, or 404."""
    datastore = _get(request)
    items, marker = paging.page(
        datastores.versions(
            datastore.id, inactive=bool(request.context.is_admin)
        ),
        lambda item: item.id,
        paging.limit(request, PAGE),
        paging.marker(request),
        'a datastore version',
    )
    views = [_version(request, item) for item in items]
    return paging.body(request, 'versions', views, marker)


def version(request: api_request.Request) -> dict[str, Any]:
    """Show a version of a datastore: 200, 400 or 404.

    400 for an unknown version, 404 for an unknown datastore.
    """
    return {'version': _version(request, get_version(request))}


def version_by_id(request: api_request.Request) -> dict[str, Any]:
    """Show a version by its ID alone: 200, or 400 if it is unknown."""
    found = get_version_by_id(request)
    return {'version': _version(request, found)}


def version_flavors(request: api_request.Request) -> dict[str, Any]:
    """List the flavors for a version: 200.

    400 for an unknown version, 404 for an unknown datastore.
    """
    version = get_version(request)
    chosen = association.list_(version.id, association.FLAVOR)
    return {
        'flavors': [
            flavors.view(request, flavor)
            for flavor in request.cloud.compute.list_flavors(request.context)
            if not chosen or flavor.id in chosen
        ]
    }


def version_volume_types(request: api_request.Request) -> dict[str, Any]:
    """List the volume types for a version: 200.

    400 for an unknown version, 404 for an unknown datastore.
    """
    types = offers.volume_types(request, get_version(request).id)
    return {'volume_types': [dataclasses.asdict(each) for each in types]}


def delete(request: api_request.Request) -> None:
    """Delete a datastore: 202, or 400 while it has versions."""
    managed.delete_datastore(
        request.runtime.conf, request.params['datastore']
    )


def _get(request: api_request.Request) -> datastores.Datastore:
    name = request.params['datastore']
    return datastores.get(
        request.runtime.conf, name, inactive=bool(request.context.is_admin)
    )


def get_version(
    request: api_request.Request,
) -> datastores.DatastoreVersion:
    """Return the version that the path names, of the datastore there.

    :raises NotFound: there is no such datastore
    :raises BadRequest: it has no such version
    """
    return datastores.get_version(
        _get(request),
        request.params['version'],
        inactive=bool(request.context.is_admin),
    )


def get_version_by_id(
    request: api_request.Request,
) -> datastores.DatastoreVersion:
    """Return the version that the path names by its ID alone.

    :raises BadRequest: it is unknown
    """
    version_id = request.params['version']
    try:
        return datastores.get_version_by_id(
            version_id, inactive=bool(request.context.is_admin)
        )
    except exception.DatastoreVersionNotFound:
        # As released Trove, which answers 400 wherever a version is unknown.
        raise exception.BadRequest(
            f'Datastore version {version_id} does not exist or is not '
            'active. List the versions with "openstack datastore version '
            'list DATASTORE" (GET /datastores/{datastore}/versions).'
        ) from None


def _datastore(
    request: api_request.Request, item: datastores.Datastore
) -> dict[str, Any]:
    view: dict[str, Any] = {
        'id': item.id,
        'name': item.name,
        'links': request.links('datastores', item.id),
        'versions': [
            _version(request, version, of_datastore=True)
            for version in datastores.versions(
                item.id, inactive=bool(request.context.is_admin)
            )
        ],
    }
    if item.default_version_id:
        view['default_version'] = item.default_version_id
    return view


def _version(
    request: api_request.Request,
    item: datastores.DatastoreVersion,
    of_datastore: bool = False,
) -> dict[str, Any]:
    view: dict[str, Any] = {
        'id': item.id,
        'name': item.name,
        'version': item.version,
        'links': request.links('datastores', 'versions', item.id),
    }
    if not of_datastore:
        view['datastore'] = item.datastore_id
    if request.context.is_admin:
        view.update(
            active=item.active,
            image=item.image_id,
            image_tags=list(item.image_tags),
            packages=item.packages,
            registry_ext=item.registry_ext,
            repl_strategy=item.repl_strategy,
        )
    return view
