# SPDX-License-Identifier: Apache-2.0
"""Ports of Neutron, with their security group and floating IP."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
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
        nic = self._nic(spec)
        place = None
        if nic is None:
            refusal = self._refusal_without(spec.access)
            if refusal is not None:
                raise exception.CloudError(
                    action='create the ports', reason=refusal
                )
        else:
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

    def refusal_to_place(
        self, nics: Sequence[Mapping[str, Any]], access: base.Access
    ) -> str | None:
        for nic in nics:
            if self._is_of_operator(nic):
                return networks.refusal(f'network {nic["network_id"]}')
        return None if nics else self._refusal_without(access)

    def _refusal_without(self, access: base.Access) -> str | None:
        """Return why an instance cannot be without a network of its user."""
        conf = self._api.conf
        if not conf.management_networks:
            why = 'the option management_networks is not set'
        elif conf.cloud_openstack.nics_required:
            why = 'nobody could reach the instance in that of the operator'
        elif access.is_public:
            why = 'that of the operator has no public addresses'
        elif access.allowed_cidrs and conf.management_security_groups:
            why = (
                'in that of the operator, allowed_cidrs are not applied '
                '(management_security_groups is set)'
            )
        else:
            return None
        return f'the request names no network, and {why}. Name one in "nics"'

    def _nic(self, spec: base.ServerSpec) -> Mapping[str, Any] | None:
        """Return the network of the user; a replica has that of its primary.

        An API of release 26.0 appends those of the operator.
        """
        for nic in spec.nics:
            if not self._is_of_operator(nic):
                return nic
        if spec.beside is None:
            return None
        for port in self._ports(spec.beside):
            if not self._is_management(port):
                return _like(port)
        return None

    def _is_of_operator(self, nic: Mapping[str, Any]) -> bool:
        named = nic.get('network_id') or nic.get('net-id')
        return named in self._api.conf.management_networks

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
        ports = self._ports(instance_id)
        chosen = [p for p in ports if not self._is_management(p)]
        if ports and not chosen:
            self._check_access_to_management(access)
        if self._api.conf.trove_security_groups_support:
            self._groups.provide(instance_id, datastore, access)
        if access.is_public:
            for port in chosen[:1]:
                self._networks.check_router(port)
                self._floating.provide(instance_id, port.id, project_id)
            return
        for port in ports:
            for each in self._floating.of_port(port.id):
                self._floating.drop(each)

    def _check_access_to_management(self, access: base.Access) -> None:
        """Check what an instance without a network of its user may have."""
        ignored = self._api.conf.management_security_groups
        if access.is_public or access.allowed_cidrs and ignored:
            raise exception.CloudError(
                action='change the access',
                reason='the instance has a port in the management network '
                'only, whose access is up to the operator. Create an instance '
                'with "nics", and restore a backup of this one to it',
            )

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


def _like(port: Any) -> dict[str, Any]:
    """Return the network of a port, and its subnet if it has one only."""
    subnets = {each['subnet_id'] for each in port.fixed_ips}
    found = {'network_id': port.network_id}
    if len(subnets) == 1:
        found['subnet_id'] = subnets.pop()
    return found
