# SPDX-License-Identifier: Apache-2.0
"""Use the Trove that deploy.sh deployed, as a customer does.

Usage: scenario.py DATASTORE..., with the environment of demo.env

An instance of each datastore goes through its life: volume, floating IP, SQL
from clients in and outside of the cloud, a backup in Swift, a replica, larger
flavor and volume. In the end nothing of it is left in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import os
import subprocess
import sys
import time
from typing import Any

from keystoneauth1 import loading
from keystoneauth1 import session
import openstack
import psycopg
import pymysql
from troveclient.v1 import client

#: Longest time for anything that the cloud is asked for.
_TIMEOUT = float(os.environ.get('TROVE_SCENARIO_TIMEOUT', '900'))
_NETWORKS = os.environ['OSRIG_NS']
_OUTSIDE = os.environ['OSRIG_CLIENT_NS']
_VERSIONS = {'mariadb': '10.11', 'postgresql': '18'}
_PASSWORD = 'Secret-8-word'


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
    deadline = time.monotonic() + _TIMEOUT
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f'{what} took longer than {_TIMEOUT} s')
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


def execute(datastore: str, host: str, statement: str) -> None:
    """Print the first row of the answer; run in the namespace."""
    options: dict[str, Any] = {'host': host, 'user': 'me'}
    if datastore == 'mariadb':
        opened: Any = pymysql.connect(
            **options,
            password=_PASSWORD,
            database='test',
            connect_timeout=5,
            autocommit=True,
        )
    else:
        opened = psycopg.connect(
            **options,
            password=_PASSWORD,
            dbname='test',
            connect_timeout=5,
            autocommit=True,
        )
    with contextlib.closing(opened), opened.cursor() as cursor:
        cursor.execute(statement)
        if cursor.description:
            print(cursor.fetchone()[0])


def sql(namespace: str, datastore: str, host: str, statement: str) -> str:
    """Run a statement, again until the server accepts connections."""
    command = [
        *('ip', 'netns', 'exec', namespace, sys.executable, __file__),
        *('--sql', datastore, host, statement),
    ]
    said = ''

    def attempt() -> str | None:
        nonlocal said
        done = subprocess.run(command, capture_output=True, text=True)
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
    network = cloud.network
    return {
        'servers': {s.id for s in cloud.compute.servers(all_projects=True)},
        'volumes': {
            v.id for v in cloud.block_storage.volumes(all_projects=True)
        },
        'ports': {p.id for p in network.ports()},
        'groups': {g.id for g in network.security_groups()},
        'floating IPs': {i.id for i in network.ips()},
        'server groups': {g.id for g in cloud.compute.server_groups()},
    }


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

        def look() -> Any:
            found = self.trove.backups.get(made.id)
            if found.status == 'FAILED':
                raise SystemExit(f'backup {made.id} failed')
            return found if found.status == 'COMPLETED' else None

        return wait('the backup', look)

    def deleted(self, manager: Any, thing: Any) -> None:
        manager.delete(thing.id)
        wait(
            f'deletion of {thing.id}',
            lambda: thing.id not in {each.id for each in manager.list()},
        )

    def live(self, network: str) -> None:
        title = self.datastore
        inside = functools.partial(sql, _NETWORKS, title)
        with step(f'{title}: create, ACTIVE'):
            made = self.create(
                title,
                flavor_id='1',
                volume={'size': 1},
                datastore=title,
                datastore_version=_VERSIONS[title],
                nics=[{'net-id': network}],
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
        with step(f'{title}: replica'):
            replica = self.create(
                f'{title}-replica',
                replica_of=made.id,
                nics=[{'net-id': network}],
            )
            address = self.address(replica, 'private')
            self.reads_42(inside(address, 'SELECT n FROM t'))
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
            self.deleted(self.trove.instances, made)

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
    if sys.argv[1] == '--sql':
        execute(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
