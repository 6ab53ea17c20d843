# SPDX-License-Identifier: Apache-2.0
"""The part of the demonstration that loses data, and gets it back."""

from __future__ import annotations

import datetime
import time
from typing import Any
from typing import Protocol

from trove.standalone import progress as progresses

check = progresses.check
wait = progresses.wait

_SECOND = datetime.timedelta(seconds=1)

_RUNS = ('NEW', 'BUILDING', 'SAVING')


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


def back_up(demo: Demo) -> None:
    """Make a full backup, and an incremental one of what came after it.

    The log of all changes is archived beside them.
    """
    demo.client.client.post(
        '/backup_strategies',
        body={
            'backup_strategy': {
                'instance_id': demo.instance_id,
                'swift_container': 'database_backups',
                'log_archive': True,
            }
        },
    )
    _back_up(demo, 'full')
    demo.execute('CREATE TABLE later (id int)')
    made = _back_up(demo, 'incremental', incremental=True)
    check(made.parent_id, 'the second backup does not continue the first')


def _back_up(demo: Demo, name: str, **options: Any) -> Any:
    backup = demo.client.backups.create(name, demo.instance_id, **options)
    made: list[Any] = []

    def ended() -> bool:
        made[:] = [demo.client.backups.get(backup.id)]
        return made[0].status not in _RUNS

    wait(ended, f'the {name} backup has ended')
    fault = getattr(demo.show(), 'fault', {})
    check(
        made[0].status == 'COMPLETED',
        f'the {name} backup is {made[0].status}: {fault}',
    )
    demo.wait_active()
    demo.note(f'{name}: {made[0].locationRef}')
    return made[0]


def restore(demo: Demo) -> None:
    """Drop the table; restore the second before into another instance."""
    demo.execute('CREATE TABLE newest (id int)')
    before = datetime.datetime.now(datetime.UTC) + _SECOND
    over = time.monotonic() + _SECOND.total_seconds()
    wait(lambda: time.monotonic() > over, 'a second has passed')
    demo.execute('DROP TABLE fruit')
    wait(
        lambda: (demo.show().restorable['latest'] or '')
        > before.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
        'the log is archived up to that time',
    )
    lost, address = demo.instance_id, demo.address
    made = demo.client.instances.create(
        'restored',
        flavor_id=demo.show().flavor['id'],
        volume={'size': 1},
        restorePoint={
            'instance': demo.instance_id,
            'time': before.isoformat(),
        },
        datastore=demo.show().datastore['type'],
        datastore_version=demo.show().datastore['version'],
    )
    demo.instance_id = made.id
    demo.wait_active()
    demo.address = demo.show().addresses[0]['address']
    demo.check_rows()
    demo.execute('SELECT FROM later')
    demo.execute('SELECT FROM newest')
    demo.note(
        f'The table and its rows, and what came after the backups, are on '
        f'{demo.address}, as of {before:%H:%M:%S}'
    )
    demo.client.instances.delete(lost)
    for each in demo.client.backups.list(instance_id=lost):
        if not each.parent_id:
            demo.client.backups.delete(each.id)
    wait(
        lambda: not demo.client.backups.list(instance_id=lost),
        'the backups are gone',
    )
    demo.note(f'The instance that was on {address} and its backups are gone')
