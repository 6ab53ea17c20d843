# SPDX-License-Identifier: Apache-2.0
"""Ports of Neutron, with their security group and floating IP."""

from __future__ import annotations

from collections.abc import Callable
import ipaddress
from typing import Any
from typing import Final

from trove.cloud import base
from trove.cloud.openstack import calls
from trove.cloud.openstack import floating
from trove.cloud.openstack import marks
from trove.cloud.openstack import networks
from trove.cloud.openstack import rules
from trove.common import exception

#: Begins the description of a port in the network of the operator.
_MANAGEMENT: Final = 'Management'


class OpenStackNetwork(base.Network):
    """One port in the network of the user, one in that of the operator."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api
        self._groups = rules.SecurityGroups(api)
        self._floating = floating.FloatingIPs(api)
        self._networks = networks.Networks(api)

    @property
    def _management(self) -> str | None:
        """The id of the management network."""
        found = self._api.conf.management_networks
        return str(found[-1]) if found else None

    def networks(self, context: base.Context) -> None:
        return None

    def provide(self, spec: base.ServerSpec) -> list[str]:
        """Return the ids of the ports of a server, the user's first.

        :raises CloudError: one cannot be made; :meth:`release` removes the
            others
        """
        nic = dict(spec.nics[0]) if spec.nics else None
        if nic is None and self._management is None:
            raise exception.CloudError(
                action='create the ports',
                reason='the request names no network, and the option '
                'management_networks is not set. Name a network in "nics"',
            )
        place = None
        if nic is not None:
            place = self._networks.check(
                nic, spec.project_id, routed=spec.access.is_public
            )
        groups = self._security(spec)
        ports = []
        if place is not None:
            ports.append(self._port(spec, 'User', place, groups))
        if self._management is not None:
            groups = self._groups_of_management(groups, alone=place is None)
            place = {'network_id': self._management}
            ports.append(self._port(spec, _MANAGEMENT, place, groups))
        if spec.access.is_public:
            self._floating.provide(
                spec.instance_id, ports[0], spec.project_id or ''
            )
        return ports

    def _security(self, spec: base.ServerSpec) -> list[str]:
        if not self._api.conf.trove_security_groups_support:
            return []
        group = self._groups.provide(
            spec.instance_id, spec.datastore, spec.access
        )
        return [group]

    def _groups_of_management(
        self, own: list[str], *, alone: bool
    ) -> list[str]:
        """Return the security groups of a management port.

        Guests of all projects are in that network. Their users, some of whom
        may run programs there, must not reach other databases.

        :param own: those of the instance
        :param alone: whether the instance has no other port
        """
        chosen = list(self._api.conf.management_security_groups)
        if chosen or alone or not own:
            return chosen or own
        return [self._groups.closed()]

    def _port(
        self,
        spec: base.ServerSpec,
        kind: str,
        place: dict[str, Any],
        groups: list[str],
    ) -> str:
        """Return the id of a port, made when it is missing.

        :param kind: User or Management, the first word of its description
        """
        api = self._api
        instance_id = spec.instance_id
        body: dict[str, Any] = {
            'name': marks.name(instance_id),
            'description': f'{kind} port for trove instance {instance_id}',
            **place,
        }
        if groups:
            body['security_group_ids'] = groups

        def found() -> Any | None:
            for port in self._ports(instance_id):
                if port.description == body['description']:
                    return port
            return None

        port = found() or api.make(
            f'create the {kind.lower()} port',
            lambda: api.network.create_port(**body),
            found,
        )
        return str(port.id)

    def _ports(self, instance_id: str) -> list[Any]:
        return self._listed(name=marks.name(instance_id))

    def _listed(self, **query: str) -> list[Any]:
        api = self._api
        return api.look(
            'list the ports',
            lambda: list(
                api.network.ports(project_id=api.project_id, **query)
            ),
        )

    def _for_users(self, instance_id: str) -> list[Any]:
        """Return the ports that users reach."""
        ports = self._ports(instance_id)
        return [p for p in ports if not self._is_management(p)] or ports

    def _is_management(self, port: Any) -> bool:
        """Whether a port of an instance is in the operator's network.

        The option may have named another network when it was made.
        """
        return (
            port.network_id in self._api.conf.management_networks
            or (port.description or '').startswith(_MANAGEMENT)
        )

    def open_management_ports(self) -> list[str]:
        """Return those beside a port for users that have rules for users.

        Releases gave all ports the group of the instance.
        """
        own = {each.id for each in self._groups.of_instances()}
        ports = [
            each
            for each in self._listed()
            if (each.name or '').startswith(marks.PREFIX)
        ]
        reached = {p.name for p in ports if not self._is_management(p)}
        return [
            str(port.id)
            for port in ports
            if self._is_management(port)
            and port.name in reached
            and own & set(port.security_group_ids or ())
        ]

    def addresses(
        self, context: base.Context, instance_id: str
    ) -> list[tuple[str, str]]:
        ports = self._for_users(instance_id)
        private = [
            (str(each['ip_address']), base.PRIVATE)
            for port in ports
            for each in port.fixed_ips
        ]
        # Clients that know one address only take the first.
        private.sort(key=lambda a: ipaddress.ip_address(a[0]).version)
        public = [
            (str(each.floating_ip_address), base.PUBLIC)
            for port in ports
            for each in self._floating.of_port(port.id)
        ]
        return private + public

    def set_access(
        self,
        context: base.Context,
        instance_id: str,
        access: base.Access,
        datastore: str,
        project_id: str,
    ) -> None:
        if self._api.conf.trove_security_groups_support:
            self._groups.provide(instance_id, datastore, access)
        for port in self._for_users(instance_id)[:1]:
            if access.is_public:
                self._networks.check_router(port)
                self._floating.provide(instance_id, port.id, project_id)
                continue
            for each in self._floating.of_port(port.id):
                self._floating.drop(each)

    def release(self, context: base.Context, instance_id: str) -> None:
        """Delete what is there; all is tried, whatever fails.

        :raises CloudError: something is left; it says what and why
        """
        left: list[str] = []
        for port in self._ports(instance_id):
            self._try(left, self._drop_floating, port)
            self._try(left, self._drop_port, port)
        for each in self._floating.of_instance(instance_id):
            self._try(left, self._floating.drop, each)
        self._try(left, self._groups.drop, instance_id)
        if left:
            raise exception.CloudError(
                action='release the addresses', reason='; '.join(left)
            )

    def _try(
        self, left: list[str], drop: Callable[[Any], None], what: Any
    ) -> None:
        try:
            drop(what)
        except exception.CloudError as error:
            left.append(str(error))

    def _drop_floating(self, port: Any) -> None:
        for each in self._floating.of_port(port.id):
            self._floating.drop(each)

    def _drop_port(self, port: Any) -> None:
        api = self._api
        api.drop(
            'delete the port',
            lambda: api.network.delete_port(port.id, ignore_missing=False),
        )
