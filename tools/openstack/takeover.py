# SPDX-License-Identifier: Apache-2.0
"""Take over a deployment of release 26.0, by the commands of its page.

Usage: takeover.py IMAGE, on the controller, with the environment of admin.env

That release has made instances, with data, users, parameters and backups.
While requests come in, this release takes over from it, gives back, takes over
again, and changes the instances in each way; IMAGE is the guest image that
they are rebuilt with. After each step the cloud has the same as before, and in
the end nothing; and no request of the meantime was answered wrongly.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
import contextlib
import functools
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import guide
import openstack
import scenario
from scenario import say
from scenario import step
from scenario import wait
from troveclient import exceptions as trove_errors
from troveclient.v1 import client
import visitor as visiting

_HERE = pathlib.Path(__file__).parent
_PAGE = _HERE.parents[1] / 'doc/source/admin/takeover.rst'
_REBUILD = 'openstack database instance rebuild'
_VERSIONS = {'mariadb': '10.11', 'postgresql': '18'}
#: Parameters of each datastore, and how to see the value of one. A backup of
#: 26.0 waits for a whole checkpoint, and fails after a minute.
_PARAMETERS = {
    'mariadb': ({'connect_timeout': 21}, 'SELECT @@connect_timeout', '21'),
    'postgresql': (
        {'deadlock_timeout': '3s', 'checkpoint_timeout': 30},
        'SHOW deadlock_timeout',
        '3s',
    ),
}
#: What an instance has in the cloud; the floating IP has a port, too.
_NEEDED = {
    'servers': 1,
    'volumes': 1,
    'ports': 3,
    'groups': 1,
    'floating IPs': 1,
    'server groups': 0,
    'snapshots': 0,
}


def words() -> list[list[str]]:
    """What the words of the page mean here."""
    prefix = os.environ['OSRIG_PREFIX']
    found = [
        ['@MGMT_ADDRESS:5672', f'@10.81.0.1:{prefix}5673'],
        ['GUEST_PASS', 'guest-password'],
    ]
    if uv := os.environ.get('TROVE_UV'):
        install = f'{uv} pip install --quiet --python /opt/trove/bin/python'
        found += [
            ['python3 -m venv', 'python3 -m venv --without-pip'],
            ['/opt/trove/bin/pip install', install],
        ]
    return found


def follow(title: str) -> None:
    """Do what a section of the page says."""
    steps = [
        each
        for each in guide.steps(_PAGE, title)
        if not each.startswith(_REBUILD)
    ]
    for word, meaning in words():
        steps = [each.replace(word, meaning) for each in steps]
    # Their status is 1 with warnings, or if anything would be refused.
    steps = [
        f'{each} || [[ $? == 1 ]]'
        if each.startswith(('trove-status', 'trove-rpc rehearse'))
        else each
        for each in steps
    ]
    script = [
        'set -euo pipefail',
        'export PATH=$PATH:/opt/trove/bin',
        'told() { cat; }',
        *steps,
    ]
    with step(f'"{title}" of the page'):
        subprocess.run(['bash', '-xc', '\n'.join(script)], check=True)


class Resources:
    """What Trove has in the cloud."""

    def __init__(self, cloud: openstack.connection.Connection) -> None:
        self._cloud = cloud
        # The first look makes what a project has by default.
        scenario.census(cloud)
        self._before = scenario.census(cloud)
        self._made: dict[str, set[str]] = {}

    def look(self) -> dict[str, set[str]]:
        return {
            kind: ids - self._before[kind]
            for kind, ids in scenario.census(self._cloud).items()
        }

    def count(self, instances: int) -> None:
        """Remember what there is: what so many instances need, and no more."""
        self._made = self.look()
        for kind, number in _NEEDED.items():
            if len(self._made[kind]) != number * instances:
                raise SystemExit(
                    f'{kind} of {instances} instances: {self._made[kind]}'
                )

    def check(self) -> None:
        """Is it still the same: nothing made anew, twice or lost?"""
        for kind, ids in self.look().items():
            if ids != self._made[kind]:
                raise SystemExit(f'{kind}: {ids}, before {self._made[kind]}')


class Instance(scenario.Life):
    """An instance, and what has to be in it all the time."""

    made: Any
    addresses: set[str]

    def __init__(
        self,
        trove: client.Client,
        resources: Resources,
        visitor: visiting.Visitor,
        datastore: str,
        name: str,
    ):
        super().__init__(trove, datastore)
        self._resources = resources
        self._visitor = visitor
        self.name = name
        self.rows = 0

    @property
    def id(self) -> str:
        return str(self.made.id)

    def order(self, network: str) -> None:
        """Ask for it, as a customer of 26.0 does."""
        values, _, _ = _PARAMETERS[self.datastore]
        group = self.trove.configurations.create(
            f'of-{self.name}',
            json.dumps(values),
            datastore=self.datastore,
            datastore_version=_VERSIONS[self.datastore],
        )
        self.group = group.id
        self._visitor.changes(self)
        self.made = self.trove.instances.create(
            self.name,
            flavor_id='1',
            volume={'size': 1},
            datastore=self.datastore,
            datastore_version=_VERSIONS[self.datastore],
            nics=[{'net-id': network}],
            databases=[{'name': 'test'}],
            users=[
                {
                    'name': 'me',
                    'password': scenario._PASSWORD,
                    'databases': [{'name': 'test'}],
                }
            ],
            configuration=group.id,
            access={'is_public': True},
        )

    def fill(self) -> None:
        self.made = self.settled(self.id)
        self.addresses = {each['address'] for each in self.made.addresses}
        if self.datastore == 'postgresql':
            # 26.0 grants nothing in the schema "public".
            self.execute('CREATE SCHEMA me')
        self.execute('CREATE TABLE t (n int)')
        self.write()
        self._visitor.meet(self)

    def execute(self, statement: str) -> str:
        return scenario.sql(
            scenario._NETWORKS,
            self.datastore,
            self.address(self.made, 'private'),
            statement,
        )

    def write(self) -> None:
        self.execute(f'INSERT INTO t VALUES ({self.rows})')
        self.rows += 1

    def check(self) -> None:
        """Are rows, users and parameters as before?"""
        self.made = self.settled(self.id)
        self.write()
        self.equal(str(self.rows), self.execute('SELECT count(*) FROM t'))
        _, statement, value = _PARAMETERS[self.datastore]
        self.equal(value, self.execute(statement))
        self.equal(['me'], wait('the users', self.users))
        self._resources.check()

    def users(self) -> list[str]:
        """Return none while a task runs that the status does not show."""
        try:
            return [each.name for each in self.trove.users.list(self.id)]
        except (trove_errors.Conflict, trove_errors.UnprocessableEntity):
            return []

    def equal(self, expected: Any, found: Any) -> None:
        if expected != found:
            raise SystemExit(f'{self.name}: {found}, expected {expected}')

    @contextlib.contextmanager
    def then(self, what: str) -> Any:
        """Do something to it, and look whether all is there afterwards."""
        with step(f'{self.name}: {what}'):
            yield self.trove.instances
            self.check()

    def restart(self) -> None:
        self.check()
        with self.then('restart') as instances:
            instances.restart(self.id)

    def back_up(self) -> Any:
        with self.then('backup'):
            return self.backup(self.made)

    def keep_no_backup(self) -> None:
        self.deleted(self.trove.backups, self.back_up())

    def delete(self) -> None:
        self._visitor.changes(self)
        with step(f'{self.name}: delete'):
            self.deleted(self.trove.instances, self.settled(self.id))
            self.trove.configurations.delete(self.group)
        self._visitor.left(self)

    def change(self) -> None:
        """What this release does to an instance with the agent of 26.0."""
        self.restart()
        with self.then('larger flavor') as instances:
            instances.resize_instance(self.id, '2')
        self.equal('2', self.made.flavor['id'])
        with self.then('larger volume') as instances:
            instances.resize_volume(self.id, 2)
        self.equal(2, self.made.volume['size'])
        backup = self.back_up()
        with self.then('other access') as instances:
            instances.update(self.id, allowed_cidrs=['10.0.0.0/8'])
        done = scenario.execute(
            scenario._OUTSIDE,
            self.datastore,
            self.address(self.made, 'public'),
            'SELECT 1',
        )
        self.equal(False, done.returncode == 0)
        self.deleted(self.trove.backups, backup)

    def rebuild(self, image: str) -> None:
        """Give it the agent of this release."""
        with self.then('rebuild'):
            rebuild(self.id, image)
        self.restart()
        self.keep_no_backup()


def rebuild(instance: str, image: str) -> None:
    """As an administrator does, by the command of the page."""
    command = next(
        each
        for each in guide.steps(_PAGE, 'Afterwards')
        if each.startswith(_REBUILD)
    )
    command = command.replace('INSTANCE', instance).replace('IMAGE', image)
    admin = f'. {os.environ["OSRIG"]}/admin.env; {command}'
    subprocess.run(['bash', '-ec', admin], check=True)


def main(image: str) -> None:
    cloud = openstack.connection.Connection(
        session=scenario.connect(username='admin', project_name='admin'),
        region_name='RegionOne',
    )
    resources = Resources(cloud)
    with step('deploy release 26.0'):
        subprocess.run([_HERE / 'released/deploy.sh'], check=True)
    trove = client.Client(
        session=scenario.connect(username='demo', project_name='demo'),
        region_name='RegionOne',
        service_type='database',
    )
    wait('the API', lambda: answers(trove))
    network = cloud.network.find_network('user').id
    visitor = visiting.Visitor(trove)
    visitor.start()
    instance = functools.partial(Instance, trove, resources, visitor)
    kept = [instance(each, each) for each in ('mariadb', 'postgresql')]
    spare, late = instance('mariadb', 'spare'), instance('mariadb', 'late')
    create(network, *kept, spare)
    resources.count(3)
    # The first two of a project at the same time are an error of 26.0.
    old_backups = [each.back_up() for each in kept]
    visitor.expect(*old_backups)
    visitor.work_with(spare)
    follow('Preparation')
    visitor.breaks += 1
    follow('Switch-over')
    together(Instance.restart, kept)
    follow('And back')
    wait('the API', lambda: answers(trove))
    together(Instance.restart, kept)
    for each in kept:
        each.keep_no_backup()
    spare.delete()
    create(network, late)
    resources.count(3)
    visitor.work_with(late)
    visitor.breaks += 1
    follow('Switch-over')
    together(Instance.change, kept)
    late.delete()
    resources.count(2)
    follow('Afterwards')
    together(lambda each: each.rebuild(image), kept)
    visitor.expect()
    for each in old_backups:
        kept[0].deleted(trove.backups, each)
    together(Instance.delete, kept)
    visitor.finish()
    resources.count(0)
    unused()
    say('nothing is left over')


def together(do: Callable[[Instance], Any], to: list[Instance]) -> list[Any]:
    """Do the same to several at the same time."""
    with futures.ThreadPoolExecutor() as pool:
        return list(pool.map(do, to))


def create(network: str, *instances: Instance) -> None:
    names = ', '.join(each.name for each in instances)
    with step(f'26.0: create {names}; fill'):
        for each in instances:
            each.order(network)
        for each in instances:
            each.fill()


def unused() -> None:
    """Is nothing counted any more, and nothing stored?"""
    session = scenario.connect(username='demo', project_name='demo')
    admin = client.Client(
        session=scenario.connect(username='admin', project_name='admin'),
        region_name='RegionOne',
        service_type='database',
    )
    for each in admin.quota.show(session.get_project_id()):
        if each.in_use or each.reserved:
            raise SystemExit(f'quota of {each.resource}: {each.in_use} in use')
    customer = openstack.connection.Connection(
        session=session, region_name='RegionOne'
    )
    for container in customer.object_store.containers():
        if left := list(customer.object_store.objects(container.name)):
            raise SystemExit(f'{container.name} of Swift has {left}')


def answers(trove: client.Client) -> bool:
    try:
        trove.datastores.list()
    except visiting.ERRORS:
        return False
    return True


if __name__ == '__main__':
    main(*sys.argv[1:])
