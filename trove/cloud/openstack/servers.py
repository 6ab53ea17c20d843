# SPDX-License-Identifier: Apache-2.0
"""Servers of Nova: looked up by the instance, made, and waited for."""

from __future__ import annotations

from collections.abc import Sequence
import re
from typing import Any
from typing import Final

from openstack import exceptions as sdk_exceptions
from openstack import utils as sdk_utils

from trove.cloud import base
from trove.cloud import gone
from trove.cloud.openstack import calls
from trove.cloud.openstack import errors
from trove.cloud.openstack import images
from trove.cloud.openstack import marks
from trove.cloud.openstack import userdata
from trove.common import exception

#: What Nova says, in the words of the seam; anything else is BUILD.
_STATUSES: Final = {
    'ACTIVE': base.ACTIVE,
    'VERIFY_RESIZE': base.ACTIVE,
    'ERROR': base.ERROR,
    'SHUTOFF': base.SHUTOFF,
    'PAUSED': base.SHUTOFF,
    'SUSPENDED': base.SHUTOFF,
    'SHELVED': base.SHUTOFF,
    'SHELVED_OFFLOADED': base.SHUTOFF,
    'RESCUE': base.SHUTOFF,
}

_GONE: Final = frozenset({'DELETED', 'SOFT_DELETED'})

#: Since this microversion, Nova rebuilds root disks that are volumes.
_REIMAGE: Final = '2.93'

#: Nova accepts no longer tags, and neither "/" nor ",".
_LONGEST_TAG: Final = 60


