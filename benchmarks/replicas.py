# SPDX-License-Identifier: Apache-2.0
"""A replica against the bare tools, and how long a promotion is not writable.

As ``backups``. Bare is ``pg_basebackup`` with the same options into a file,
that file unpacked, and a server started with it. Of a replica counts what it
takes longer than a new instance without data. While it is promoted, there and
back, clients write wherever they can, one row after the other.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import sys
import threading
import time
from typing import Any

import psycopg

from benchmarks import _report
from benchmarks import backups
from benchmarks import create_instance
from trove.tests.fixtures import deployment
from trove.tests.fixtures import waiting

TIMES = 3
CLIENTS = 2
LIMIT = 1.3
PAUSE_LIMIT = 3.0


class Client(threading.Thread):
    """Writes rows to whichever instance takes them.

    :ivar written: when each row was acknowledged, by its number
    """

    def __init__(self, addresses: list[str], login: Any, first: int) -> None:
        super().__init__(daemon=True)
        self._addresses = addresses
        self._login = login
        self._numbers = iter(range(first, first + 10**9))
        self._end = threading.Event()
        self.written: dict[int, float] = {}

    def run(self) -> None:
        while not self._end.is_set():
            for address in self._addresses:
                with contextlib.suppress(psycopg.Error):
                    self._write(address)

    def _write(self, address: str) -> None:
        with connect(address, self._login) as connection:
            while not self._end.is_set():
                number = next(self._numbers)
                connection.execute('INSERT INTO goods VALUES (%s)', [number])
                self.written[number] = time.perf_counter()

    def stop(self) -> None:
        self._end.set()
        self.join(60)

    @property
    def pause(self) -> float:
        """The longest time without an acknowledged row, in seconds."""
        times = sorted(self.written.values())
        return max(
            after - before
            for before, after in zip(times, times[1:], strict=False)
        )


def connect(address: str, login: Any) -> psycopg.Connection[Any]:
    user, password = login
    return psycopg.connect(
        host=address,
        user=user,
        password=password,
        dbname='postgres',
        autocommit=True,
        connect_timeout=2,
    )


def replica(client: Any, primary: str) -> tuple[float, str]:
    """Seconds from POST until it works, and its id."""
    start = time.perf_counter()
    made = client.instances.create('measured', replica_of=primary)
    _wait(client, made.id)
    return time.perf_counter() - start, str(made.id)


def _wait(client: Any, instance_id: str) -> None:
    def works() -> bool:
        found = client.instances.get(instance_id)
        if found.status == 'ERROR':
            raise RuntimeError(found.to_dict())
        good = (found.status, found.operating_status)
        return bool(good == ('ACTIVE', 'HEALTHY'))

    waiting.until(works, 'it is ACTIVE', 600, 0.1)


def promotions(client: Any, pair: list[str], login: Any) -> tuple[float, int]:
    """Return the longest pause of a client, and the number of lost rows."""
    addresses = [
        client.instances.get(each).addresses[0]['address'] for each in pair
    ]
    pauses, lost = [], 0
    with connect(addresses[0], login) as connection:
        connection.execute('CREATE TABLE goods (number int)')
    for turn in range(TIMES):
        pair.reverse()
        clients = [
            Client(addresses, login, (turn * CLIENTS + number) * 10**7)
            for number in range(CLIENTS)
        ]
        for each in clients:
            each.start()
        time.sleep(1.0)
        client.instances.promote_to_replica_source(pair[0])
        for member in pair:
            _wait(client, member)
        time.sleep(1.0)
        address = client.instances.get(pair[0]).addresses[0]['address']
        for each in clients:
            each.stop()
            pauses.append(each.pause)
            lost += _lost(address, login, each.written)
    return max(pauses), lost


def _lost(address: str, login: Any, written: dict[int, float]) -> int:
    with connect(address, login) as connection:
        rows = connection.execute('SELECT number FROM goods').fetchall()
    return len(set(written) - {number for (number,) in rows})


def main() -> int:
    ours, bare, new = [], [], []
    place = deployment.Deployment(heartbeat=10)
    with place, contextlib.ExitStack() as stack:
        client = place.client(place.keystone.member)
        _, source = backups.create(client)
        hand = backups.Bare(create_instance.binaries(place, source))
        stack.callback(shutil.rmtree, hand.directory)
        stack.enter_context(backups.filled(hand))
        backups.fill(client.instances.get(source), client)
        for turn in range(TIMES):
            bare.append(hand.backup() + hand.restore())
            seconds, empty = backups.create(client)
            new.append(seconds)
            create_instance.delete(client, empty)
            seconds, made = replica(client, source)
            ours.append(seconds)
            if turn < TIMES - 1:
                create_instance.delete(client, made)
        login = client.root.create(source)
        pause, lost = promotions(client, [source, made], login)
    middle = statistics.median
    print(
        f'replica: {middle(ours):.2f} s, a new instance {middle(new):.2f} s, '
        f'bare {middle(bare):.2f} s'
    )
    return _report.conclude(
        [
            _report.Figure(
                'replica, without creation, against pg_basebackup and a start',
                (middle(ours) - middle(new)) / middle(bare),
                limit=LIMIT,
            ),
            _report.Figure(
                f'longest pause of {CLIENTS} clients in a promotion',
                pause,
                ' s',
                PAUSE_LIMIT,
            ),
            _report.Figure('acknowledged rows lost', lost, '', 0.0),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
