# SPDX-License-Identifier: Apache-2.0
"""Networks of users: whether an instance may and can be in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import NoReturn

from trove.cloud.openstack import calls
from trove.common import exception

_ROUTERS: Final = frozenset(
    {
        'network:router_interface',
        'network:router_interface_distributed',
        'network:ha_router_replicated_interface',
    }
)


class Networks:
    """Networks and subnets of all projects."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def check(
        self, nic: Mapping[str, Any], project_id: str | None, routed: bool
    ) -> dict[str, Any]:
        """Return where the port of a nic is to be, for its request.

        The services may use all networks. So they see to it themselves that
        users get ports in those only that they may use.

        :param project_id: of the instance
        :param routed: whether the port must be reached from outside
        :raises CloudError: there is no such network for this project, or it
            has no subnet or router that it needs
        """
        network_id = nic.get('network_id') or nic.get('net-id')
        subnet_id = nic.get('subnet_id')
        named = f'network {network_id}'
        if subnet_id:
            found = self._network_of(subnet_id)
            if network_id and found != network_id:
                _refuse(
                    f'subnet {subnet_id} is not in network {network_id}. '
                    'Name a subnet of this network, or omit one of both'
                )
            if not network_id:
                named, network_id = f'subnet {subnet_id}', found
        owner = self._check_use(named, network_id, project_id)
        if nic.get('ip_address') and owner != project_id:
            # As Neutron has it for its users.
            _refuse(
                f'network {network_id} is one of another project, which '
                'alone chooses addresses in it. Omit "ip_address"'
            )
        subnets = [subnet_id] if subnet_id else self._subnets(network_id)
        if not subnets:
            _refuse(
                f'network {network_id} has no subnet. Create one in it, or '
                'use another network'
            )
        if routed or self._api.conf.network.enable_access_check:
            self._check_routed(str(network_id), subnets)
        if not subnet_id:
            return {'network_id': network_id}
        fixed = {'subnet_id': subnet_id}
        if nic.get('ip_address'):
            fixed['ip_address'] = nic['ip_address']
        return {'network_id': network_id, 'fixed_ips': [fixed]}

    def check_router(self, port: Any) -> None:
        """Check that a port can have a floating IP."""
        self._check_routed(
            port.network_id, [each['subnet_id'] for each in port.fixed_ips]
        )

    def _check_routed(self, network_id: str, subnets: list[str]) -> None:
        api = self._api
        ports = api.look(
            'list the routers of the network',
            lambda: list(api.network.ports(network_id=network_id)),
        )
        reached = {
            each['subnet_id']
            for port in ports
            if port.device_owner in _ROUTERS
            for each in port.fixed_ips
        }
        if not reached & set(subnets):
            _refuse(
                f'no router connects network {network_id}, so nobody outside '
                'of it could reach the instance. Connect its subnet to a '
                'router, or use another network'
            )

    def _check_use(
        self, named: str, network_id: str | None, project_id: str | None
    ) -> str | None:
        """Return whose network it is, if this project may use it.

        :param named: what the user knows of it, such as "network N"
        """
        api = self._api
        network = network_id and api.find(
            'look at the network', lambda: api.network.get_network(network_id)
        )
        if not network or not self._is_usable(network, project_id):
            # One answer for both: others' networks are nobody's business.
            _refuse(refusal(named))
        return network.project_id and str(network.project_id)

    def _is_usable(self, network: Any, project_id: str | None) -> bool:
        """Whether a project may use a network.

        Neutron's ``shared`` is not asked: it is true of a network that is
        shared with who asks, which is the project of the services.
        """
        if network.id in self._api.conf.management_networks:
            return False
        if project_id and network.project_id == project_id:
            return True
        return self._is_granted(str(network.id), project_id)

    def _is_granted(self, network_id: str, project_id: str | None) -> bool:
        api = self._api
        policies = api.look(
            'list who may use the network',
            lambda: list(
                api.network.rbac_policies(
                    object_type='network',
                    object_id=network_id,
                    action='access_as_shared',
                )
            ),
        )
        return any(
            each.target_project_id in (project_id or '*', '*')
            for each in policies
        )

    def _network_of(self, subnet_id: str) -> str | None:
        """Return the id of the network of a subnet, if there is one."""
        api = self._api
        found = api.find(
            'look at the subnet', lambda: api.network.get_subnet(subnet_id)
        )
        return None if found is None else str(found.network_id)

    def _subnets(self, network_id: Any) -> list[str]:
        api = self._api
        return [
            str(each.id)
            for each in api.look(
                'list the subnets',
                lambda: list(api.network.subnets(network_id=network_id)),
            )
        ]


def refusal(named: str) -> str:
    """Return why the network or the subnet of others is not used."""
    return (
        f'{named} is not one that this project may use. Use one that '
        f'"openstack {named.split()[0]} list" shows'
    )


def _refuse(why: str) -> NoReturn:
    raise exception.CloudError(action='create the user port', reason=why)
