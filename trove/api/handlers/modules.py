# SPDX-License-Identifier: Apache-2.0
"""Modules: make, list, show, change, delete, reapply."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from oslo_log import log

from trove.api import paging
from trove.api import references
from trove.api import request as api_request
from trove.api.views import instance as instance_views
from trove.api.views import module as views
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects import module as modules
from trove.objects import reapplied
from trove.objects.instance import instances as instance_objects
from trove.objects.instance import modules as uses

LOG = log.getLogger(__name__)

#: Keys of the body that are columns, too.
_COLUMNS = (
    *('name', 'description', 'apply_order'),
    *('auto_apply', 'visible', 'live_update', 'priority_apply'),
)

_FLAGS = ('auto_apply', 'visible', 'live_update', 'priority_apply')

_DEFAULTS = {
    **dict.fromkeys(_FLAGS, False),
    'visible': True,
    'description': None,
    'apply_order': 5,
}


def create(request: api_request.Request) -> dict[str, Any]:
    """Make a module: 200.

    400 for an invalid value or one like it, 403 for what only administrators
    may, 404 for an unknown type or datastore, 501 where modules have no key.
    """
    body = request.body['module']
    whole = {**_DEFAULTS, **_columns(body)}
    whole['tenant_id'] = _project(request, body)
    whole['type'] = _type(request, body['module_type'])
    whole.update(_datastore(request, body))
    _check_rights(request, whole, body.get('full_access'))
    made = modules.create(
        request.runtime.conf,
        request.context,
        _contents(body['contents']),
        is_admin=request.context.is_admin and not body.get('full_access'),
        **whole,
    )
    return {'module': views.detail(made)}


def index(request: api_request.Request) -> dict[str, Any]:
    """List the modules that the project can use, in pages: 200.

    404 for an unknown datastore.
    """
    wanted = request.query.get('datastore') or None
    if wanted and wanted.lower() == modules.ALL:
        wanted = modules.ALL
    elif wanted:
        wanted = datastores.get(request.runtime.conf, wanted).id
    found, marker = modules.list_(
        request.context,
        limit=_limit(request),
        marker=paging.marker(request),
        datastore=wanted,
    )
    items = [views.summary(each) for each in found]
    return paging.body(request, 'modules', items, marker)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show a module and how many instances have it: 200, or 404."""
    module = _get(request)
    counts = uses.counts(module.id, _whose(request))
    current = sum(each.count for each in counts if each.md5 == module.md5)
    return {'module': views.detail(module, current)}


def instances(request: api_request.Request) -> dict[str, Any]:
    """List the instances that have a module, in pages: 200, or 404.

    With ``count_only``, how many have it with which contents.
    """
    module = _get(request)
    clustered = bool(request.flag('include_clustered'))
    if request.flag('count_only'):
        counts = uses.counts(module.id, _whose(request), clustered)
        return {'instances': [views.count(module, each) for each in counts]}
    limit, marker = _limit(request), paging.marker(request)
    if marker is not None:
        uses.check_marker(marker, _whose(request))
    found = uses.users(
        module.id,
        _whose(request),
        include_clustered=clustered,
        limit=limit + 1,
        marker=marker,
    )
    marker = found[limit - 1][0] if len(found) > limit else None
    items = [
        instance_views.summary(
            request,
            request.judged(instance_objects.get(request.seer, each)),
        )
        for each, _ in found[:limit]
    ]
    return paging.body(request, 'instances', items, marker)


def update(request: api_request.Request) -> dict[str, Any]:
    """Change a module: 200.

    400 for an invalid value or while instances have it, unless it has
    "live_update"; 403 for what only administrators may; 404.
    """
    module = _get(request)
    body = request.body['module']
    columns = _columns(body)
    if 'all_tenants' in body:
        columns['tenant_id'] = _project(request, body)
    given = body.get('type') or body.get('module_type')
    if given:
        columns['type'] = _type(request, given)
    columns.update(_changed_datastore(request, module, body))
    full = body.get('full_access')
    _check_idle(module)
    _check_owner(request, module)
    whole = {key: getattr(module, key) for key in ('tenant_id', *_COLUMNS)}
    special = _check_rights(request, {**whole, **columns}, full)
    columns['is_admin'] = (
        (module.is_admin or special) if full is None else not full
    )
    contents = body.get('contents')
    changed = modules.update(
        request.runtime.conf,
        request.context,
        module.id,
        columns,
        None if contents is None else _contents(contents),
    )
    return {'module': views.detail(changed)}


def delete(request: api_request.Request) -> None:
    """Delete a module: 200.

    400 while instances have it, unless it has "live_update"; 403 for what
    only administrators may; 404.
    """
    module = _get(request)
    _check_owner(request, module)
    _check_idle(module)
    modules.delete(request.context, module.id)


