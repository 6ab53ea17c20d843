# SPDX-License-Identifier: Apache-2.0
"""The root user of an instance, its database superuser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_log import log

from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.common import exception
from trove.objects import root as root_object

LOG = log.getLogger(__name__)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show whether root was ever enabled: 200."""
    instance = request.instance()
    return {'rootEnabled': root_object.is_enabled(instance.id)}


def enable(request: api_request.Request) -> dict[str, Any]:
    """Enable root, with its name and password in the answer: 200.

    400 for an invalid password.
    """
    # Recorded first: the history must not miss a root that was enabled just
    # before the database became unreachable.
    guest = guests.Guest(request)
    password = (request.body or {}).get('password')
    if password:
        guest.rules.check_password(password)
    take_back = root_object.record_enabled(
        guest.instance.id, request.context.user_id
    )
    try:
        if password:
            user = guest.client.enable_root_with_password(
                request.context, root_password=password
            )
        else:
            user = guest.client.enable_root(request.context)
    except (exception.PeerTimeout, exception.NotConfirmed):
        # It may be enabled by now; the history must not miss that.
        raise
    except Exception as error:
        if _is_off(guest, error):
            _take_back(guest.instance.id, take_back)
        raise
    return {'user': {'name': user['_name'], 'password': user['_password']}}


def _is_off(guest: guests.Guest, error: Exception) -> bool:
    """Return False when root may be enabled in spite of the error."""
    if isinstance(error, exception.ServiceUnavailable):
        # Nothing was sent.
        return True
    try:
        return not guest.client.is_root_enabled(guest.context)
    except exception.TroveError:
        return False


def _take_back(instance_id: str, take_back: Callable[[], None]) -> None:
    try:
        take_back()
    except Exception as error:  # noqa: BLE001 - what failed first is told
        LOG.warning(
            'Root of instance %s was not enabled, but is recorded as enabled: '
            '%s. Ask its user to disable root.',
            instance_id,
            error,
        )


def disable(request: api_request.Request) -> None:
    """Disable root, also one that is not recorded: 204.

    404 if root is enabled neither in the record nor at the guest.
    """
    guest = guests.Guest(request)
    if not root_object.is_enabled(guest.instance.id):
        if not guest.client.is_root_enabled(request.context):
            raise exception.NotFound(
                f'Root is not enabled on instance {guest.instance.label}.'
            )
        # The user is unknown, but the fact must be recorded.
        root_object.record_enabled(guest.instance.id)
    guest.client.disable_root(request.context)
    with guests.recorded('Root is disabled'):
        root_object.record_disabled(guest.instance.id)
