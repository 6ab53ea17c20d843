# SPDX-License-Identifier: Apache-2.0
"""Which versions of the API there are."""

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
    return {'versions': [_version(request)]}


def show(request: api_request.Request) -> dict[str, Any]:
    return {'version': _version(request)}
