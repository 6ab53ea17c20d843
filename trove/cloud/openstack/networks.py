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
        if subnet_id:
            subnet = self._subnet(subnet_id)
            if network_id and subnet.network_id != network_id:
                _refuse(
                    f'subnet {subnet_id} is not in network {network_id}. '
                    'Name a subnet of this network, or omit one of both'
                )
            network_id = subnet.network_id
        self._check_use(str(network_id), project_id)
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

    def _check_use(self, network_id: str, project_id: str | None) -> None:
        api = self._api
        network = api.find(
            'look at the network', lambda: api.network.get_network(network_id)
        )
        if (
            network is None
            or network.project_id != project_id
            and not network.is_shared
            and not self._is_granted(network_id, project_id)
        ):
            # One answer for both: others' networks are nobody's business.
            _refuse(
                f'network {network_id} is not one that this project may use. '
                'Use one that "openstack network list" shows'
            )

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
            each.target_project_id in (project_id, '*') for each in policies
        )

    def _subnet(self, subnet_id: str) -> Any:
        api = self._api
        found = api.find(
            'look at the subnet', lambda: api.network.get_subnet(subnet_id)
        )
        if found is None:
            _refuse(
                f'Neutron has no subnet {subnet_id}. Use one that '
                '"openstack subnet list" shows'
            )
        return found

    def _subnets(self, network_id: Any) -> list[str]:
        api = self._api
        return [
            str(each.id)
            for each in api.look(
                'list the subnets',
                lambda: list(api.network.subnets(network_id=network_id)),
            )
        ]


def _refuse(why: str) -> NoReturn:
    raise exception.CloudError(action='create the user port', reason=why)
