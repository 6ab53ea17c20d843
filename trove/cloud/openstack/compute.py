# SPDX-License-Identifier: Apache-2.0
"""Flavors and servers of Nova."""

from __future__ import annotations

import logging
from typing import Any

from trove.cloud import base
from trove.cloud import consoles
from trove.cloud.openstack import calls
from trove.cloud.openstack import flavors
from trove.cloud.openstack import groups
from trove.cloud.openstack import network
from trove.cloud.openstack import servers
from trove.common import exception

LOG = logging.getLogger(__name__)


class OpenStackCompute(base.Compute):
    """Servers, which hold their ports for as long as they exist.

    :param known: the flavors, shared by all that use the cloud
    """

    def __init__(
        self,
        api: calls.Calls,
        ports: network.OpenStackNetwork,
        known: flavors.Cached[list[base.Flavor]],
    ) -> None:
        self._api = api
        self._ports = ports
        self._known = known
        self._servers = servers.Servers(api)
        self._groups = groups.Groups(api)

    def list_flavors(self, context: base.Context) -> list[base.Flavor]:
        return list(self._known.get(lambda: flavors.all_of(self._api)))

    def get_flavor(self, context: base.Context, flavor_id: str) -> base.Flavor:
        for flavor in self.list_flavors(context):
            if flavor.id == str(flavor_id):
                return flavor
        # A new one, or one that is not public.
        found = flavors.one(self._api, str(flavor_id))
        if found is None:
            raise exception.FlavorNotFound(id=flavor_id)
        return found

    def create_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        found = self._servers.get(spec.instance_id)
        if found is None:
            group = self._group(spec)
            ports = self._ports.provide(spec)
            found = self._servers.make(spec, ports, group)
        return self.get_server(context, spec.instance_id) or self._view(
            found, spec.instance_id
        )

    def _group(self, spec: base.ServerSpec) -> str | None:
        if spec.locality is not None:
            return self._groups.provide(spec.instance_id, spec.locality)
        other = self._servers.get(spec.beside) if spec.beside else None
        return None if other is None else self._groups.of(other.id)

    def get_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server | None:
        found = self._servers.get(instance_id)
        return None if found is None else self._view(found, instance_id)

    def _view(self, found: Any, instance_id: str) -> base.Server:
        return servers.to_server(found, instance_id, [])

    def console(self, context: base.Context, instance_id: str) -> str:
        api = self._api
        server = self._servers.get(instance_id)
        if server is None:
            return ''
        found = api.look(
            'read the console of the server',
            lambda: api.compute.get_server_console_output(
                server.id, length=consoles.LINES
            ),
        )
        return consoles.end(str(found.get('output') or ''))

    def delete_server(self, context: base.Context, instance_id: str) -> None:
        found = self._servers.all_of(instance_id)
        group = self._groups.of(found[0].id) if found else None
        for server in found:
            self._delete(server)
        if found:
            self._servers.await_gone(instance_id)
        self._groups.drop_if_empty(instance_id, group)

    def _delete(self, server: Any) -> None:
        api = self._api
        api.drop(
            'delete the server',
            lambda: api.compute.delete_server(server.id, ignore_missing=False),
        )

    def reboot_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server:
        server = self._settled(instance_id)
        return self._reboot('reboot the server', server, instance_id)

    def _reboot(
        self, action: str, server: Any, instance_id: str
    ) -> base.Server:
        api = self._api
        if server.status == 'SHUTOFF':
            api.change(action, lambda: api.compute.start_server(server.id))
        else:
            kind = 'SOFT' if server.status == 'ACTIVE' else 'HARD'
            api.change(
                action, lambda: api.compute.reboot_server(server.id, kind)
            )
        return self._rested(action, instance_id, 'ACTIVE', 'SHUTOFF')

    def stop_server(self, context: base.Context, instance_id: str) -> None:
        action = 'stop the server'
        api = self._api
        if self._servers.get(instance_id) is None:
            return
        server = self._settled(instance_id)
        if server.status != 'SHUTOFF':
            api.change(action, lambda: api.compute.stop_server(server.id))
            self._rested(action, instance_id, 'SHUTOFF', 'ACTIVE')

    def resize_server(
        self, context: base.Context, instance_id: str, flavor: base.Flavor
    ) -> base.Server:
        action = 'resize the server'
        api = self._api
        server = self._working(instance_id)
        if server.status == 'RESIZE':
            # Asked for by whoever did this before.
            server = self._await_resize(action, instance_id)
        if _has(server, flavor):
            return self._view(server, instance_id)
        if server.status == 'VERIFY_RESIZE':
            server = self._revert(instance_id)
            if _has(server, flavor):
                return self._view(server, instance_id)
        api.change(
            action, lambda: api.compute.resize_server(server.id, flavor.id)
        )
        server = self._await_resize(action, instance_id)
        return self._view(server, instance_id)

    def _await_resize(self, action: str, instance_id: str) -> Any:
        server = self._servers.settle(
            action,
            instance_id,
            # ACTIVE: the resize failed, and the server is as before.
            ('VERIFY_RESIZE', 'ACTIVE', 'SHUTOFF', 'ERROR'),
            self._api.conf.resize_time_out,
        )
        if server.status == 'ERROR':
            why = servers.reason(server) or self._servers.why(server.id)
            self._repair(instance_id)
            raise exception.CloudError(action=action, reason=why)
        if server.status != 'VERIFY_RESIZE':
            raise exception.CloudError(
                action=action, reason=self._servers.why(server.id)
            )
        return server

    def _working(self, instance_id: str) -> Any:
        """Return the server, started again if an operation broke it."""
        server = self._servers.require(instance_id)
        if server.status != 'ERROR' or server.task_state is not None:
            return server
        self._repair(instance_id)
        return self._servers.require(instance_id)

    def _repair(self, instance_id: str) -> None:
        """Start a server that an operation left in ERROR.

        Nova leaves it off, and refuses all but a hard reboot. That fails as
        well while what broke the operation lasts, so it is repeated. A
        failure is logged: what was asked for fails anyway, with its own
        reason.
        """

        def start() -> None:
            server = self._servers.require(instance_id)
            self._reboot('start the server again', server, instance_id)

        try:
            self._api.persist(start)
        except (exception.CloudError, exception.NotFound) as error:
            LOG.warning(
                'The server of instance %s stays in ERROR: %s. Repair it in '
                'Nova.',
                instance_id,
                str(error).rstrip('.'),
            )

    def _revert(self, instance_id: str) -> Any:
        action = 'give the server its old flavor back'
        api = self._api
        server = self._servers.require(instance_id)
        api.change(
            action, lambda: api.compute.revert_server_resize(server.id)
        )
        return self._servers.settle(
            action,
            instance_id,
            ('ACTIVE', 'SHUTOFF'),
            api.conf.revert_time_out,
            tolerated=('VERIFY_RESIZE',),
        )

    def confirm_resize(self, context: base.Context, instance_id: str) -> None:
        self._settled(instance_id)

    def _settled(self, instance_id: str) -> Any:
        """Return the server, after a resize that waits was confirmed."""
        action = 'confirm the flavor of the server'
        api = self._api
        server = self._servers.require(instance_id)
        if server.status != 'VERIFY_RESIZE':
            return server
        api.change(
            action, lambda: api.compute.confirm_server_resize(server.id)
        )
        return self._servers.settle(
            action,
            instance_id,
            ('ACTIVE', 'SHUTOFF'),
            api.conf.resize_time_out,
            tolerated=('VERIFY_RESIZE',),
        )

    def check_rebuild(self, context: base.Context, instance_id: str) -> None:
        self._servers.check_rebuild(self._servers.require(instance_id))

    def rebuild_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        action = 'rebuild the server'
        api = self._api
        server = self._settled(spec.instance_id)
        image = self._servers.image_of(spec)
        data = self._servers.user_data(spec)
        self._servers.check_rebuild(server)
        api.change(
            action, lambda: self._servers.rebuild(server, image, data)
        )
        server = self._servers.settle(
            action,
            spec.instance_id,
            ('ACTIVE', 'SHUTOFF'),
            # The host may have to download the image.
            api.conf.resize_time_out,
        )
        if server.status == 'SHUTOFF':
            # Nova leaves off what it took for off before.
            return self.reboot_server(context, spec.instance_id)
        return self._view(server, spec.instance_id)

    def migrate_server(
        self, context: base.Context, instance_id: str, host: str | None
    ) -> base.Server:
        action = 'move the server'
        api = self._api
        server = self._working(instance_id)
        if server.status == 'VERIFY_RESIZE':
            # Moved before, and not confirmed.
            server = self._settled(instance_id)
            if host is None:
                return self._view(server, instance_id)
        if host is not None and server.compute_host == host:
            return self._view(server, instance_id)
        api.change(
            action, lambda: api.compute.migrate_server(server.id, host=host)
        )
        self._await_resize(action, instance_id)
        return self._view(self._settled(instance_id), instance_id)

    def _rested(
        self, action: str, instance_id: str, wanted: str, *tolerated: str
    ) -> base.Server:
        server = self._servers.settle(
            action,
            instance_id,
            (wanted,),
            self._api.conf.reboot_time_out,
            tolerated,
        )
        return self._view(server, instance_id)


def _has(server: Any, flavor: base.Flavor) -> bool:
    """Whether a server has a flavor, whose id Nova does not tell."""
    known = server.flavor
    return bool(
        (known.original_name or known.name) == flavor.name
        and known.ram == flavor.ram
    )
