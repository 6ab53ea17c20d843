# SPDX-License-Identifier: Apache-2.0
"""Nova, Neutron, Cinder and Glance in memory, as openstacksdk shows them.

They know what the driver asks them for, are ready at once, and lose or refuse
requests when they are told to::

    self.cloud = services.Services()
    self.cloud.fail('create_port', 504, done=True)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trove.cloud.openstack import session
from trove.tests.unit.cloud.openstack import things

PROJECT = 'service'
USER_NETWORK = 'n-user'
EXTERNAL = 'n-public'


class Services(session.Sessions):
    """All services; each is its own proxy.

    :ivar asked: the names of the requests so far
    :ivar paused: the seconds for which the driver waited
    """

    project_id = PROJECT  # type: ignore[assignment]

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.paused: list[float] = []
        self._failures: dict[str, list[tuple[int, str, bool]]] = {}
        self._count = 0
        self.things: dict[str, dict[str, Any]] = {
            kind: {}
            for kind in (
                *('server', 'group', 'port', 'security', 'rule', 'ip'),
                'volume',
            )
        }
        self.networks_ = {
            USER_NETWORK: things.Thing(
                id=USER_NETWORK, project_id='p1', is_shared=False
            ),
            EXTERNAL: things.Thing(
                id=EXTERNAL, project_id=PROJECT, is_shared=False
            ),
        }
        self.images_: list[Any] = []
        self.granted: list[str] = []
        self.quotas: dict[str, dict[str, int]] = {}
        self.servers_become = 'ACTIVE'
        self.volumes_become = 'available'
        self.things['port']['router'] = things.Thing(
            id='router',
            name='',
            project_id='p1',
            description='',
            network_id=USER_NETWORK,
            device_owner='network:router_interface',
            fixed_ips=[{'subnet_id': 's-user', 'ip_address': '10.0.0.1'}],
        )

    def service(self, name: str) -> Any:
        return self

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def fail(
        self, name: str, status: int, text: str = 'no luck', *,
        done: bool = False, times: int = 1,
    ) -> None:
        """Let a request fail; ``done``: it is carried out all the same."""
        self._failures.setdefault(name, []).extend(
            [(status, text, done)] * times
        )

    def left(self) -> list[str]:
        """Return what there is, but the router."""
        return sorted(
            f'{kind} {thing}'
            for kind, found in self.things.items()
            for thing in found
            if thing != 'router' and kind != 'rule'
        )

    def _do(self, name: str, function: Callable[[], Any]) -> Any:
        self.asked.append(name)
        waiting = self._failures.get(name)
        if not waiting:
            return function()
        status, text, done = waiting.pop(0)
        if done:
            function()
        raise things.error(status, text)

    def _add(self, kind: str, **values: Any) -> Any:
        self._count += 1
        thing = things.Thing(id=f'{kind}-{self._count}', **values)
        self.things[kind][thing.id] = thing
        return thing

    def _pop(self, kind: str, thing_id: str) -> None:
        if self.things[kind].pop(thing_id, None) is None:
            raise things.error(404, f'{kind} could not be found')

    def _listed(self, call: str, kind: str, /, **query: Any) -> Any:
        return self._do(
            call,
            lambda: [
                thing
                for thing in self.things[kind].values()
                if all(getattr(thing, k) == v for k, v in query.items())
            ],
        )

    # Nova

    def flavors(self, details: bool) -> Any:
        return self._do('flavors', lambda: list(things.FLAVORS))

    def get_flavor(self, flavor_id: str) -> Any:
        def get() -> Any:
            for flavor in (*things.FLAVORS, things.HIDDEN):
                if flavor.id == flavor_id:
                    return flavor
            raise things.error(404, 'flavor could not be found')

        return self._do('get_flavor', get)

    def servers(self, tags: str) -> Any:
        return self._do(
            'servers',
            lambda: [
                server
                for server in self.things['server'].values()
                if tags in server.tags
            ],
        )

    def create_server(self, **body: Any) -> Any:
        def create() -> Any:
            server = self._add(
                'server',
                **body,
                status=self.servers_become,
                task_state=None,
                fault=None,
                compute_host='h1',
                flavor=things.flavor(body['flavor_id']),
                old=None,
            )
            for group in self.things['group'].values():
                if body.get('scheduler_hints') == {'group': group.id}:
                    group.member_ids.append(server.id)
            for disk in body['block_device_mapping'][1:]:
                self.things['volume'][disk['uuid']].status = 'in-use'
            return server

        return self._do('create_server', create)

    def delete_server(self, server_id: str, ignore_missing: bool) -> None:
        def delete() -> None:
            self._pop('server', server_id)
            for group in self.things['group'].values():
                if server_id in group.member_ids:
                    group.member_ids.remove(server_id)
            for volume in self.things['volume'].values():
                volume.status = 'available'

        self._do('delete_server', delete)

    def _become(self, name: str, server_id: str, **values: Any) -> None:
        server = self.things['server'][server_id]
        self._do(name, lambda: vars(server).update(values))

    def start_server(self, server_id: str) -> None:
        self._become('start_server', server_id, status='ACTIVE')

    def stop_server(self, server_id: str) -> None:
        self._become('stop_server', server_id, status='SHUTOFF')

    def reboot_server(self, server_id: str, kind: str) -> None:
        self._become('reboot_server', server_id, status='ACTIVE')

    def rebuild_server(
        self, server_id: str, image: str, user_data: str
    ) -> None:
        self._become('rebuild_server', server_id, image_id=image)

    def resize_server(self, server_id: str, flavor_id: str) -> None:
        self._become(
            'resize_server',
            server_id,
            status='VERIFY_RESIZE',
            old=self.things['server'][server_id].flavor,
            flavor=things.flavor(flavor_id),
        )

    def migrate_server(self, server_id: str, host: str | None) -> None:
        server = self.things['server'][server_id]
        self._become(
            'migrate_server',
            server_id,
            status='VERIFY_RESIZE',
            old=server.flavor,
            compute_host=host or 'h2',
        )

    def confirm_server_resize(self, server_id: str) -> None:
        self._become('confirm_server_resize', server_id, status='ACTIVE')

    def revert_server_resize(self, server_id: str) -> None:
        self._become(
            'revert_server_resize',
            server_id,
            status='ACTIVE',
            flavor=self.things['server'][server_id].old,
        )

    def server_actions(self, server_id: str) -> Any:
        return [things.Thing(request_id='req-1')]

    def get_server_action(self, request_id: str, server_id: str) -> Any:
        said = 'Traceback:\nNoValidHost: No valid host was found.'
        return things.Thing(message='Error', events=[{'traceback': said}])

    def server_groups(self) -> Any:
        return self._listed('server_groups', 'group')

    def create_server_group(self, name: str, policies: list[str]) -> Any:
        body = {'name': name, 'policies': policies, 'member_ids': []}
        return self._do(
            'create_server_group', lambda: self._add('group', **body)
        )

    def delete_server_group(self, group_id: str, ignore_missing: bool) -> None:
        self._do('delete_server_group', lambda: self._pop('group', group_id))

    # Neutron

    def networks(self, is_router_external: bool) -> Any:
        return [self.networks_[EXTERNAL]]

    def get_network(self, network_id: str) -> Any:
        return things.get(self.networks_, 'network', network_id)

    def get_security_group(self, group_id: str) -> Any:
        return things.get(self.things['security'], 'group', group_id)

    def get_image(self, image_id: str) -> Any:
        found = {image.id: image for image in self.images_}
        return things.get(found, 'image', image_id)

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

    # Cinder

    def types(self) -> Any:
        values = {'name': 'fast', 'is_public': True, 'description': None}
        return [things.Thing(id='t1', **values)]

    def volumes(self, **query: Any) -> Any:
        return self._listed('volumes', 'volume', **query)

    def create_volume(self, **body: Any) -> Any:
        return self._do(
            'create_volume',
            lambda: self._add(
                'volume',
                **body,
                status=self.volumes_become,
                is_bootable=False,
            ),
        )

    def extend_volume(self, volume_id: str, size: int) -> None:
        volume = self.things['volume'][volume_id]
        self._do('extend_volume', lambda: vars(volume).update(size=size))

    def delete_volume(self, volume_id: str, ignore_missing: bool) -> None:
        self._do('delete_volume', lambda: self._pop('volume', volume_id))

    def get(self, url: str) -> Any:
        """Return a quota of Nova, Cinder or Neutron."""
        key = 'quota' if url.endswith('.json') else 'quota_set'
        return things.Thing(json=lambda: {key: self.quotas})

    # Glance

    def images(self, *, owner: str, **query: Any) -> Any:
        """Return images, the newest first."""
        found = [each for each in self.images_ if each.owner == owner]
        return iter(
            sorted(found, key=lambda each: each.created_at, reverse=True)
        )
