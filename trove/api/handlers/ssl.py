# SPDX-License-Identifier: Apache-2.0
"""How connections to an instance are encrypted."""

from __future__ import annotations

import time
from typing import Any
from typing import Final

from oslo_utils import strutils

from trove.api import request as api_request
from trove.api.handlers import actions
from trove.api.handlers import consumers
from trove.api.handlers import guest as guests
from trove.api.views import ssl as views
from trove.common import exception
from trove.objects.instance import encryption
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.objects.keys import workflow_secrets

_ACTIONS: Final = ('enable', 'disable', 'rollback')

#: Seconds between two looks at the job.
_INTERVAL: Final = 0.2


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
    cannot be used, or for a replica; 403 for one that the user may not read;
    409 or 422 while one of them is busy or not ready, and 409 to disable what
    is disabled; 503 while it takes
    longer than ``[certificates] change_timeout``, or, before it is begun,
    while too many requests wait for theirs.
    """
    body = request.body['ssl']
    wanted = [each for each in _ACTIONS if body.get(each)]
    if len(wanted) != 1:
        raise exception.BadRequest(
            'ssl has to have one of "enable", "disable" and "rollback" that '
            'is true.'
        )
    instance: entities.Instance = guests.Guest(request).instance
    if instance.slave_of_id and wanted != ['rollback']:
        raise exception.BadRequest(
            f'Instance {instance.label} is a replica. Change the encryption '
            f'of {instance.slave_of_id}, which changes that of its replicas.'
        )
    # Guests are waited for from here on.
    request.hold_for_job()
    if wanted == ['disable']:
        _require_on(request, instance)
    reference = body['container_ref'] if wanted == ['enable'] else None
    details = _details(request, instance, wanted[0], body)
    members = (instance.id, *instance.replicas)
    before = encryption.recorded(members)
    consumers.register(request, reference, members)
    try:
        _change(request, instance, details)
    except exception.ServiceUnavailable:
        # It may be done later.
        raise
    except exception.TroveError:
        for each in members:
            if before[each].reference != reference:
                consumers.release(request, reference, each)
        raise
    for each in members:
        if before[each].reference != reference:
            consumers.release(request, before[each].reference, each)
    task = instances.get(request.seer, instance.id).task
    restart = task is states.Task.RESTART_REQUIRED
    return {'ssl': {'restart_required': restart}}


def _require_on(
    request: api_request.Request, instance: entities.Instance
) -> None:
    """Check that there is encryption to disable.

    :raises Conflict: it is off, also that of all replicas
    """
    for each in (instance.id, *instance.replicas):
        shown: Any = request.guest(each).ssl_show(request.context)
        if not isinstance(shown, dict) or shown.get('status') != 'off':
            return
    raise exception.Conflict(
        f'The encryption of instance {instance.label} is '
        'disabled already. Nothing was changed.'
    )


def _details(
    request: api_request.Request,
    instance: entities.Instance,
    action: str,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Return what the job needs; the certificate is sealed."""
    mode, reference, secrets = None, None, {}
    conf = request.runtime.conf
    if action == 'enable':
        mode, reference = body.get('mode') or 'basic', body['container_ref']
        secrets['container'] = request.certificates().container(
            request.context, reference, body.get('password_ref')
        )
        # A request that is wrong is told so first.
        workflow_secrets.require_key(conf)
    return {
        'wanted': {'action': action, 'mode': mode, 'reference': reference},
        **workflow_secrets.seal(conf, instance.id, secrets),
    }


def _change(
    request: api_request.Request,
    instance: entities.Instance,
    details: dict[str, Any],
) -> None:
    """Have the job done, and wait for its end.

    :raises BadRequest: it was refused or failed, as the fault of the
        instance says
    :raises ServiceUnavailable: it is not done yet
    """
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        encryption.ACTION,
        lambda: taskmanager.change_encryption(
            request.context, instance_id=instance.id
        ),
        begin=lambda: encryption.begin(request.seer, instance.id, details),
    )
    until = time.monotonic() + request.runtime.conf.certificates.change_timeout
    while _is_running(request, instance.id):
        if time.monotonic() >= until:
            raise exception.ServiceUnavailable(
                f'The encryption of instance {instance.label} is still being '
                'changed. Show it until it is, or a fault of the instance '
                'says why not.'
            )
        time.sleep(_INTERVAL)
    fault = instances.get(request.seer, instance.id).fault
    if fault is not None and f'Request {_request_id(request)},' in (
        fault.details or ''
    ):
        raise exception.BadRequest((fault.details or '').splitlines()[0])


def _is_running(request: api_request.Request, instance_id: str) -> bool:
    job = workflows.get_workflow(instance_id)
    return (
        job is not None
        and job.action == encryption.ACTION
        and job.request_id == _request_id(request)[:64]
    )


def _request_id(request: api_request.Request) -> str:
    return request.context.request_id or ''
