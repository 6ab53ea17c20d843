# SPDX-License-Identifier: Apache-2.0
"""A cloud that only remembers, and fails when it is told to.

For tests of what uses a cloud::

    cloud = noop.NoopCloud(conf)
    cloud.fail('create_server', exception.CloudError('no host'), times=1)
    cloud.on('create_server', lambda instance_id: started.set())
    ...
    assert cloud.calls == [('volumes.create', 'i1'), ('create_server', 'i1')]

The steps are named ``create_server``, ``get_server``, ``delete_server``,
``reboot_server``, ``stop_server``, ``resize_server``, ``confirm_resize``,
``volumes.create``, ``volumes.get``, ``volumes.extend``, ``volumes.delete``,
``volumes.detach``, ``volumes.attach``, ``volumes.snapshot``,
``volumes.delete_snapshot``,
``network.addresses``, ``network.set_access`` and ``network.release``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses

from oslo_config import cfg

from trove.cloud import base
from trove.cloud import consoles
from trove.cloud import noop_state
from trove.cloud import snapshots
from trove.common import exception

FLAVORS = (
    base.Flavor('1', 'noop.tiny', 512, 1, 0),
    base.Flavor('2', 'noop.small', 1024, 1, 0),
    base.Flavor('3', 'noop.medium', 2048, 2, 0),
)


class NoopCompute(base.Compute):
    def __init__(self, state: noop_state.State) -> None:
        self._state = state

    def list_flavors(self, context: base.Context) -> list[base.Flavor]:
        return list(FLAVORS)

    def get_flavor(self, context: base.Context, flavor_id: str) -> base.Flavor:
        for flavor in FLAVORS:
            if flavor.id == str(flavor_id):
                return flavor
        raise exception.FlavorNotFound(id=flavor_id)

    def create_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        self._state.step('create_server', spec.instance_id)
        with self._state.lock:
            server = self._state.servers.get(spec.instance_id)
            if server is None:
                number = next(self._state.numbers)
                server = base.Server(
                    id=f'server-{number}',
                    instance_id=spec.instance_id,
                    status=self._state.next_status,
                    addresses=[(f'192.0.2.{number}', base.PRIVATE)],
                    host='noop',
                )
                self._state.servers[spec.instance_id] = server
                self._state.specs[spec.instance_id] = spec
            return server

    def get_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server | None:
        self._state.step('get_server', instance_id)
        with self._state.lock:
            return self._state.servers.get(instance_id)

    def console(self, context: base.Context, instance_id: str) -> str:
        self._state.step('console', instance_id)
        with self._state.lock:
            return consoles.end(self._state.consoles.get(instance_id, ''))

    def delete_server(self, context: base.Context, instance_id: str) -> None:
        self._state.step('delete_server', instance_id)
        with self._state.lock:
            self._state.servers.pop(instance_id, None)
            self._state.specs.pop(instance_id, None)
            self._state.consoles.pop(instance_id, None)

    def reboot_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server:
        self._state.step('reboot_server', instance_id)
        return self._become(instance_id, base.ACTIVE)

    def stop_server(self, context: base.Context, instance_id: str) -> None:
        self._state.step('stop_server', instance_id)
        if self.get_server(context, instance_id) is not None:
            self._become(instance_id, base.SHUTOFF)

    def _become(self, instance_id: str, status: str) -> base.Server:
        self._existing(instance_id)
        with self._state.lock:
            server = dataclasses.replace(
                self._state.servers[instance_id], status=status
            )
            self._state.servers[instance_id] = server
        return server

    def resize_server(
        self, context: base.Context, instance_id: str, flavor: base.Flavor
    ) -> base.Server:
        self._state.step('resize_server', instance_id)
        server = self._existing(instance_id)
        with self._state.lock:
            self._state.specs[instance_id] = dataclasses.replace(
                self._state.specs[instance_id], flavor=flavor
            )
        return server

    def confirm_resize(self, context: base.Context, instance_id: str) -> None:
        self._state.step('confirm_resize', instance_id)

    def check_rebuild(self, context: base.Context, instance_id: str) -> None:
        self._state.step('check_rebuild', instance_id)
        super().check_rebuild(context, instance_id)

    def rebuild_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        self._state.step('rebuild_server', spec.instance_id)
        server = self._existing(spec.instance_id)
        with self._state.lock:
            self._state.specs[spec.instance_id] = spec
        return server

    def migrate_server(
        self, context: base.Context, instance_id: str, host: str | None
    ) -> base.Server:
        self._state.step('migrate_server', instance_id)
        server = dataclasses.replace(
            self._existing(instance_id), host=host or 'elsewhere'
        )
        with self._state.lock:
            self._state.servers[instance_id] = server
        return server

    def _existing(self, instance_id: str) -> base.Server:
        with self._state.lock:
            server = self._state.servers.get(instance_id)
        if server is None:
            raise exception.NotFound(id=f'server of instance {instance_id}')
        return server


class NoopVolumes(base.Volumes):
    def __init__(self, state: noop_state.State) -> None:
        self._state = state

    detachable = True
    has_snapshots = True

    def types(self, context: base.Context) -> None:
        return None

    def create(
        self,
        context: base.Context,
        instance_id: str,
        size: int,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        backup_id: str | None = None,
    ) -> base.Volume:
        self._state.step('volumes.create', instance_id)
        with self._state.lock:
            if backup_id and backup_id not in self._state.snapshots:
                raise exception.NotFound(id=f'snapshot of backup {backup_id}')
            return self._state.volumes.setdefault(
                instance_id,
                base.Volume(
                    id=f'volume-{instance_id}',
                    size=size,
                    device_path='/dev/vdb',
                    mount_point='/var/lib/postgresql',
                ),
            )

    def get(
        self, context: base.Context, instance_id: str
    ) -> base.Volume | None:
        self._state.step('volumes.get', instance_id)
        with self._state.lock:
            return self._state.volumes.get(instance_id)

    def extend(
        self, context: base.Context, instance_id: str, size: int
    ) -> base.Volume:
        self._state.step('volumes.extend', instance_id)
        with self._state.lock:
            volume = self._state.volumes.get(instance_id)
            if volume is None:
                raise exception.NotFound(
                    id=f'volume of instance {instance_id}'
                )
            if size < volume.size:
                raise exception.CloudError(
                    action='extend the volume',
                    reason=f'it already has {volume.size} GiB',
                )
            volume = dataclasses.replace(volume, size=size)
            self._state.volumes[instance_id] = volume
            return volume

    def detach(self, context: base.Context, instance_id: str) -> None:
        self._state.step('volumes.detach', instance_id)
        with self._state.lock:
            self._state.detached.add(instance_id)

    def attach(self, context: base.Context, instance_id: str) -> None:
        self._state.step('volumes.attach', instance_id)
        with self._state.lock:
            self._state.detached.discard(instance_id)

    def delete(self, context: base.Context, instance_id: str) -> None:
        self._state.step('volumes.delete', instance_id)
        with self._state.lock:
            self._state.volumes.pop(instance_id, None)

    def snapshot(
        self,
        context: base.Context,
        instance_id: str,
        backup_id: str,
        metadata: Mapping[str, str],
    ) -> snapshots.Snapshot:
        self._state.step('volumes.snapshot', backup_id)
        with self._state.lock:
            volume = self._state.volumes.get(instance_id)
            if volume is None:
                raise exception.NotFound(
                    id=f'volume of instance {instance_id}'
                )
            made = snapshots.Snapshot(f'snapshot-{backup_id}', volume.size)
            return self._state.snapshots.setdefault(backup_id, made)

    def get_snapshot(
        self, context: base.Context, backup_id: str
    ) -> snapshots.Snapshot | None:
        with self._state.lock:
            return self._state.snapshots.get(backup_id)

    def delete_snapshot(self, context: base.Context, backup_id: str) -> None:
        self._state.step('volumes.delete_snapshot', backup_id)
        with self._state.lock:
            self._state.snapshots.pop(backup_id, None)


class NoopNetwork(base.Network):
    def __init__(self, state: noop_state.State) -> None:
        self._state = state

    def networks(self, context: base.Context) -> None:
        return None

    def addresses(
        self, context: base.Context, instance_id: str
    ) -> list[tuple[str, str]]:
        self._state.step('network.addresses', instance_id)
        with self._state.lock:
            server = self._state.servers.get(instance_id)
            return list(server.addresses) if server else []

    def set_access(
        self,
        context: base.Context,
        instance_id: str,
        access: base.Access,
        datastore: str,
        project_id: str,
    ) -> None:
        self._state.step('network.set_access', instance_id)

    def release(self, context: base.Context, instance_id: str) -> None:
        self._state.step('network.release', instance_id)


class NoopCloud(base.Cloud):
    """The driver ``noop``."""

    ignores = frozenset({'allowed_cidrs'})

    def __init__(self, conf: cfg.ConfigOpts | None = None) -> None:
        self._state = noop_state.State()
        self.compute = NoopCompute(self._state)
        self.volumes = NoopVolumes(self._state)
        self.network = NoopNetwork(self._state)

    def inventory(self, context: base.Context) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with self._state.lock:
            for instance_id in self._state.servers:
                found.setdefault(instance_id, []).append('server')
            for instance_id in self._state.volumes:
                found.setdefault(instance_id, []).append('volume')
            found |= {each: ['snapshot'] for each in self._state.snapshots}
        return found

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The changing steps so far, as (step, instance id)."""
        with self._state.lock:
            return list(self._state.calls)

    @property
    def servers(self) -> dict[str, base.Server]:
        with self._state.lock:
            return dict(self._state.servers)

    @property
    def specs(self) -> dict[str, base.ServerSpec]:
        """What each server was made of, with the flavor it has now."""
        with self._state.lock:
            return dict(self._state.specs)

    @property
    def snapshots(self) -> dict[str, snapshots.Snapshot]:
        """The snapshots by the ids of their backups."""
        with self._state.lock:
            return dict(self._state.snapshots)

    @property
    def volume_sizes(self) -> dict[str, int]:
        with self._state.lock:
            return {
                instance_id: volume.size
                for instance_id, volume in self._state.volumes.items()
            }

    @property
    def detached(self) -> set[str]:
        """The instances whose volumes are detached."""
        with self._state.lock:
            return set(self._state.detached)

    def fail(
        self, step: str, error: Exception, times: int | None = None
    ) -> None:
        """Make a step raise ``error``, for ever or the next ``times``."""
        with self._state.lock:
            self._state.failures[step] = (error, times)

    def heal(self, step: str | None = None) -> None:
        """Make a step, or all, work again."""
        with self._state.lock:
            if step is None:
                self._state.failures.clear()
            else:
                self._state.failures.pop(step, None)

    def on(self, step: str, hook: Callable[[str], object]) -> None:
        """Call ``hook(instance_id)`` at the start of a step.

        It runs in the thread of the step: it may block, to hold the step,
        or raise what the step is to raise.
        """
        with self._state.lock:
            self._state.hooks[step] = hook

    def build_as(self, status: str) -> None:
        """Let servers made from now on start in this status."""
        with self._state.lock:
            self._state.next_status = status

    def prints(self, instance_id: str, printed: str) -> None:
        """Let the server print on its console."""
        with self._state.lock:
            self._state.consoles[instance_id] = printed

    def set_status(
        self, instance_id: str, status: str, reason: str | None = None
    ) -> None:
        """Change the status of a server: it comes up, or breaks."""
        with self._state.lock:
            self._state.servers[instance_id] = dataclasses.replace(
                self._state.servers[instance_id],
                status=status,
                reason=reason,
            )
