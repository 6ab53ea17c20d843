# SPDX-License-Identifier: Apache-2.0
"""Flavors of the cloud."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.cloud import base as cloud_base


def view(
    request: api_request.Request, flavor: cloud_base.Flavor
) -> dict[str, Any]:
    """Return the REST representation of a flavor.

    ``id`` is an integer or null, as in old clouds; ``str_id`` is always the
    ID.
    """
    number = flavor.id.isascii() and flavor.id.isdigit()
    number = number and not flavor.id.startswith('0')
    return {
        'id': int(flavor.id) if number else None,
        'str_id': flavor.id,
        'name': flavor.name,
        'ram': flavor.ram,
        'vcpus': flavor.vcpus,
        'disk': flavor.disk,
        'ephemeral': 0,
        'links': request.links('flavors', flavor.id),
    }


def index(request: api_request.Request) -> dict[str, Any]:
    """List the flavors: 200."""
    compute = request.cloud.compute
    return {
        'flavors': [
            view(request, flavor)
            for flavor in compute.list_flavors(request.context)
        ]
    }


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a flavor: 200, or 404."""
    compute = request.cloud.compute
    flavor = compute.get_flavor(request.context, request.params['flavor'])
    return {'flavor': view(request, flavor)}
