# SPDX-License-Identifier: Apache-2.0
"""Security groups: from where the ports of a datastore are reached."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import ipaddress
from typing import Any

from oslo_config import cfg

from trove.cloud import base
from trove.cloud.openstack import calls
from trove.cloud.openstack import marks
from trove.common import exception


@dataclasses.dataclass(frozen=True)
class Rule:
    """An ingress rule."""

    protocol: str
    first: int
    last: int
    cidr: str

    @property
    def ether_type(self) -> str:
        return f'IPv{ipaddress.ip_network(self.cidr).version}'


def wanted(
    conf: cfg.ConfigOpts, datastore: str, access: base.Access
) -> set[Rule]:
    """Return the rules for the ports of a datastore."""
    cidrs = access.allowed_cidrs
    if cidrs is None:
        cidrs = [conf.trove_security_group_rule_cidr]
    return {
        Rule(protocol, *ports, str(ipaddress.ip_network(cidr, strict=False)))
        for protocol in ('tcp', 'udp')
        for ports in _ports(conf, datastore, protocol)
        for cidr in cidrs
    }


def _ports(
    conf: cfg.ConfigOpts, datastore: str, protocol: str
) -> Iterator[tuple[int, int]]:
    name = f'{protocol}_ports'
    try:
        given: Sequence[str] = conf[datastore][name]
    except cfg.NoSuchOptError:
        return
    for text in given:
        first, _, last = text.partition('-')
        try:
            found = int(first), int(last or first)
        except ValueError:
            found = (0, 0)
        if not 0 < found[0] <= found[1] < 65536:
            raise exception.ConfigurationError(
                option=f'[{datastore}] {name}',
                value=text,
                remedy='use numbers of ports, or ranges such as 3306-3310.',
            )
        yield found


class SecurityGroups:
    """The security groups of the project."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def name(self, mark: str) -> str:
        prefix = self._api.conf.trove_security_group_name_prefix
        return f'{prefix}-{mark}'

    def all_of(self, mark: str) -> list[Any]:
        api = self._api
        return api.look(
            'list the security groups',
            lambda: list(
                api.network.security_groups(
                    name=self.name(mark), project_id=api.project_id
                )
            ),
        )

    def of_instances(self) -> list[Any]:
        """Return the groups of all instances."""
        api = self._api
        return [
            group
            for group in api.look(
                'list the security groups',
                lambda: list(
                    api.network.security_groups(project_id=api.project_id)
                ),
            )
            if group.name.startswith(self.name(''))
            and group.name != self.name(marks.MANAGEMENT)
        ]

    def provide(
        self, instance_id: str, datastore: str, access: base.Access
    ) -> str:
        """Return the id of the group of an instance, with its rules."""
        group_id = self._provide(
            instance_id, f'Security group for trove instance {instance_id}'
        )
        self.set(group_id, wanted(self._api.conf, datastore, access))
        return group_id

    def closed(self) -> str:
        """Return the id of the group of ports that nobody reaches.

        All instances share it. Operators may add rules to it.
        """
        return self._provide(
            marks.MANAGEMENT,
            'Security group for the management ports of trove instances',
        )

    def _provide(self, mark: str, description: str) -> str:
        """Return the id of a group, made without ingress when missing."""
        api = self._api

        def found() -> Any | None:
            return next(iter(self.all_of(mark)), None)

        group = found() or api.make(
            'create the security group',
            lambda: api.network.create_security_group(
                name=self.name(mark), description=description
            ),
            found,
        )
        return str(group.id)

    def set(self, group_id: str, rules: set[Rule]) -> None:
        """Give a group these ingress rules and no others.

        New ones come before the old ones go, so nobody is cut off between.
        """
        present = self._rules(group_id)
        for rule in sorted(rules - set(present), key=str):
            self._add(group_id, rule)
        for rule, found in present.items():
            if rule not in rules:
                self._remove(found)

    def _add(self, group_id: str, rule: Rule) -> None:
        api = self._api
        api.make(
            'allow access',
            lambda: api.network.create_security_group_rule(
                security_group_id=group_id,
                direction='ingress',
                ether_type=rule.ether_type,
                protocol=rule.protocol,
                port_range_min=rule.first,
                port_range_max=rule.last,
                remote_ip_prefix=rule.cidr,
            ),
            lambda: self._rules(group_id).get(rule),
        )

    def _remove(self, rule_id: str) -> None:
        api = self._api
        api.drop(
            'end access',
            lambda: api.network.delete_security_group_rule(
                rule_id, ignore_missing=False
            ),
        )

    def _rules(self, group_id: str) -> dict[Rule, str]:
        """Return the ids of the ingress rules with a network."""
        api = self._api
        found = api.look(
            'list the security group rules',
            lambda: list(
                api.network.security_group_rules(
                    security_group_id=group_id, direction='ingress'
                )
            ),
        )
        return {
            Rule(
                each.protocol,
                each.port_range_min,
                each.port_range_max,
                each.remote_ip_prefix,
            ): each.id
            for each in found
            if each.remote_ip_prefix and each.port_range_min
        }

    def drop(self, instance_id: str) -> None:
        for group in self.all_of(instance_id):
            self._drop(group.id)

    def _drop(self, group_id: str) -> None:
        api = self._api
        api.drop(
            'delete the security group',
            lambda: api.network.delete_security_group(
                group_id, ignore_missing=False
            ),
        )
