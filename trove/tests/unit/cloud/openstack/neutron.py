# SPDX-License-Identifier: Apache-2.0
"""Neutron in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trove.tests.unit.cloud.openstack import things

PROJECT = 'service'
USER_NETWORK = 'n-user'
EXTERNAL = 'n-public'


class Neutron:
    """Networks, ports, security groups and floating IPs."""

    _count: int
    things: dict[str, dict[str, Any]]
    _do: Callable[..., Any]
    _add: Callable[..., Any]
    _pop: Callable[..., Any]
    _listed: Callable[..., Any]

    def given_networks(self) -> None:
        self.networks_ = {
            USER_NETWORK: things.Thing(
                id=USER_NETWORK, project_id='p1', is_shared=False,
                is_router_external=False,
            ),
            EXTERNAL: things.Thing(
                id=EXTERNAL, project_id=PROJECT, is_shared=False,
                is_router_external=True,
            ),
        }
        self.granted: list[str] = []
        self.things['port']['router'] = things.Thing(
            id='router',
            name='',
            project_id='p1',
            description='',
            network_id=USER_NETWORK,
            device_owner='network:router_interface',
            fixed_ips=[{'subnet_id': 's-user', 'ip_address': '10.0.0.1'}],
        )

    def networks(self, is_router_external: bool) -> Any:
        return [self.networks_[EXTERNAL]]

    def get_network(self, network_id: str) -> Any:
        return things.get(self.networks_, 'network', network_id)

    def get_security_group(self, group_id: str) -> Any:
        return things.get(self.things['security'], 'group', group_id)

    def get_subnet(self, subnet_id: str) -> Any:
        if subnet_id != 's-user':
            raise things.error(404, 'subnet could not be found')
        return things.Thing(id=subnet_id, network_id=USER_NETWORK)

    def subnets(self, network_id: str) -> Any:
        found = [things.Thing(id='s-user')]
        return found if network_id == USER_NETWORK else []

    def rbac_policies(self, **query: Any) -> Any:
        return [things.Thing(target_project_id=each) for each in self.granted]

    def ports(self, **query: Any) -> Any:
        return self._listed('ports', 'port', **query)

    def create_port(self, **body: Any) -> Any:
        fixed = body.pop('fixed_ips', [{}])[0]
        address = f'10.0.0.{self._count + 2}'
        where = {'subnet_id': 's-user', 'ip_address': address, **fixed}
        return self._do(
            'create_port',
            lambda: self._add(
                'port',
                **body,
                project_id=PROJECT,
                device_owner='',
                fixed_ips=[where],
            ),
        )

    def delete_port(self, port_id: str, ignore_missing: bool) -> None:
        self._do('delete_port', lambda: self._pop('port', port_id))

    def security_groups(self, **query: Any) -> Any:
        return self._listed('security_groups', 'security', **query)

    def create_security_group(self, **body: Any) -> Any:
        return self._do(
            'create_security_group',
            lambda: self._add('security', **body, project_id=PROJECT),
        )

    def delete_security_group(
        self, group_id: str, ignore_missing: bool
    ) -> None:
        self._do(
            'delete_security_group', lambda: self._pop('security', group_id)
        )

    def security_group_rules(self, **query: Any) -> Any:
        return self._listed('security_group_rules', 'rule', **query)

    def create_security_group_rule(self, **body: Any) -> Any:
        return self._do(
            'create_security_group_rule', lambda: self._add('rule', **body)
        )

    def delete_security_group_rule(
        self, rule_id: str, ignore_missing: bool
    ) -> None:
        self._do(
            'delete_security_group_rule', lambda: self._pop('rule', rule_id)
        )

    def ips(self, **query: Any) -> Any:
        return self._listed('ips', 'ip', **query)

    def create_ip(self, **body: Any) -> Any:
        body['floating_ip_address'] = '203.0.113.9'
        return self._do('create_ip', lambda: self._add('ip', **body))

    def delete_ip(self, ip_id: str, ignore_missing: bool) -> None:
        self._do('delete_ip', lambda: self._pop('ip', ip_id))
