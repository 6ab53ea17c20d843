# SPDX-License-Identifier: Apache-2.0
"""The logs of an instance: list, show, enable, disable, publish, discard."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.api.views import log as views
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects import sealing
from trove.objects.instance import entities
from trove.objectstore import storage
from trove.objectstore import tokens

#: Objects of a log that are deleted in a request, at most.
_MOST_DISCARDED = 1000
_FLAGS = ('enable', 'disable', 'publish', 'discard')


def index(request: api_request.Request) -> dict[str, Any]:
    """List the logs of an instance: 200.

    422 without a guest agent that answers.
    """
    instance = request.instance()
    found = _guest(request, instance).guest_log_list(request.context)
    return {'logs': [views.log(instance, each) for each in found]}


def act(request: api_request.Request) -> dict[str, Any]:
    """Enable, disable, discard or publish a log, or show it: 200.

    400 for a log that is always on, or for enabling and disabling it at once;
    403 for one that only administrators see, 404 for an unknown one, 409
    while one is published, 422 without a guest agent that answers, 501 when
    logs cannot be published here.
    """
    body = request.body
    asked: dict[str, Any] = {
        flag: body.get(flag) in (1, True, '1') for flag in _FLAGS
    }
    if asked['enable'] and asked['disable']:
        raise exception.BadRequest(
            'A log cannot be enabled and disabled at once; send "enable" or '
            '"disable".'
        )
    instance = request.instance()
    guest = _guest(request, instance)
    more: dict[str, Any] = {}
    stores = asked['publish'] or asked['discard']
    if stores and not guest.can_send('guest_log_action', store={}):
        tokens.check(request.context, instance.tenant_id)
        sealing.check_token(instance.id)
    elif stores:
        # The guest refuses what the user may not, before anything is removed.
        nothing: dict[str, Any] = dict.fromkeys(_FLAGS, False)
        guest.guest_log_action(
            request.context, log_name=body['name'], **nothing
        )
        more['store'] = _access(request, instance, asked['discard'])
    found = guest.guest_log_action(
        request.context, log_name=body['name'], **asked, **more
    )
    return {'log': views.log(instance, found)}


def _guest(
    request: api_request.Request, instance: entities.Instance
) -> guest_api.API:
    """Return the client of a guest, whatever its database server does.

    Logs are needed most when it does not run.
    """
    instance.require_guest()
    return request.guest(instance.id)


def _access(
    request: api_request.Request,
    instance: entities.Instance,
    discard: bool,
) -> dict[str, Any]:
    """Return the access to publish a log; remove what is to be discarded."""
    conf = request.runtime.conf
    container = conf.guest_log_container_name
    prefix = views.prefix(instance, request.body['name'])
    driver = request.storage(storage.choose(conf, None))
    driver.check(request.context)
    if discard:
        store = driver.store()
        if not store.discard(
            store.location(container, f'{prefix}/log'), _MOST_DISCARDED
        ):
            raise exception.Unprocessable(
                reason=f'more than {_MOST_DISCARDED} objects of the log are '
                f'published, of which {_MOST_DISCARDED} are deleted now. '
                'Repeat the request for the others.'
            )
        store.delete(store.location(container, views.metafile(prefix)))
    return {
        **driver.publishing(container, prefix, size=conf.guest_log_limit),
        'container': container,
        'expiry': conf.guest_log_expiry,
    }
