# SPDX-License-Identifier: Apache-2.0
"""Floating IPs of public instances."""

from __future__ import annotations

from typing import Any
from typing import Final

from trove.cloud.openstack import calls
from trove.cloud.openstack import marks
from trove.common import exception

_CREATE: Final = 'create the floating IP'


class FloatingIPs:
    """Floating IPs: they belong to the project of the instance."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def of_port(self, port_id: str) -> list[Any]:
        return self._listed(port_id=port_id)

    def of_instance(self, instance_id: str) -> list[Any]:
        """Return those that were made for an instance."""
        return self._listed(description=marks.name(instance_id))

    def provide(
        self, instance_id: str, port_id: str, project_id: str
    ) -> None:
        """Give a port a floating IP, unless it has one."""
        if self.of_port(port_id):
            return
        api = self._api
        body = {
            'floating_network_id': self._external(),
            'port_id': port_id,
            'description': marks.name(instance_id),
        }
        if project_id:
            body['project_id'] = project_id
        try:
            api.make(
                _CREATE,
                lambda: api.network.create_ip(**body),
                lambda: next(iter(self.of_port(port_id)), None),
            )
        except exception.CloudError:
            self._check_option()
            raise

    def _check_option(self) -> None:
        """Check that the option names an external network."""
        api = self._api
        chosen: str | None = api.conf.network.public_network_id
        if not chosen:
            return
        found = api.find(
            'look at the network', lambda: api.network.get_network(chosen)
        )
        if found is None or not found.is_router_external:
            raise exception.CloudError(
                action=_CREATE,
                reason=f'Neutron has no external network {chosen}. Correct '
                'the option public_network_id in [network] of the task '
                'managers',
            )

    def _external(self) -> str:
        api = self._api
        chosen: str | None = api.conf.network.public_network_id
        if chosen:
            return chosen
        found = api.look(
            'list the external networks',
            lambda: list(api.network.networks(is_router_external=True)),
        )
        if not found:
            raise exception.CloudError(
                action=_CREATE,
                reason='Neutron has no external network. Create one, or omit '
                'is_public',
            )
        return str(found[0].id)

    def drop(self, floating_ip: Any) -> None:
        api = self._api
        api.drop(
            'delete the floating IP',
            lambda: api.network.delete_ip(
                floating_ip.id, ignore_missing=False
            ),
        )

    def _listed(self, **query: Any) -> list[Any]:
        api = self._api
        return api.look(
            'list the floating IPs', lambda: list(api.network.ips(**query))
        )
