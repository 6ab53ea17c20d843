# SPDX-License-Identifier: Apache-2.0
"""How connections to an instance are encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_log import log
from oslo_utils import strutils

from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.api.views import ssl as views
from trove.cloud import certificates
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import encryption

LOG = log.getLogger(__name__)

_ACTIONS = ('enable', 'disable', 'rollback')


def show(request: api_request.Request) -> dict[str, Any]:
    """Show whether connections are encrypted, and the certificate: 200."""
    value = request.query.get('include_certificate')
    with_payload = False
    if value is not None:
        try:
            with_payload = strutils.bool_from_string(value, strict=True)
        except ValueError:
            raise exception.BadRequest(
                f'include_certificate is "{value[:40]}"; use true or false.'
            ) from None
    guest = guests.Guest(request)
    found = guest.client.ssl_show(request.context)
    return {'ssl': views.ssl(guest.instance, found, with_payload)}


def act(request: api_request.Request) -> dict[str, Any]:
    """Enable or disable encryption, or roll back the last change: 200.

    It is done for all replicas, too, or for none. 400 for a certificate that
    cannot be used, or for a replica; 403 for one that the user may not read.
    """
    body = request.body['ssl']
    wanted = [each for each in _ACTIONS if body.get(each)]
    if len(wanted) != 1:
        raise exception.BadRequest(
            'ssl has to have one of "enable", "disable" and "rollback" that '
            'is true.'
        )
    guest = guests.Guest(request)
    instance = guest.instance
    if wanted == ['rollback']:
        answer = guest.client.ssl_rollback(request.context)
        shown = guest.client.ssl_show(request.context)
        mode = views.ssl(instance, shown, False)['mode']
        encryption.record(instance.id, encryption.known(mode), None)
        return {'ssl': views.answer(instance, answer)}
    if instance.slave_of_id:
        raise exception.BadRequest(
            f'Instance {instance.id} is a replica. Change the encryption of '
            f'{instance.slave_of_id}, which changes that of its replicas.'
        )
    mode, reference, container = None, None, None
    if wanted == ['enable']:
        mode, reference = body.get('mode') or 'basic', body['container_ref']
        container = certificates.load(request.runtime.conf).container(
            request.context, reference, body.get('password_ref')
        )
    clients = [guest.client, *map(request.guest, instance.replicas)]
    answer = _order(
        clients,
        lambda client: client.ssl_action(
            request.context,
            mode=mode,
            container=container,  # type: ignore[arg-type]
            enable=container is not None,
            disable=container is None,
        ),
        lambda client: client.ssl_rollback(request.context),
    )
    for each in (instance.id, *instance.replicas):
        encryption.record(each, mode, reference)
    return {'ssl': views.answer(instance, answer)}


def _order(
    clients: list[guest_api.API],
    act: Callable[[guest_api.API], Any],
    undo: Callable[[guest_api.API], Any],
) -> Any:
    """Order the same of all guests; what was done is undone if one fails."""
    done: list[guest_api.API] = []
    answer = None
    try:
        for client in clients:
            answer = act(client)
            done.append(client)
    except Exception:
        for client in done:
            try:
                undo(client)
            except exception.TroveError as error:
                LOG.error(
                    'The encryption could not be rolled back: %s Repeat the '
                    'request, or send "rollback" for each replica.',
                    error,
                )
        raise
    return answer
