# SPDX-License-Identifier: Apache-2.0
"""How each error of Neutron is provoked."""

from __future__ import annotations

import contextlib

from trove.tests.functional.cloud import world


class Neutron(world.TestCase):
    @contextlib.contextmanager
    def provoke_network(self, name):
        found = self.networks.get(name, world.NOTHING)
        yield {'nics': [{'network_id': found}]}

    @contextlib.contextmanager
    def network_of_user(self, *, routed=True):
        """A network of the user, with room for one port and a router."""
        neutron = self.operator.network
        network = neutron.create_network(name='its', project_id=self.project)
        router = neutron.find_router('router')
        try:
            subnet = neutron.create_subnet(
                network_id=network.id,
                project_id=self.project,
                ip_version=4,
                cidr='10.99.0.0/30',
            )
            if routed:
                neutron.add_interface_to_router(router, subnet_id=subnet.id)
            yield network.id
        finally:
            if routed:
                neutron.remove_interface_from_router(
                    router, subnet_id=subnet.id
                )
            neutron.delete_network(network)

    @contextlib.contextmanager
    def provoke_no_router(self):
        with self.network_of_user(routed=False) as network_id:
            yield {'nics': [{'network_id': network_id}]}

    @contextlib.contextmanager
    def provoke_address_in_use(self):
        with self.network_of_user() as network_id:
            port = self.operator.network.create_port(network_id=network_id)
            nic = {'network_id': network_id, **port.fixed_ips[0]}
            try:
                yield {'nics': [nic]}
            finally:
                self.operator.network.delete_port(port)

    @contextlib.contextmanager
    def provoke_no_address(self):
        with self.network_of_user() as network_id:
            port = self.operator.network.create_port(network_id=network_id)
            try:
                yield {'nics': [{'network_id': network_id}]}
            finally:
                self.operator.network.delete_port(port)

    @contextlib.contextmanager
    def provoke_external(self, name):
        """The option names a network that leads nowhere, or none."""
        chosen = self.networks.get(name, world.NOTHING)
        with self.options(group='network', public_network_id=chosen):
            yield

    @contextlib.contextmanager
    def provoke_port_in_use(self):
        port = self.service.network.create_port(
            network_id=self.networks['user'],
            name=f'trove-{self.instance_id}',
            description=f'User port for trove instance {self.instance_id}',
        )
        with self.other_server(networks=[{'port': port.id}]):
            yield

    @contextlib.contextmanager
    def provoke_ports_gone(self):
        for port in self.service.network.ports(
            name=f'trove-{self.instance_id}'
        ):
            self.operator.network.delete_port(port)
        yield

    @contextlib.contextmanager
    def provoke_group_in_use(self):
        (group,) = self.service.network.security_groups(
            name=f'trove_sg-{self.instance_id}'
        )
        port = self.operator.network.create_port(
            network_id=self.networks['user'], security_groups=[group.id]
        )
        try:
            yield
        finally:
            self.operator.network.delete_port(port)
