# SPDX-License-Identifier: Apache-2.0
"""The part of the demonstration that changes a database while it is used."""

from __future__ import annotations

import json
from typing import Any
from typing import Protocol

from trove.standalone import progress as progresses

check = progresses.check
wait = progresses.wait

_GROUP = {'work_mem': 8192}


class Demo(Protocol):
    """What it needs of :class:`trove.standalone.demo.Demo`."""

    client: Any
    instance_id: str
    address: str

    def note(self, text: str) -> None: ...
    def show(self) -> Any: ...
    def wait_active(self) -> None: ...
    def check_rows(self) -> None: ...
    def execute(self, text: str) -> None: ...
    def ask(self, text: str) -> str: ...


def configure(demo: Demo) -> None:
    """Attach a configuration group, and see its value in the database."""
    before = demo.ask('SHOW work_mem')
    group = demo.client.configurations.create(
        'more memory',
        json.dumps(_GROUP),
        datastore=demo.show().datastore['type'],
        datastore_version=demo.show().datastore['version'],
    )
    demo.client.instances.update(demo.instance_id, configuration=group.id)
    wait(lambda: demo.ask('SHOW work_mem') == '8MB', 'work_mem is 8MB')
    demo.client.instances.update(
        demo.instance_id, remove_configuration=True
    )
    wait(
        lambda: demo.ask('SHOW work_mem') == before,
        f'work_mem is {before} again',
    )
    demo.client.configurations.delete(group.id)
    demo.note(f'work_mem was {before}, 8MB with the group, and is again')


def replicate(demo: Demo) -> None:
    """Make a replica, and read the rows there."""
    made = demo.client.instances.create(
        'replica', replica_of=demo.instance_id
    )
    primary, address = demo.instance_id, demo.address
    _go_to(demo, made.id)
    demo.check_rows()
    demo.note(f'The rows are on {demo.address}, which follows {address}')
    check(
        demo.ask('SHOW transaction_read_only') == 'on',
        'the replica is not read-only',
    )
    _go_to(demo, primary)


def promote(demo: Demo) -> None:
    """Promote the replica, write there, and read that at the old primary."""
    old, (replica,) = demo.instance_id, demo.show().replicas
    demo.client.instances.promote_to_replica_source(replica['id'])
    wait(
        lambda: [r['id'] for r in getattr(_get(demo, replica), 'replicas', ())]
        == [old],
        'the replica has become the primary',
    )
    _go_to(demo, replica['id'])
    demo.execute('CREATE TABLE promoted (id int)')
    demo.note(f'{demo.address} is the primary, and has been written')
    _go_to(demo, old)
    wait(lambda: _has(demo, 'promoted'), 'the old primary has the change')
    demo.check_rows()
    demo.note(f'{demo.address}, the old primary, follows it')
    demo.client.instances.delete(old)
    wait(lambda: not hasattr(_get(demo, replica), 'replicas'), 'it is gone')
    _go_to(demo, replica['id'])


def upgrade(demo: Demo) -> None:
    """Register the number of the server as a version, and upgrade to it."""
    number = demo.ask('SHOW server_version').split()[0]
    before = demo.show().datastore
    demo.client.mgmt_ds_versions.create(
        number,
        before['type'],
        before['type'],
        None,
        image_tags=['local'],
        active='true',
        default='false',
        version=number,
    )
    demo.client.instances.upgrade(demo.instance_id, number)
    wait(
        lambda: demo.show().datastore['version'] == number,
        f'the version is {number}',
    )
    demo.wait_active()
    demo.check_rows()
    demo.note(f'Its version was {before["version"]}, and is {number}')


def _get(demo: Demo, instance: dict[str, Any]) -> Any:
    return demo.client.instances.get(instance['id'])


def _has(demo: Demo, table: str) -> bool:
    return demo.ask(f"SELECT to_regclass('{table}') IS NOT NULL") == 'True'


def _go_to(demo: Demo, instance_id: str) -> None:
    """Have the steps that follow be about another instance."""
    demo.instance_id = instance_id
    demo.wait_active()
    demo.address = demo.show().addresses[0]['address']
