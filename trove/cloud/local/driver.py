# SPDX-License-Identifier: Apache-2.0
"""The driver ``local``: servers are processes of this machine.

It does not separate projects from each other. The databases of all servers
run as one user (``[cloud_local] run_as`` for root, else that of the task
manager), so the superuser of one can reach the files and processes of all.
They have no users of their own because PostgreSQL wants one that the machine
knows by name, and this driver does not create users.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from concurrent import futures
import contextlib
import copy
import dataclasses
from typing import ClassVar
import uuid

from oslo_config import cfg
from oslo_log import log

from trove.cloud import base
from trove.cloud import consoles
from trove.cloud.local import files
from trove.cloud.local import home as homes
from trove.cloud.local import launcher as launchers
from trove.cloud.local import machine as machines
from trove.cloud.local import volumes
from trove.common import exception

LOG = log.getLogger(__name__)

#: How many servers are stopped at the same time.
_AT_ONCE = 8

_TRY_AGAIN = 'Reboot the instance to retry.'

_SINGLE_HOST = 'all servers of this cloud run on one host'


class LocalCompute(base.Compute):
    def __init__(self, machine: machines.Machine) -> None:
        self._machine = machine

    def list_flavors(self, context: base.Context) -> list[base.Flavor]:
        return list(self._machine.flavors)

    def get_flavor(self, context: base.Context, flavor_id: str) -> base.Flavor:
        for flavor in self._machine.flavors:
            if flavor.id == str(flavor_id):
                return flavor
        raise exception.FlavorNotFound(id=flavor_id)

    def create_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        instance_id = spec.instance_id
        machine = self._machine
        with machine.changing(instance_id, 'create the server') as home:
            record = home.read()
            if record is None:
                record = homes.Record(
                    id=str(uuid.uuid4()),
                    instance_id=instance_id,
                    name=spec.name,
                    flavor=spec.flavor,
                    address=machine.addresses.allocate(instance_id),
                    up=True,
                    volume_id=spec.volume_id,
                    run_as=machine.database_user(),
                )
                home.make()
                home.put(spec.files)
                home.configure(record)
                # Last: a server is there when all of it is.
                home.write(record)
            machine.start(home)
            return self._server(home, record)

    def get_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server | None:
        home = self._machine.home(instance_id)
        with files.doing(f'look at the server of instance {instance_id}'):
            record = home.read()
            return None if record is None else self._server(home, record)

    def console(self, context: base.Context, instance_id: str) -> str:
        home = self._machine.home(instance_id)
        with files.doing(f'read the log of instance {instance_id}'):
            return consoles.end(home.log_end())

    def delete_server(self, context: base.Context, instance_id: str) -> None:
        machine = self._machine
        with machine.changing(
            instance_id, 'delete the server', gone=True
        ) as home:
            # One whose record is damaged is nevertheless to go.
            with contextlib.suppress(exception.CloudError):
                record = home.read()
                if record is not None:
                    # So that nobody starts it again should we die now.
                    home.write(dataclasses.replace(record, up=False))
            machine.stop(home, gone=True)
            home.remove()
            machine.addresses.release(instance_id)

    def reboot_server(
        self, context: base.Context, instance_id: str
    ) -> base.Server:
        with self._machine.changing(instance_id, 'reboot the server') as home:
            return self._reboot(home, _existing(home))

    def stop_server(self, context: base.Context, instance_id: str) -> None:
        with self._machine.changing(instance_id, 'stop the server') as home:
            record = home.read()
            if record is not None:
                # First: nobody starts it again then.
                home.write(dataclasses.replace(record, up=False))
                self._machine.stop(home)

    def resize_server(
        self, context: base.Context, instance_id: str, flavor: base.Flavor
    ) -> base.Server:
        with self._machine.changing(instance_id, 'resize the server') as home:
            record = _existing(home)
            if record.flavor == flavor:
                return self._server(home, record)
            home.check()
            record = dataclasses.replace(record, flavor=flavor)
            home.configure(record)
            server = self._reboot(home, record)
            # Last: until then the same request does it again.
            home.write(dataclasses.replace(record, up=True))
            return server

    def confirm_resize(self, context: base.Context, instance_id: str) -> None:
        """Nothing is kept of another flavor."""

    def rebuild_server(
        self, context: base.Context, spec: base.ServerSpec
    ) -> base.Server:
        machine = self._machine
        with machine.changing(
            spec.instance_id, 'rebuild the server'
        ) as home:
            record = _existing(home)
            if record.volume_id is None:
                raise exception.CloudError(
                    action='rebuild the server',
                    reason='its data are on the disk that would be replaced',
                )
            home.check()
            machine.stop(home)
            home.replace()
            home.put(spec.files)
            record = dataclasses.replace(
                record,
                name=spec.name,
                up=True,
                run_as=machine.database_user(),
            )
            home.configure(record)
            home.write(record)
            machine.start(home)
            return self._server(home, record)

    def migrate_server(
        self, context: base.Context, instance_id: str, host: str | None
    ) -> base.Server:
        raise exception.CloudError(
            action='move the server', reason=_SINGLE_HOST
        )

    def _reboot(
        self, home: homes.Home, record: homes.Record
    ) -> base.Server:
        home.check()
        self._machine.stop(home)
        if not record.up:
            home.write(dataclasses.replace(record, up=True))
        self._machine.start(home)
        return self._server(home, record)

    def _server(self, home: homes.Home, record: homes.Record) -> base.Server:
        launcher = self._machine.launcher
        status, reason = base.ACTIVE, launcher.failure(home)
        if reason is not None:
            status = base.ERROR
        elif not launcher.alive(home):
            status = base.SHUTOFF
            reason = 'its guest agent is not running; reboot the server'
        return base.Server(
            id=record.id,
            instance_id=record.instance_id,
            status=status,
            addresses=[(record.address, base.PRIVATE)],
            host=self._machine.conf.host,
            reason=reason,
        )


class LocalNetwork(base.Network):
    """There is one network, which the options may give ids."""

    def __init__(self, machine: machines.Machine) -> None:
        self._machine = machine

    def networks(self, context: base.Context) -> list[str]:
        return list(self._machine.conf.cloud_local.network_ids)

    def addresses(
        self, context: base.Context, instance_id: str
    ) -> list[tuple[str, str]]:
        address = self._machine.addresses.get(instance_id)
        return [(address, base.PRIVATE)] if address else []

    def set_access(
        self,
        context: base.Context,
        instance_id: str,
        access: base.Access,
        datastore: str,
        project_id: str,
    ) -> None:
        """Everybody on this machine reaches all instances."""

    def release(self, context: base.Context, instance_id: str) -> None:
        with files.doing('release the address'):
            self._machine.prepare()
            self._machine.check()
            self._machine.addresses.release(instance_id)


class LocalCloud(base.Cloud):
    """The driver ``local``.

    :param launcher: what runs the guest agents, instead of what the options
        name
    """

    #: It is a single machine, whose addresses nobody else reaches.
    ignores = frozenset(
        {'allowed_cidrs', 'availability_zone', 'is_public'}
    )
    localities = frozenset({'affinity'})
    refuses: ClassVar[Mapping[str, str]] = {'migrate_server': _SINGLE_HOST}

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        launcher: launchers.Launcher | None = None,
    ) -> None:
        if conf.cloud_local.public_access:
            self.ignores = self.ignores - {'is_public'}  # type: ignore[misc]
        self._use(machines.Machine(conf, launcher))

    def _use(self, machine: machines.Machine) -> None:
        self._machine = machine
        self.compute = LocalCompute(machine)
        self.volumes = volumes.LocalVolumes(machine)
        self.network = LocalNetwork(machine)

    def fenced(self, check: Callable[[], None]) -> base.Cloud:
        fenced = copy.copy(self)
        fenced._use(self._machine.fenced(check))
        return fenced

    def resume(self) -> list[str]:
        started = []
        for name in self._names('servers'):
            # One that cannot be started must not keep the others down.
            try:
                if self._resume(name):
                    started.append(name)
            except exception.CloudError as error:
                LOG.error('%s. %s', error, _TRY_AGAIN)
            except Exception:
                LOG.exception(
                    'Could not start the server of instance %s. %s',
                    name,
                    _TRY_AGAIN,
                )
        return started

    def inventory(self, context: base.Context) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind in ('servers', 'volumes'):
            for name in self._names(kind):
                found.setdefault(name, []).append(kind.removesuffix('s'))
        return found

    def suspend(self) -> None:
        """Stop all servers in order, as a machine that shuts down does.

        They are still meant to run: :meth:`resume` starts them.
        """
        with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._suspend, self._names('servers')))

    def _suspend(self, instance_id: str) -> None:
        machine = self._machine
        try:
            with machine.changing(instance_id, 'stop the server') as home:
                machine.stop(home)
        except exception.CloudError as error:
            LOG.error('%s. Its processes are still running.', error)
        except Exception:
            LOG.exception(
                'Could not stop the server of instance %s. Its processes are '
                'still running.',
                instance_id,
            )

    def _names(self, kind: str) -> list[str]:
        """Return the instances that have servers or volumes."""
        directory = self._machine.state_dir / kind
        if not directory.is_dir():
            return []
        return sorted(entry.name for entry in directory.iterdir())

    def _resume(self, instance_id: str) -> bool:
        machine = self._machine
        with machine.changing(instance_id, 'start the server') as home:
            record = home.read()
            if record is None or not record.up or not machine.start(home):
                return False
        LOG.info('Restarted the server of instance %s.', instance_id)
        return True


def _existing(home: homes.Home) -> homes.Record:
    record = home.read()
    if record is None:
        raise exception.NotFound(id=f'server of instance {home.instance_id}')
    return record
