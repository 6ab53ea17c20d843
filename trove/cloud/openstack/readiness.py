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
from trove.cloud.openstack import flavors
from trove.cloud.openstack import images as glance
from trove.cloud.openstack import marks
from trove.cloud.openstack import network
from trove.cloud.openstack import rules
from trove.common import exception

#: What instances and backups need of the quotas of each service.
_QUOTAS: Final = {
    'Nova': ('instances', 'cores', 'ram', 'server_groups'),
    'Cinder': ('volumes', 'gigabytes', 'snapshots'),
    'Neutron': ('port', 'security_group', 'security_group_rule'),
}

#: Percentage of a quota at which there is still time to raise it.
_NEARLY: Final = 80

#: How many ids a warning has.
_SHOWN: Final = 20

Images = Mapping[str, tuple[str | None, Sequence[str]]]


def problems(api: calls.Calls, images: Images) -> list[str]:
    """Return what is wrong, each with its remedy."""
    found: list[str] = []
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _networks(api),
        lambda: _groups(api),
        lambda: _flavors(api),
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


def _groups(api: calls.Calls) -> Iterator[str]:
    """Tell of management ports that let guests reach other databases."""
    conf = api.conf
    if conf.management_security_groups or not conf.management_networks:
        return
    if not conf.trove_security_groups_support:
        yield (
            'Management ports have the default security group of the project '
            f'{api.project_id}, whose members reach each other: guests of '
            'all projects may reach all databases. Create a security group '
            'without rules for ingress, and name it in '
            'management_security_groups.'
        )
        return
    found = network.OpenStackNetwork(api).open_management_ports()
    if found:
        group = rules.SecurityGroups(api).name(marks.MANAGEMENT)
        more = ', ...' if len(found) > _SHOWN else ''
        yield (
            f'{len(found)} management ports, of instances made before, have '
            'the security group of their instance, so guests of others may '
            'reach these databases. Do "openstack port set '
            f'--no-security-group --security-group {group} PORT" with each, '
            'when a new instance has made that group: '
            f'{", ".join(found[:_SHOWN])}{more}.'
        )


def _get(api: calls.Calls, kind: str, thing_id: str) -> Any | None:
    return api.find(
        f'look at the {kind.replace("_", " ")}',
        lambda: getattr(api.network, f'get_{kind}')(thing_id),
    )


def _flavors(api: calls.Calls) -> Iterator[str]:
    if not flavors.all_of(api):
        yield (
            'Nova has no flavor that the user of the services may use, so no '
            'instance can be created. Create one.'
        )


def _images(api: calls.Calls, images: Images) -> Iterator[str]:
    for name, (image_id, tags) in images.items():
        if not image_id:
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
    for service, resources in _QUOTAS.items():
        known = _known_quotas(api, service)
        for resource in resources:
            limit, used = _usage(known.get(resource) or {})
            if limit < 0 or used * 100 < limit * _NEARLY:
                continue
            how = 'used up' if used >= limit else 'nearly used up'
            yield (
                f'The quota of {service} for {resource} of the project '
                f'{api.project_id} is {how} ({used} of {limit}). Raise it.'
            )


def _known_quotas(api: calls.Calls, service: str) -> dict[str, Any]:
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
    return body.get('quota_set') or body.get('quota') or {}


def _usage(known: Mapping[str, Any]) -> tuple[int, int]:
    """Return a limit, -1 without one, and what is used of it."""
    used = int(known.get('in_use', known.get('used', 0)))
    return int(known.get('limit', -1)), used + int(known.get('reserved', 0))


def _service(api: calls.Calls, service: str) -> Any:
    if service == 'Nova':
        return api.compute
    return api.volumes if service == 'Cinder' else api.network
