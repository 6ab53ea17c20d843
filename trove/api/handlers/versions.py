# SPDX-License-Identifier: Apache-2.0
"""Versions of the API."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request


def _version(request: api_request.Request) -> dict[str, Any]:
    return {
        'id': 'v1.0',
        'status': 'CURRENT',
        'updated': '2012-08-01T00:00:00Z',
        'links': [{'rel': 'self', 'href': request.base_url + '/'}],
    }


def index(request: api_request.Request) -> dict[str, Any]:
    """List the versions of the API: 200."""
    return {'versions': [_version(request)]}


def show(request: api_request.Request) -> dict[str, Any]:
    """Show the version of the API: 200."""
    return {'version': _version(request)}
