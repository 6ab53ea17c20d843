# SPDX-License-Identifier: Apache-2.0
"""Validation against the cloud: networks, access, flavors, volume types."""

from __future__ import annotations

import ipaddress
from typing import Any

from trove.api import request as api_request
from trove.cloud import access as cloud_access
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.common import names
from trove.objects import association


def check(
    request: api_request.Request, body: dict[str, Any]
) -> None:
    """Refuse values that the cloud does not have or would ignore.

    :param body: ``instance`` of the request
    :raises BadRequest: a network is malformed, or the cloud does not have a
        value
    :raises NotSupported: the cloud would ignore a value
    """
    access = body.get('access')
    _check_access(access, request.runtime.conf.max_allowed_cidrs)
    ignored = request.cloud.ignores
    for key, given in (
        *(
            (f'access.{key}', True)
            for key in cloud_access.unmet(access, ignored)
        ),
        (
            'locality',
            body.get('locality') not in (None, *request.cloud.localities),
        ),
        (
            'availability_zone',
            'availability_zone' in ignored and body.get('availability_zone'),
        ),
        ('region_name', body.get('region_name')),
    ):
        if given:
            raise exception.NotSupported(
                f'"{key}" is not supported here, so the instance would differ '
                f'from the request; omit "instance.{key}".'
            )
    _check_cloud(request, body)


def _check_access(access: dict[str, Any] | None, most: int) -> None:
    cidrs = (access or {}).get('allowed_cidrs') or ()
    if len(cidrs) > most:
        raise exception.BadRequest(
            f'instance.access.allowed_cidrs has {len(cidrs)} networks; the '
            f'maximum is {most}. Use larger networks.'
        )
    for cidr in cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            raise exception.BadRequest(
                f'instance.access.allowed_cidrs has "{cidr}", which is not a '
                f'network: {error}. Use the form "10.0.0.0/8".'
            ) from None


def _check_cloud(
    request: api_request.Request, body: dict[str, Any]
) -> None:
    cloud = request.cloud
    volume = body.get('volume')
    if isinstance(volume, dict):
        types = cloud.volumes.types(request.context)
        known = None if types is None else cloud_base.names_of(types)
        _require('volume.type', volume.get('type'), known)
    for each in body.get('nics') or ():
        nic(each)
        known = cloud.network.networks(request.context)
        if known is not None:
            _check_nic(each, known)


def check_place(
    request: api_request.Request, body: dict[str, Any]
) -> None:
    """Refuse a new instance that cannot be in its networks.

    :raises BadRequest: the cloud has a reason
    """
    refusal = request.cloud.network.refusal_to_place(
        [nic(each) for each in body.get('nics') or ()],
        cloud_base.Access.of(body.get('access')),
    )
    if refusal is not None:
        raise exception.BadRequest(f'instance.nics: {refusal}.')


def nic(given: dict[str, str]) -> dict[str, str]:
    """Return a network with the keys that task managers know.

    :raises BadRequest: it is malformed
    """
    found = dict(given)
    old = found.pop('net-id', None)
    if old and found.setdefault('network_id', old) != old:
        raise exception.BadRequest(
            f'instance.nics[0] has the "net-id" {old} and the "network_id" '
            f'{found["network_id"]}, which are synonyms; provide one of them.'
        )
    if not found.get('network_id') and not found.get('subnet_id'):
        raise exception.BadRequest(
            'instance.nics[0] has neither "network_id" nor "subnet_id"; '
            'provide one of them.'
        )
    if found.get('ip_address') and not found.get('subnet_id'):
        raise exception.BadRequest(
            'instance.nics[0] has an "ip_address" but no "subnet_id"; provide '
            'the subnet of the address.'
        )
    return found


def volume_types(
    request: api_request.Request, version_id: str
) -> list[cloud_base.VolumeType]:
    """Return the volume types that instances of a version may have.

    All of the cloud, unless an operator has associated some with it.
    """
    types = request.cloud.volumes.types(request.context)
    chosen = association.list_(version_id, association.VOLUME_TYPE)
    if types is None:
        return [cloud_base.VolumeType(id=each, name=each) for each in chosen]
    return [
        each
        for each in types
        if not chosen or each.id in chosen or each.name in chosen
    ]


def check_volume_type(
    request: api_request.Request, version_id: str, given: str | None
) -> None:
    """Return when a version may have a volume of this type.

    :raises BadRequest: others are associated with it, and not this one
    """
    if not association.list_(version_id, association.VOLUME_TYPE):
        return
    allowed = cloud_base.names_of(volume_types(request, version_id))
    if given in allowed:
        return
    remedy = f'Use {_listed(allowed)}.' if allowed else (
        'The cloud has none of those that are associated with the version; '
        'contact the administrator.'
    )
    raise exception.BadRequest(
        f'instance.volume.type is {names.show(given) if given else "missing"}'
        ', but instances of this datastore version have certain types only. '
        f'{remedy}'
    )


def check_flavor(version_id: str | None, flavor: cloud_base.Flavor) -> None:
    """Return when instances of a version may have this flavor.

    The services may use all flavors. So one that is not public is for those
    versions only that an operator has associated with it.

    :raises BadRequest: others are associated with the version, and not this
        one
    :raises UnknownFlavor: it is not public
    """
    chosen = []
    if version_id is not None:
        chosen = association.list_(version_id, association.FLAVOR)
    if flavor.id in chosen:
        return
    if chosen:
        raise exception.BadRequest(
            f'Instances of this datastore version cannot have the flavor '
            f'{flavor.id}. Use {_listed(chosen)}.'
        )
    if not flavor.is_public:
        # One answer for both: others' flavors are nobody's business.
        raise exception.UnknownFlavor(flavor=flavor.id)


def _listed(known: list[str]) -> str:
    return ', '.join(f'"{each}"' for each in known)


def _check_nic(given: dict[str, str], known: list[str]) -> None:
    for key in ('net-id', 'network_id'):
        _require(f'nics[0].{key}', given.get(key), known)
    for key in ('subnet_id', 'ip_address'):
        if given.get(key):
            raise exception.NotSupported(
                f'This cloud has no subnets, so "{key}" is not supported; '
                f'omit "instance.nics[0].{key}".'
            )


def _require(key: str, given: str | None, known: list[str] | None) -> None:
    if not given or known is None or given in known:
        return
    take = f'Use {_listed(known)}, or omit' if known else 'Omit'
    raise exception.BadRequest(
        f'instance.{key} is {names.show(given)}, which the cloud does not '
        f'have. {take} "instance.{key}".'
    )
