# SPDX-License-Identifier: Apache-2.0
"""The root user of an instance: the customer's own superuser."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.common import exception
from trove.objects import root as root_object


def show(request: api_request.Request) -> dict[str, Any]:
    instance = request.instance()
    return {'rootEnabled': root_object.is_enabled(instance.id)}


def enable(request: api_request.Request) -> dict[str, Any]:
    """Enable root and return its name and password."""
    guest = guests.Guest(request)
    password = (request.body or {}).get('password')
    try:
        if password:
            guest.rules.check_password(password)
            user = guest.client.enable_root_with_password(
                request.context, root_password=password
            )
        else:
            user = guest.client.enable_root(request.context)
    except exception.PeerTimeout:
        # It may be enabled by now; the history must not miss that.
        root_object.record_enabled(guest.instance.id, request.context.user_id)
        raise
    root_object.record_enabled(guest.instance.id, request.context.user_id)
    return {'user': {'name': user['_name'], 'password': user['_password']}}


def disable(request: api_request.Request) -> None:
    """Disable root, also one that was enabled without being recorded.

    :raises NotFound: neither the record nor the guest knows of it
    """
    guest = guests.Guest(request)
    if not root_object.is_enabled(guest.instance.id):
        if not guest.client.is_root_enabled(request.context):
            raise exception.NotFound(
                f'Root is not enabled on instance {guest.instance.id}.'
            )
        # Whoever enabled it is not known; that it was must be.
        root_object.record_enabled(guest.instance.id)
    guest.client.disable_root(request.context)
    root_object.record_disabled(guest.instance.id)