def reapply(request: api_request.Request) -> None:
    """Have a module applied again where instances have it: 202.

    Where its contents are others, or with "force" everywhere; with "md5"
    only where they are these. It replaces a former request for the module
    that is not done, even the same. 403 for a module of an administrator,
    404, 413 for too many modules at once.
    """
    module = _get(request)
    _check_owner(request, module)
    body = request.body['reapply']
    conf = request.runtime.conf
    modules.order(conf, module)
    most = conf.module_reapply_max_batch_size
    least = conf.module_reapply_min_batch_delay
    order = reapplied.Order(
        module_id=module.id,
        ordered_by=request.project_id,
        tenant_id=_whose(request),
        md5=body.get('md5'),
        include_clustered=bool(body.get('include_clustered')),
        batch_size=min(body.get('batch_size') or most, most),
        batch_delay=max(body.get('batch_delay') or least, least),
        force=bool(body.get('force')),
    )
    reapplied.begin(order, anew=True)
    try:
        request.taskmanager().reapply_module(
            request.context,
            module_id=module.id,
            md5=order.md5 or '',
            include_clustered=order.include_clustered,
            batch_size=order.batch_size,
            batch_delay=order.batch_delay,
            force=order.force,
            recorded=True,
        )
    except exception.TroveError as error:
        LOG.warning(
            'The order to reapply module %s was not sent: %s A task manager '
            'finds it in the database; no action is required.',
            module.id,
            error,
        )


def _get(request: api_request.Request) -> modules.Module:
    module = modules.get(request.seer, request.params['module_id'])
    request.authorize(request.rule, module.tenant_id)
    return module


def _whose(request: api_request.Request) -> str | None:
    """Return the project whose instances are shown, None for all."""
    return None if request.context.is_admin else request.project_id


def _limit(request: api_request.Request) -> int:
    return paging.limit(request, request.runtime.conf.modules_page_size)


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    return {
        key: bool(body[key]) if key in _FLAGS else body[key]
        for key in _COLUMNS
        if key in body
    }


def _project(
    request: api_request.Request, body: dict[str, Any]
) -> str | None:
    return None if body.get('all_tenants') else request.project_id


def _type(request: api_request.Request, given: str) -> str:
    known = [each.lower() for each in request.runtime.conf.module_types]
    if given.lower() not in known:
        raise exception.NotFound(
            f'Modules have no type "{given}" here. Use '
            f'{", ".join(known) or "none: module_types is empty"}.'
        )
    return given.lower()


def _contents(given: str) -> str:
    text = ''.join(given.split())
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise exception.BadRequest(
            'module.contents is not base64. Encode the contents.'
        ) from None
    return text


def _datastore(
    request: api_request.Request, body: dict[str, Any]
) -> dict[str, str | None]:
    """Return the columns of the datastore that a body names."""
    given = body.get('datastore') or {}
    if not given:
        return {'datastore_id': None, 'datastore_version_id': None}
    if not given.get('type'):
        raise exception.BadRequest(
            'module.datastore has a "version" but no "type"; provide it.'
        )
    with references.naming('module.datastore'):
        found = datastores.get(request.runtime.conf, given['type'])
        version = (
            datastores.get_version(found, given['version'])
            if given.get('version')
            else None
        )
    return {
        'datastore_id': found.id,
        'datastore_version_id': version.id if version else None,
    }


def _changed_datastore(
    request: api_request.Request,
    module: modules.Module,
    body: dict[str, Any],
) -> dict[str, str | None]:
    given = dict(body.get('datastore') or {})
    for key, flag in (
        ('type', 'all_datastores'),
        ('version', 'all_datastore_versions'),
    ):
        if given.get(key) and body.get(flag):
            raise exception.BadRequest(
                f'module has "{flag}", but names a {key} in "datastore"; '
                'omit one of them.'
            )
    if body.get('all_datastores'):
        return {'datastore_id': None, 'datastore_version_id': None}
    if given:
        if module.datastore_id:
            given.setdefault('type', module.datastore_id)
        return _datastore(request, {'datastore': given})
    if body.get('all_datastore_versions'):
        return {'datastore_version_id': None}
    return {}


def _check_rights(
    request: api_request.Request, whole: dict[str, Any], full: Any
) -> bool:
    """Return whether a module has what only administrators may give it.

    :param whole: columns, all of them
    :param full: of the body: members may change and remove it
    :raises Forbidden: it has, and they do not ask
    :raises BadRequest: members could change what is for administrators
    """
    special = [
        text
        for text, given in (
            ('"all_tenants"', whole['tenant_id'] is None),
            ('"auto_apply"', whole['auto_apply']),
            ('"visible": 0', not whole['visible']),
            ('"priority_apply"', whole['priority_apply']),
        )
        if given
    ]
    if full and special:
        raise exception.BadRequest(
            f'A module with {", ".join(special)} cannot have "full_access"; '
            'omit one of them.'
        )
    if full is not None:
        special.append('"full_access"')
    if special and not request.context.is_admin:
        raise exception.Forbidden(
            f'Only administrators make, change or delete modules with '
            f'{", ".join(special)}. Ask one.'
        )
    return bool(special)


def _check_owner(
    request: api_request.Request, module: modules.Module
) -> None:
    """Refuse members what is an administrator's.

    :raises Forbidden: it is, and they ask
    """
    if module.is_admin and not request.context.is_admin:
        raise exception.Forbidden(
            f'Module {module.id} belongs to the administrators. Ask one.'
        )
    columns = {key: getattr(module, key) for key in ('tenant_id', *_COLUMNS)}
    _check_rights(request, columns, None)


def _check_idle(module: modules.Module) -> None:
    """Refuse to change what instances have, and may rely on.

    :raises BadRequest: instances have these contents
    """
    if module.live_update:
        return
    if any(each.md5 == module.md5 for each in uses.counts(module.id, None)):
        raise exception.BadRequest(
            f'Module {module.id} is applied to instances and has no '
            '"live_update". Remove it from them first.'
        )
