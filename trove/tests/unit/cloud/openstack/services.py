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
from trove.tests.unit.cloud.openstack import attached
from trove.tests.unit.cloud.openstack import neutron
from trove.tests.unit.cloud.openstack import things

PROJECT = neutron.PROJECT
USER_NETWORK = neutron.USER_NETWORK
EXTERNAL = neutron.EXTERNAL


class Services(attached.Attached, neutron.Neutron, session.Sessions):
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
                'snapshot',
            )
        }
        self.images_: list[Any] = []
        self.quotas: dict[str, dict[str, int]] = {}
        self.servers_become = 'ACTIVE'
        #: The highest microversion of Nova.
        self.newest: str | None = None
        #: The events of the last operation of any server.
        self.events = [{'details': 'No valid host was found.'}]
        self.volumes_become = 'available'
        self.snapshots_become = 'available'
        self.given_networks()

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
        """Return what there is, but what instances share."""
        return sorted(
            f'{kind} {thing}'
            for kind, found in self.things.items()
            for thing, each in found.items()
            if thing != 'router' and kind != 'rule'
            if getattr(each, 'name', '') != 'trove_sg-management'
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

    def get_server(self, server_id: str) -> Any:
        return things.get(self.things['server'], 'server', server_id)

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
                # None of one that boots from a volume.
                image=things.Thing(id=body.get('image_id')),
            )
            for group in self.things['group'].values():
                if body.get('scheduler_hints') == {'group': group.id}:
                    group.member_ids.append(server.id)
            for disk in body['block_device_mapping'][1:]:
                self.put(server.id, disk['uuid'])
            return server

        return self._do('create_server', create)

    def delete_server(self, server_id: str, ignore_missing: bool) -> None:
        def delete() -> None:
            self._pop('server', server_id)
            for group in self.things['group'].values():
                if server_id in group.member_ids:
                    group.member_ids.remove(server_id)
            for volume in self.things['volume'].values():
                volume.status, volume.attachments = 'available', []

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

    def post(self, url: str, json: Any, microversion: str) -> Any:
        """Rebuild a server that boots from a volume."""
        server_id = url.split('/')[2]
        values = {**json['rebuild'], 'microversion': microversion}
        self._become('rebuild_server', server_id, **values)
        return things.response(202, {})

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

    def server_groups(self) -> Any:
        return self._listed('server_groups', 'group')

    def create_server_group(self, name: str, policies: list[str]) -> Any:
        body = {'name': name, 'policies': policies, 'member_ids': []}
        return self._do(
            'create_server_group', lambda: self._add('group', **body)
        )

    def delete_server_group(self, group_id: str, ignore_missing: bool) -> None:
        self._do('delete_server_group', lambda: self._pop('group', group_id))

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
                is_bootable=False, attachments=[],
            ),
        )

    def extend_volume(self, volume_id: str, size: int) -> None:
        volume = self.things['volume'][volume_id]
        self._do('extend_volume', lambda: vars(volume).update(size=size))

    def delete_volume(self, volume_id: str, ignore_missing: bool) -> None:
        self.refuse_deletion(volume_id)
        self._do('delete_volume', lambda: self._pop('volume', volume_id))

    def snapshots(self, **query: Any) -> Any:
        return self._listed('snapshots', 'snapshot', **query)

    def create_snapshot(self, **body: Any) -> Any:
        size = self.things['volume'][body['volume_id']].size
        return self._do(
            'create_snapshot',
            lambda: self._add(
                'snapshot', **body, size=size, status=self.snapshots_become
            ),
        )

    def delete_snapshot(self, snapshot_id: str, ignore_missing: bool) -> None:
        self._do(
            'delete_snapshot', lambda: self._pop('snapshot', snapshot_id)
        )

    def get_endpoint_data(self) -> Any:
        return things.Thing(
            max_microversion=self.newest, min_microversion='2.1'
        )

    def get(self, url: str, microversion: str | None = None) -> Any:
        """Return a quota of Nova, Cinder or Neutron, or an operation."""
        if 'os-instance-actions' in url:
            done = {'message': 'Error', 'events': self.events}
            return things.response(200, {'instanceAction': done})
        key = 'quota' if url.endswith('.json') else 'quota_set'
        return things.Thing(json=lambda: {key: self.quotas})

    # Glance

    def get_image(self, image_id: str) -> Any:
        found = {image.id: image for image in self.images_}
        return things.get(found, 'image', image_id)

    def images(self, *, owner: str, **query: Any) -> Any:
        """Return images, the newest first."""
        found = [each for each in self.images_ if each.owner == owner]
        return iter(
            sorted(found, key=lambda each: each.created_at, reverse=True)
        )
