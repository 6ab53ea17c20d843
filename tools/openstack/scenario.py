# SPDX-License-Identifier: Apache-2.0
"""Use the Trove that deploy.sh deployed, as a customer does.

Usage: scenario.py DATASTORE..., with the environment of demo.env

An instance of each datastore goes through its life: volume, floating IP, SQL
from clients in and outside of the cloud, a backup in Swift and one in Cinder,
which a new instance is made from, a replica from one of these, larger flavor
and volume. In the end nothing of it is left in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any

from keystoneauth1 import loading
from keystoneauth1 import session
import openstack
from troveclient.v1 import client

#: Longest time for anything that the cloud is asked for.
TIMEOUT = float(os.environ.get('TROVE_SCENARIO_TIMEOUT', '900'))
_NETWORKS = os.environ['OSRIG_NS']
_OUTSIDE = os.environ['OSRIG_CLIENT_NS']
_VERSIONS = {'mariadb': '10.11', 'postgresql': '18'}
#: Where the data of their replicas come from.
_REPLICAS = {'mariadb': 'cinder', 'postgresql': 'swift'}
_PASSWORD = 'Secret-8-word'
#: Another program: what this one imports costs two seconds.
_EXECUTE = str(pathlib.Path(__file__).with_name('execute.py'))


def say(text: str) -> None:
    print(f'{time.strftime("%T")} {text}', flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    began = time.monotonic()
    yield
    say(f'{text}: {time.monotonic() - began:.1f} s')


def wait(what: str, look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + TIMEOUT
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f'{what} took longer than {TIMEOUT} s')
        time.sleep(1)
    return found


def connect(**changed: str) -> session.Session:
    variables = {
        key.removeprefix('OS_').lower(): value
        for key, value in os.environ.items()
        if key.startswith('OS_')
    }
    wanted = (
        *('auth_url', 'username', 'password', 'project_name'),
        *('user_domain_id', 'project_domain_id'),
    )
    variables |= changed
    auth = loading.get_plugin_loader('password').load_from_options(
        **{key: variables[key] for key in wanted}
    )
    return session.Session(auth=auth)


# SQL, from a client in a namespace


def execute(
    namespace: str, datastore: str, host: str, statement: str
) -> subprocess.CompletedProcess[str]:
    command = [
        *('ip', 'netns', 'exec', namespace, sys.executable, _EXECUTE),
        *(datastore, host, _PASSWORD, statement),
    ]
    return subprocess.run(command, capture_output=True, text=True)


def sql(namespace: str, datastore: str, host: str, statement: str) -> str:
    """Run a statement, again until the server accepts connections."""
    said = ''

    def attempt() -> str | None:
        nonlocal said
        done = execute(namespace, datastore, host, statement)
        if done.returncode == 0:
            return done.stdout.strip() or 'done'
        said = done.stderr.strip().splitlines()[-1]
        return None

    try:
        return str(wait(statement, attempt))
    except SystemExit:
        raise SystemExit(f'{statement} at {host}: {said}') from None


# What is in the cloud


def census(cloud: openstack.connection.Connection) -> dict[str, set[str]]:
    """Return the ids of all that an instance may have in the cloud."""
    compute, volumes = cloud.compute, cloud.block_storage
    network = cloud.network
    listed = {
        'servers': compute.servers(all_projects=True),
        'volumes': volumes.volumes(all_projects=True),
        'snapshots': volumes.snapshots(all_projects=True),
        'ports': network.ports(),
        'groups': [
            each
            for each in network.security_groups()
            # All instances share it, and it stays.
            if each.name != 'trove_sg-management'
        ],
        'floating IPs': network.ips(),
        'server groups': compute.server_groups(all_projects=True),
    }
    return {kind: {each.id for each in ids} for kind, ids in listed.items()}


def openstack_command(*arguments: str) -> str:
    command = pathlib.Path(os.environ['OSRIG_VENV'], 'bin', 'openstack')
    done = subprocess.run(
        [command, *arguments], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f'openstack {" ".join(arguments)}: {done.stderr}')
    return done.stdout.strip()


def configure_api(**options: str) -> None:
    """Change options of the API, as its operator does."""
    directory = pathlib.Path(os.environ['OSRIG'], 'run')
    pid = (directory / 'trove-api.pid').read_text().strip()
    lines = [f'{name} = {value}' for name, value in options.items()]
    file = '/etc/trove/trove.conf.d/scenario.conf'
    subprocess.run(
        ['nsenter', '--mount', '--root', '--target', pid, 'tee', file],
        input='\n'.join(['[DEFAULT]', *lines, '']),
        stdout=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    os.kill(int(pid), signal.SIGHUP)


class Life:
    """The life of one instance."""

    def __init__(self, trove: client.Client, datastore: str) -> None:
        self.trove = trove
        self.datastore = datastore

    def create(self, name: str, **arguments: Any) -> Any:
        made = self.trove.instances.create(name, **arguments)
        return self.settled(made.id)

    def settled(self, instance_id: str) -> Any:
        """Wait until an instance is usable, and return it."""

        def look() -> Any:
            found = self.trove.instances.get(instance_id)
            if found.status in ('ERROR', 'FAILED'):
                fault = getattr(found, 'fault', {})
                raise SystemExit(f'{found.name} is {found.status}: {fault}')
            return found if found.status in ('ACTIVE', 'HEALTHY') else None

        return wait(f'instance {instance_id}', look)

    def address(self, instance: Any, kind: str) -> str:
        return str(
            next(
                each['address']
                for each in instance.addresses
                if each['type'] == kind
            )
        )

    def backup(self, instance: Any) -> Any:
        made = self.trove.backups.create(f'of-{instance.name}', instance.id)
        return self.completed(made.id)

    def completed(self, backup_id: str) -> Any:
        def look() -> Any:
            found = self.trove.backups.get(backup_id)
            if found.status == 'FAILED':
                raise SystemExit(f'backup {backup_id} failed')
            return found if found.status == 'COMPLETED' else None

        return wait('the backup', look)

    def deleted(self, manager: Any, thing: Any) -> None:
        manager.delete(thing.id)
        self.gone(manager, thing)

    def gone(self, manager: Any, thing: Any) -> None:
        wait(
            f'deletion of {thing.id}',
            lambda: thing.id not in {each.id for each in manager.list()},
        )

    def make(self, name: str, network: str, **arguments: Any) -> Any:
        return self.create(
            name,
            flavor_id='1',
            volume={'size': 1},
            datastore=self.datastore,
            datastore_version=_VERSIONS[self.datastore],
            nics=[{'net-id': network}],
            **arguments,
        )

    def live(self, network: str) -> None:
        title = self.datastore
        inside = functools.partial(sql, _NETWORKS, title)
        # It is in effect long before there is a replica.
        configure_api(replica_snapshot_driver=_REPLICAS[title])
        with step(f'{title}: create, ACTIVE'):
            made = self.make(
                title,
                network,
                databases=[{'name': 'test'}],
                users=[
                    {
                        'name': 'me',
                        'password': _PASSWORD,
                        'databases': [{'name': 'test'}],
                    }
                ],
                access={'is_public': True},
            )
        private = self.address(made, 'private')
        with step(f'{title}: SQL at {private}'):
            inside(private, 'CREATE TABLE t (n int)')
            inside(private, 'INSERT INTO t VALUES (42)')
        public = self.address(made, 'public')
        with step(f'{title}: SQL at the floating IP {public}'):
            self.reads_42(sql(_OUTSIDE, title, public, 'SELECT n FROM t'))
        with step(f'{title}: backup'):
            backup = self.backup(made)
        restored, snapshot = self.copy_the_volume(made, network)
        # It takes as long as a replica, which is built meanwhile.
        self.trove.instances.delete(restored.id)
        self.trove.backups.delete(snapshot.id)
        with step(f'{title}: replica, by {_REPLICAS[title]}'):
            begun = self.trove.instances.create(
                f'{title}-replica',
                replica_of=made.id,
                nics=[{'net-id': network}],
            )
            drivers = [
                each.storage_driver
                for each in self.trove.instances.backups(made.id)
                if each.id not in (backup.id, snapshot.id)
            ]
            assert drivers == [_REPLICAS[title]], drivers
            replica = self.settled(begun.id)
            address = self.address(replica, 'private')
            inside(private, 'UPDATE t SET n = 42')
            wait(
                'replication',
                lambda: inside(address, 'SELECT n FROM t') == '42',
            )
        with step(f'{title}: larger volume'):
            self.trove.instances.resize_volume(made.id, 2)
            made = self.settled(made.id)
            assert made.volume['size'] == 2, made.volume
        with step(f'{title}: larger flavor'):
            self.trove.instances.resize_instance(made.id, '2')
            made = self.settled(made.id)
            assert made.flavor['id'] == '2', made.flavor
            self.reads_42(inside(private, 'SELECT n FROM t'))
        with step(f'{title}: delete'):
            self.deleted(self.trove.instances, replica)
            self.deleted(self.trove.backups, backup)
            self.gone(self.trove.instances, restored)
            self.gone(self.trove.backups, snapshot)
            self.deleted(self.trove.instances, made)

    def copy_the_volume(self, instance: Any, network: str) -> tuple[Any, Any]:
        """Return an instance that has the row of before, and its backup."""
        title = self.datastore
        inside = functools.partial(sql, _NETWORKS, self.datastore)
        private = self.address(instance, 'private')
        with step(f'{title}: snapshot of the volume'):
            made = openstack_command(
                *('database', 'backup', 'create', f'volume-of-{title}'),
                *('--instance', instance.id, '--storage-driver', 'cinder'),
                *('--format', 'value', '--column', 'id'),
            )
            backup = self.completed(made)
        inside(private, 'UPDATE t SET n = 43')
        with step(f'{title}: an instance of the snapshot'):
            restored = self.make(
                f'{self.datastore}-restored',
                network,
                restorePoint={'backupRef': backup.id},
            )
            # It has the row of before, and the other that of now.
            address = self.address(restored, 'private')
            self.reads_42(inside(address, 'SELECT n FROM t'))
        return restored, backup

    def reads_42(self, answer: str) -> None:
        if answer != '42':
            raise SystemExit(f'{self.datastore} answers {answer}, not 42')


def main(*datastores: str) -> None:
    trove = client.Client(
        session=connect(), region_name='RegionOne', service_type='database'
    )
    cloud = openstack.connection.Connection(
        session=connect(username='admin', project_name='admin'),
        region_name='RegionOne',
    )
    network = cloud.network.find_network('user').id
    # The first look makes what a project has by default.
    census(cloud)
    before = census(cloud)
    for datastore in datastores:
        Life(trove, datastore).live(network)
        for kind, ids in census(cloud).items():
            if left := ids - before[kind]:
                raise SystemExit(f'{datastore}: {kind} left over: {left}')
        say(f'{datastore}: nothing is left over')


if __name__ == '__main__':
    main(*sys.argv[1:])
