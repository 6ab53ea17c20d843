# SPDX-License-Identifier: Apache-2.0
"""What an order may name of the cloud: types of volumes, and networks."""

from __future__ import annotations

from typing import Any

from trove.api import request as api_request
from trove.common import exception
from trove.common import names


def check(request: api_request.Request, body: dict[str, Any]) -> None:
    """Return when the cloud has what an order names.

    :param body: ``instance`` of the request
    :raises BadRequest: it has not, or a network is written wrong
    :raises NotSupported: it has nothing of this kind
    """
    cloud = request.runtime.cloud
    volume = body.get('volume')
    if isinstance(volume, dict):
        types = cloud.volumes.types(request.context)
        _require('volume.type', volume.get('type'), types)
    for each in body.get('nics') or ():
        nic(each)
        known = cloud.network.networks(request.context)
        if known is not None:
            _check_nic(each, known)


def nic(given: dict[str, str]) -> dict[str, str]:
    """Return a network under the name that task managers know.

    :raises BadRequest: it is written wrong
    """
    found = dict(given)
    old = found.pop('net-id', None)
    if old and found.setdefault('network_id', old) != old:
        raise exception.BadRequest(
            f'instance.nics[0] has the "net-id" {old} and the "network_id" '
            f'{found["network_id"]}, which are two names of the same; give '
            'one of them.'
        )
    if not found.get('network_id') and not found.get('subnet_id'):
        raise exception.BadRequest(
            'instance.nics[0] names neither "network_id" nor "subnet_id"; '
            'give one of them.'
        )
    if found.get('ip_address') and not found.get('subnet_id'):
        raise exception.BadRequest(
            'instance.nics[0] has an "ip_address" but no "subnet_id"; name '
            'the subnet that the address is in.'
        )
    return found


def _check_nic(given: dict[str, str], known: list[str]) -> None:
    for key in ('net-id', 'network_id'):
        _require(f'nics[0].{key}', given.get(key), known)
    for key in ('subnet_id', 'ip_address'):
        if given.get(key):
            raise exception.NotSupported(
                f'This cloud has no subnets, so nothing applies "{key}"; '
                f'leave "instance.nics[0].{key}" out.'
            )


def _require(key: str, given: str | None, known: list[str] | None) -> None:
    if not given or known is None or given in known:
        return
    there = ', '.join(f'"{each}"' for each in known)
    raise exception.BadRequest(
        f'instance.{key} is {names.show(given)}, which the cloud does not '
        f'have. {f"Take {there}, or leave" if known else "Leave"} '
        f'"instance.{key}" out.'
    )
