# SPDX-License-Identifier: Apache-2.0
"""REST representations of databases and users."""

from __future__ import annotations

from typing import Any

Wire = dict[str, Any]


def database(item: Wire) -> dict[str, Any]:
    return {'name': item['_name']}


def user(item: Wire) -> dict[str, Any]:
    """Return a user, without the password."""
    return {
        'name': item['_name'],
        'host': item.get('_host') or '%',
        'databases': [database(d) for d in item.get('_databases') or ()],
    }
