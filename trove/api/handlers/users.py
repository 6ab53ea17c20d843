# SPDX-License-Identifier: Apache-2.0
"""The users of the databases of an instance, and their grants."""

from __future__ import annotations

from typing import Any

from trove.api import names
from trove.api import paging
from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.api.views import guest as views
from trove.common import exception


def create(request: api_request.Request) -> None:
    """Create users: 202.

    400 for an invalid name or password, 404 for an unknown database, 409 for
    a user that exists.
    """
    _create(request, request.body['users'])


def create_one(request: api_request.Request) -> None:
    """Create the user in the path, as openstacksdk does: 202.

    400 if the body names another user; otherwise as :func:`create`.
    """
    asked = request.body['users']
    name = request.params['name']
    if asked.get('name', name) != name:
        raise exception.BadRequest(
            f'The path names the user "{name}", the body "{asked["name"]}"; '
            'use the same name, or omit it from the body.'
        )
    _create(request, [{**asked, 'name': name}])


def _create(request: api_request.Request, asked: list[Any]) -> None:
    guest = guests.Guest(request)
    _, users = names.check_new(guest.rules, (), asked)
    there = set(guest.users())
    for user in users:
        if (user['_name'], user['_host']) in there:
            raise exception.UserExists(name=user['_name'])
    if any(user['_databases'] for user in users):
        names.check_grants(users, guest.databases())
    guest.client.create_user(request.context, users=users)


def index(request: api_request.Request) -> dict[str, Any]:
    """List the users, in pages: 200."""
    guest = guests.Guest(request)
    page, marker = guest.client.list_users(
        request.context,
        limit=paging.limit(request, request.runtime.conf.users_page_size),
        marker=paging.marker(request),
    )
    items = [views.user(item) for item in page]
    return paging.body(request, 'users', items, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a user: 200, or 404 for an unknown or a system user."""
    guest = guests.Guest(request)
    return {'user': views.user(guest.user(request.params['name']))}


def delete(request: api_request.Request) -> None:
    """Delete a user: 202, or 404 for an unknown or a system user.

    An unlisted user may be the remnant of an interrupted deletion, so it is
    deleted in the guest before the 404; that is harmless if there is none.
    """
    guest = guests.Guest(request)
    text = request.params['name']
    name, host = guest.user_name(text)
    found = guest.client.get_user(
        request.context, username=name, hostname=host
    )
    guest.client.delete_user(
        request.context,
        user={
            '_name': name,
            '_host': host,
            '_password': None,
            '_databases': [],
        },
    )
    if not found:
        raise exception.UserNotFound(name=text)


def update(request: api_request.Request) -> None:
    """Change the name, password or host of a user: 202.

    400 for an invalid value, 404 for an unknown user, 409 if the new name is
    taken.
    """
    guest = guests.Guest(request)
    user = guest.user(request.params['name'])
    asked = request.body['user']
    old = (user['_name'], user['_host'])
    new = (asked.get('name') or old[0], asked.get('host') or old[1])
    if new != old:
        new = names.check_user(guest.rules, *new)
    if 'password' in asked:
        guest.rules.check_password(asked['password'])
    if new != old and new in guest.users():
        raise exception.UserExists(name=new[0])
    guest.client.update_attributes(
        request.context,
        username=old[0],
        hostname=old[1],
        user_attrs={k: v for k, v in asked.items() if v is not None},
    )


def change_passwords(request: api_request.Request) -> None:
    """Change the passwords of users: 202.

    400 for an invalid password, 404 if one of the users is unknown.
    """
    guest = guests.Guest(request)
    users = names.check_known(guest.rules, request.body['users'])
    there = set(guest.users())
    for user in users:
        if (user['name'], user['host']) not in there:
            raise exception.UserNotFound(name=user['name'])
    guest.client.change_passwords(request.context, users=users)


def list_access(request: api_request.Request) -> dict[str, Any]:
    """List the databases that a user may use: 200, or 404."""
    guest = guests.Guest(request)
    user = guest.user(request.params['name'])
    found = guest.client.list_access(
        request.context, username=user['_name'], hostname=user['_host']
    )
    return {'databases': [views.database(item) for item in found]}


def grant(request: api_request.Request) -> None:
    """Grant a user access to databases: 202.

    404 for an unknown user or database.
    """
    guest = guests.Guest(request)
    user = guest.user(request.params['name'])
    wanted = list(
        dict.fromkeys(item['name'] for item in request.body['databases'])
    )
    guest.require_databases(wanted)
    guest.client.grant_access(
        request.context,
        username=user['_name'],
        hostname=user['_host'],
        databases=wanted,
    )


def revoke(request: api_request.Request) -> None:
    """Revoke access of a user to a database: 202.

    404 for an unknown user, or one without access to the database.
    """
    guest = guests.Guest(request)
    user = guest.user(request.params['name'])
    database = request.params['database']
    found = guest.client.list_access(
        request.context, username=user['_name'], hostname=user['_host']
    )
    if database not in [item['_name'] for item in found]:
        raise exception.DatabaseNotFound(
            f'User "{user["_name"]}" has no access to the database '
            f'"{database}".'
        )
    guest.client.revoke_access(
        request.context,
        username=user['_name'],
        hostname=user['_host'],
        database=database,
    )
