# SPDX-License-Identifier: Apache-2.0
"""Limits and quotas of projects."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.objects import quota


def index(request: api_request.Request) -> dict[str, Any]:
    """Show the absolute limits of the project: 200.

    Rate limits would follow the first item; there are none.
    """
    absolute: dict[str, Any] = {'verb': 'ABSOLUTE'}
    limits = quota.limits(request.runtime.conf, request.project_id)
    for resource, limit in limits.items():
        absolute[f'max_{resource}'] = limit
    return {'limits': [absolute]}


def quotas(request: api_request.Request) -> dict[str, Any]:
    """Show the quotas of a project: 200."""
    project = request.params['project']
    request.authorize(request.rule, project)
    return {
        'quotas': [
            {
                'resource': usage.resource,
                'in_use': usage.in_use,
                'reserved': usage.reserved,
                'limit': usage.limit,
            }
            for usage in quota.usages(request.runtime.conf, project)
        ]
    }


def update_quotas(request: api_request.Request) -> dict[str, Any]:
    """Change quotas of a project: 200, with the changed ones.

    400 for an invalid limit, 404 for an unknown resource.
    """
    asked = request.body['quotas']
    limits = quota.set_limits(
        request.runtime.conf, request.params['project'], asked
    )
    changed = {
        resource: limit
        for resource, limit in limits.items()
        if asked.get(resource) is not None
    }
    return {'quotas': changed}