class Servers:
    """The servers of the project."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def all_of(self, instance_id: str) -> list[Any]:
        """Return the servers of an instance: one at most, or a leftover."""
        return [
            server
            for server in self.tagged(marks.tag(instance_id))
            if server.status not in _GONE
        ]

    def tagged(self, tag: str) -> list[Any]:
        api = self._api
        return api.look(
            'list the servers', lambda: list(api.compute.servers(tags=tag))
        )

    def get(self, instance_id: str) -> Any | None:
        return next(iter(self.all_of(instance_id)), None)

    def require(self, instance_id: str) -> Any:
        server = self.get(instance_id)
        if server is None:
            raise gone.error(instance_id)
        return server

    def make(
        self, spec: base.ServerSpec, ports: Sequence[str], group: str | None
    ) -> Any:
        """Make the server of an instance, which has none."""
        api = self._api
        body = self._body(spec, ports)
        if group is not None:
            body['scheduler_hints'] = {'group': group}
        return api.make(
            'create the server',
            lambda: api.compute.create_server(**body),
            lambda: self.get(spec.instance_id),
        )

    def image_of(self, spec: base.ServerSpec) -> str:
        return spec.image_id or images.newest(self._api, spec.image_tags)

    def user_data(self, spec: base.ServerSpec) -> str:
        return userdata.make(self._api.conf, spec.datastore, spec.files)

    def _body(
        self, spec: base.ServerSpec, ports: Sequence[str]
    ) -> dict[str, Any]:
        conf = self._api.conf
        metadata = {
            key: value
            for key, value in (
                ('trove_project_id', spec.project_id),
                ('trove_user_id', spec.user_id),
                (marks.METADATA, spec.instance_id),
            )
            if value
        }
        image = self.image_of(spec)
        body: dict[str, Any] = {
            'name': spec.name,
            'flavor_id': spec.flavor.id,
            'networks': [{'port': port} for port in ports],
            'block_device_mapping': self._disks(spec, image),
            'user_data': self.user_data(spec),
            'metadata': metadata,
            'tags': _tags(spec.datastore, metadata),
            'config_drive': conf.use_nova_server_config_drive,
        }
        if not conf.volume_rootdisk_support:
            body['image_id'] = image
        if conf.nova_keypair:
            body['key_name'] = conf.nova_keypair
        if spec.availability_zone:
            if ':' in spec.availability_zone:
                # Who is no administrator must not choose the host.
                raise exception.CloudError(
                    action='create the server',
                    reason=f'its zone is {spec.availability_zone!r}. Name a '
                    'zone, without a host',
                )
            body['availability_zone'] = spec.availability_zone
        return body

    def _disks(
        self, spec: base.ServerSpec, image: str
    ) -> list[dict[str, Any]]:
        conf = self._api.conf
        root = {
            'boot_index': 0,
            'uuid': image,
            'source_type': 'image',
            'destination_type': 'local',
            'delete_on_termination': True,
        }
        if conf.volume_rootdisk_support:
            root |= {
                'destination_type': 'volume',
                'volume_size': conf.volume_rootdisk_size,
            }
        if spec.volume_id is None:
            return [root]
        return [
            root,
            {
                'boot_index': -1,
                'uuid': spec.volume_id,
                'source_type': 'volume',
                'destination_type': 'volume',
                'device_name': conf.block_device_mapping,
                # The data outlive a server that was deleted by mistake.
                'delete_on_termination': False,
            },
        ]

    def check_rebuild(self, server: Any) -> None:
        """Check that Nova can give the server the disk of an image.

        :raises CloudError: it cannot
        """
        if not _boots_from_volume(server):
            return
        action = 'rebuild the server'
        api = self._api
        known = api.look(
            action,
            lambda: sdk_utils.maximum_supported_microversion(
                api.compute, _REIMAGE
            ),
        )
        if known != _REIMAGE:
            raise exception.CloudError(
                action=action,
                reason='its root disk is a volume, which Nova gives another '
                f'image since microversion {_REIMAGE} (2022.2); the highest '
                f'one here is {known}. Upgrade Nova, or restore a backup to a '
                'new instance',
            )

    def rebuild(self, server: Any, image: str, data: str) -> None:
        compute = self._api.compute
        if not _boots_from_volume(server):
            compute.rebuild_server(server.id, image, user_data=data)
            return
        # The library names no microversion.
        response = compute.post(
            f'/servers/{server.id}/action',
            json={'rebuild': {'imageRef': image, 'user_data': data}},
            microversion=_REIMAGE,
        )
        sdk_exceptions.raise_from_response(response)

    def settle(
        self,
        action: str,
        instance_id: str,
        wanted: Sequence[str],
        seconds: float,
        tolerated: Sequence[str] = (),
    ) -> Any:
        """Wait until a server has a status and Nova does nothing with it.

        :param tolerated: other statuses in which it may rest for a moment
        :raises CloudError: it got another status, or after the timeout
        """

        def look() -> Any | calls.Pending:
            server = self.require(instance_id)
            if server.task_state is not None:
                return _pending(server)
            if server.status in wanted:
                return server
            if server.status in (*_BUSY, *tolerated):
                return _pending(server)
            why = reason(server) or 'Nova gives no reason'
            raise exception.CloudError(
                action=action,
                reason=f'the server has the status {server.status}: {why}',
            )

        return self._api.wait(action, look, seconds)

    def why(self, server_id: str) -> str:
        """Return why the last operation on a server failed."""
        action = 'ask for the last operation of the server'
        api = self._api
        done = api.look(
            action,
            lambda: next(iter(api.compute.server_actions(server_id)), None),
        )
        if done is None:
            return 'Nova gives no reason'
        full = api.look(
            action, lambda: self._details(server_id, done.request_id)
        )
        where = f'Nova logged it with request {done.request_id}'
        for event in reversed(full.get('events') or []):
            said = event.get('details') or _raised(event.get('traceback'))
            if said:
                return f'{errors.fault(str(said))}. {where}'
        return f'{full.get("message") or "Nova gives no reason"}. {where}'

    def _details(self, server_id: str, request_id: str) -> dict[str, Any]:
        """Return an operation; since 2.84 its events have details."""
        compute = self._api.compute
        response = compute.get(
            f'/servers/{server_id}/os-instance-actions/{request_id}',
            microversion=sdk_utils.maximum_supported_microversion(
                compute, '2.84'
            ),
        )
        sdk_exceptions.raise_from_response(response)
        found: dict[str, Any] = response.json()['instanceAction']
        return found

    def await_gone(self, instance_id: str) -> None:
        """Wait until Nova has deleted all servers of an instance."""
        action = 'delete the server'

        def look() -> bool | calls.Pending:
            left = self.all_of(instance_id)
            for server in left:
                if server.status == 'ERROR' and server.task_state is None:
                    raise exception.CloudError(
                        action=action,
                        reason=f'server {server.id} has the status ERROR: '
                        f'{reason(server) or "Nova gives no reason"}',
                    )
            return _pending(left[0]) if left else True

        self._api.wait(
            action, look, self._api.conf.server_delete_time_out
        )


#: Statuses that Nova leaves by itself.
_BUSY: Final = frozenset(
    {
        'BUILD', 'REBUILD', 'RESIZE', 'REVERT_RESIZE', 'REBOOT',
        'HARD_REBOOT', 'MIGRATING', 'PASSWORD', 'UNKNOWN',
    }
)


def _boots_from_volume(server: Any) -> bool:
    """Whether the root disk is a volume: Nova tells no image then."""
    return not getattr(server.image, 'id', None)


def _pending(server: Any) -> calls.Pending:
    doing = f' (task {server.task_state})' if server.task_state else ''
    return calls.Pending(
        f'server {server.id} has the status {server.status}{doing}'
    )


def _raised(traceback: object) -> str:
    """Return what the last line of a traceback, without a message, says."""
    lines = str(traceback or '').strip().splitlines() or ['']
    found = re.search(r'raise (?:\w+\.)*(\w+)', lines[-1])
    return found[1] if found else lines[-1].partition(': ')[2] or lines[-1]


def reason(server: Any) -> str | None:
    """Return why a server is in ERROR, or its last operation failed."""
    said = (server.fault or {}).get('message')
    return errors.fault(str(said)) if said else None


def to_server(
    found: Any, instance_id: str, addresses: list[tuple[str, str]]
) -> base.Server:
    status = _STATUSES.get(found.status, base.BUILD)
    return base.Server(
        id=str(found.id),
        instance_id=instance_id,
        status=status,
        addresses=addresses,
        host=found.compute_host or found.hypervisor_hostname,
        reason=reason(found) if status == base.ERROR else None,
    )


def _tags(datastore: str, metadata: dict[str, str]) -> list[str]:
    tags = [marks.INSTANCE, f'trove_{datastore}']
    tags += [f'{key}_{value}' for key, value in metadata.items()]
    return [
        tag
        for tag in tags
        if len(tag) <= _LONGEST_TAG and not {'/', ','} & set(tag)
    ]
