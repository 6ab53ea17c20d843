# SPDX-License-Identifier: Apache-2.0
"""Whether instances can be made: credentials, networks, images, quotas."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from trove.cloud.openstack import calls
from trove.cloud.openstack import images as glance
from trove.common import exception

#: What one more instance needs of a quota: the service, the resource.
_QUOTAS: Final = (
    ('Nova', 'instances'),
    ('Nova', 'cores'),
    ('Cinder', 'volumes'),
    ('Cinder', 'gigabytes'),
    ('Neutron', 'port'),
    ('Neutron', 'security_group'),
)

Images = Mapping[str, tuple[str | None, Sequence[str]]]


def problems(api: calls.Calls, images: Images) -> list[str]:
    """Return what is wrong, each with its remedy."""
    found: list[str] = []
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _networks(api),
        lambda: _images(api, images),
        lambda: _quotas(api),
    )
    for check in checks:
        try:
            found += check()
        except exception.TroveError as error:
            found.append(str(error))
    return found


def _networks(api: calls.Calls) -> Iterator[str]:
    conf = api.conf
    wanted = [
        ('management_networks', each) for each in conf.management_networks
    ]
    if conf.network.public_network_id:
        wanted.append(
            ('[network] public_network_id', conf.network.public_network_id)
        )
    for option, network_id in wanted:
        if _get(api, 'network', network_id) is None:
            yield (
                f'Neutron has no network {network_id}, which {option} names. '
                'Correct the option, or create the network.'
            )
    for group_id in conf.management_security_groups:
        if _get(api, 'security_group', group_id) is None:
            yield (
                f'Neutron has no security group {group_id}, which '
                'management_security_groups names. Correct the option.'
            )


def _get(api: calls.Calls, kind: str, thing_id: str) -> Any | None:
    return api.find(
        f'look at the {kind.replace("_", " ")}',
        lambda: getattr(api.network, f'get_{kind}')(thing_id),
    )


def _images(api: calls.Calls, images: Images) -> Iterator[str]:
    for name, (image_id, tags) in images.items():
        if image_id is None:
            try:
                glance.newest(api, tags)
            except exception.CloudError as error:
                yield f'{name}: {error}.'
            continue
        image = glance.get(api, image_id)
        if image is None or image.status != 'active':
            yield (
                f'{name}: Glance has no active image {image_id}. Upload it, '
                'or give the datastore version another one.'
            )


def _quotas(api: calls.Calls) -> Iterator[str]:
    for service, resource in _QUOTAS:
        limit, used = _usage(api, service, resource)
        if 0 <= limit <= used:
            yield (
                f'The quota of {service} for {resource} of the project '
                f'{api.project_id} is used up ({used} of {limit}). Raise it.'
            )


def _usage(api: calls.Calls, service: str, resource: str) -> tuple[int, int]:
    """Return a limit, -1 without one, and what is used of it."""
    project = api.project_id
    url = {
        'Nova': f'/os-quota-sets/{project}/detail',
        'Cinder': f'/os-quota-sets/{project}?usage=True',
        'Neutron': f'/quotas/{project}/details.json',
    }[service]
    body: dict[str, Any] = api.look(
        f'ask for the quotas of {service}',
        lambda: _service(api, service).get(url).json(),
    )
    found = body.get('quota_set') or body.get('quota') or {}
    known = found.get(resource) or {}
    used = int(known.get('in_use', known.get('used', 0)))
    return int(known.get('limit', -1)), used + int(known.get('reserved', 0))


def _service(api: calls.Calls, service: str) -> Any:
    if service == 'Nova':
        return api.compute
    return api.volumes if service == 'Cinder' else api.network
