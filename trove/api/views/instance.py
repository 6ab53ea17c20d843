# SPDX-License-Identifier: Apache-2.0
"""Instances as they go out."""

from __future__ import annotations

from collections.abc import Mapping
import datetime
from typing import Any

from trove.api import request as api_request
from trove.objects import root as root_object
from trove.objects.guest import replication
from trove.objects.instance import entities

Instance = entities.Instance


def time(when: datetime.datetime | None) -> str | None:
    """Return a time in UTC as ``YYYY-MM-DDTHH:MM:SS``."""
    return when.strftime('%Y-%m-%dT%H:%M:%S') if when else None


def summary(request: api_request.Request, it: Instance) -> dict[str, Any]:
    """Return an instance as in a list."""
    version = it.datastore_version
    view: dict[str, Any] = {
        'id': it.id,
        'name': it.name,
        'status': it.status,
        'operating_status': it.operating_status,
        'links': request.links('instances', it.id),
        'flavor': {
            'id': it.flavor_id,
            'links': request.links('flavors', str(it.flavor_id)),
        },
        'datastore': {
            'type': version.datastore_name if version else None,
            'version': version.name if version else None,
        },
        'region': it.region_id,
        'volume': {'size': it.volume_size},
    }
    if request.context.is_admin:
        view['tenant_id'] = it.tenant_id
    view.update(_reachable(it))
    # These two keys tell clients what it is; so they may not be empty.
    if it.slave_of_id:
        view['replica_of'] = _reference(request, it.slave_of_id)
    if it.replicas:
        view['replicas'] = [_reference(request, r) for r in it.replicas]
    return view


def detail(request: api_request.Request, it: Instance) -> dict[str, Any]:
    """Return an instance with all that its owner may know."""
    view = summary(request, it)
    view['created'] = time(it.created)
    view['updated'] = time(it.updated)
    view['service_status_updated'] = time(it.status_updated_at)
    version = it.datastore_version
    view['datastore']['version_number'] = version.version if version else None
    if it.fault:
        view['fault'] = {
            'message': it.fault.message,
            'created': time(it.fault.created),
        }
        # Paths, steps and tracebacks are the operator's business.
        if request.allows('instance:show_fault_details', it.tenant_id):
            view['fault']['details'] = it.fault.details
    if it.configuration_id:
        view['configuration'] = {
            'id': it.configuration_id,
            'links': request.links('configurations', it.configuration_id),
        }
    if it.cluster_id:
        view['cluster_id'] = it.cluster_id
    if request.context.is_admin:
        view['server_id'] = it.compute_instance_id
        view['volume_id'] = it.volume_id
        view['encrypted_rpc_messaging'] = it.encrypted_key is not None
    return view


def follow(
    view: dict[str, Any], states: Mapping[str, replication.State]
) -> None:
    """Add to the keys of replication how replicas follow.

    :param states: of the instance and its replicas
    """
    if 'replica_of' in view:
        view['replica_of'].update(_state(states.get(view['id'])))
    for each in view.get('replicas', ()):
        each.update(_state(states.get(each['id'])))


def _state(it: replication.State | None) -> dict[str, Any]:
    if it is None:
        return {'state': 'unknown'}
    view: dict[str, Any] = {
        'state': 'following' if it.follows else 'stopped',
        'lag': round(it.lag, 1) if it.lag is not None else None,
        'reported': time(it.reported),
    }
    if it.errant:
        view['errant_transactions'] = it.errant
    if it.error:
        view['error'] = it.error
    return view


def management(request: api_request.Request, it: Instance) -> dict[str, Any]:
    """Return an instance as an operator sees it in a list."""
    view = detail(request, it)
    server: dict[str, Any] | None = None
    if it.compute_instance_id:
        server = {
            'id': it.compute_instance_id,
            'name': it.name,
            'status': it.server_status,
            'tenant_id': it.tenant_id,
            'host': None,
        }
    view.update(
        server=server,
        service_status=it.service_status.api_word,
        tenant_id=it.tenant_id,
        deleted=it.deleted,
        deleted_at=time(it.deleted_at),
        task_description=it.task_description,
        guest_version=it.guest_version,
    )
    return view


def management_detail(
    request: api_request.Request,
    it: Instance,
    root: root_object.RootHistory | None,
) -> dict[str, Any]:
    """Return an instance with all that an operator may know."""
    view = management(request, it)
    view['guest_status'] = {'state_description': it.service_status.description}
    if it.volume_id:
        view['volume']['id'] = it.volume_id
    if root is not None:
        view['root_enabled'] = time(root.created)
        view['root_enabled_by'] = root.user
    return view


def _reference(
    request: api_request.Request, instance_id: str
) -> dict[str, Any]:
    return {
        'id': instance_id,
        'links': request.links('instances', instance_id),
    }


def _reachable(it: Instance) -> dict[str, Any]:
    """Return where an instance can be reached, and by whom."""
    access = dict(it.access or {})
    addresses = [
        {'address': a.address, 'type': a.type}
        for a in it.addresses
        if a.type != 'public' or access.get('is_public') is not False
    ]
    view: dict[str, Any] = {'access': access}
    if it.hostname:
        view['hostname'] = it.hostname
    if addresses:
        view['addresses'] = addresses
        view['ip'] = [address['address'] for address in addresses]
        access.setdefault(
            'is_public', any(a['type'] == 'public' for a in addresses)
        )
    return view
