# SPDX-License-Identifier: Apache-2.0
"""The databases of an instance."""

from __future__ import annotations

from typing import Any

from trove.api import names
from trove.api import paging
from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.api.views import guest as views
from trove.common import exception


def create(request: api_request.Request) -> None:
    """Create databases: 202.

    400 for an invalid name, character set or collation, 409 for a database
    that exists.
    """
    guest = guests.Guest(request)
    body = request.body
    asked = body['databases'] if 'databases' in body else [body['database']]
    databases, _ = names.check_new(guest.rules, asked, ())
    there = set(guest.databases())
    for database in databases:
        if database['_name'] in there:
            raise exception.DatabaseExists(name=database['_name'])
    guest.client.create_database(request.context, databases=databases)


def index(request: api_request.Request) -> dict[str, Any]:
    """List the databases, in pages: 200."""
    guest = guests.Guest(request)
    page, marker = guest.client.list_databases(
        request.context,
        limit=paging.limit(request, request.runtime.conf.databases_page_size),
        marker=paging.marker(request),
    )
    items = [views.database(item) for item in page]
    return paging.body(request, 'databases', items, marker)


def show(request: api_request.Request) -> None:
    """Answer 501: a database has no properties except its name.

    :raises NotSupported: always
    """
    raise exception.NotSupported(
        'Showing a single database is not supported; list the databases of '
        'the instance.'
    )


def delete(request: api_request.Request) -> None:
    """Delete a database: 202, or 404 for an unknown or a system database."""
    guest = guests.Guest(request)
    name = request.params['name']
    guest.require_databases([name])
    guest.client.delete_database(
        request.context,
        database={'_name': name, '_character_set': None, '_collate': None},
    )
