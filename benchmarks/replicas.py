# SPDX-License-Identifier: Apache-2.0
"""A replica against the bare tools, and how long a promotion is not writable.

As ``backups``. Bare is ``pg_basebackup`` with the same options into a file,
that file unpacked, and a server started with it; with MariaDB it is
``mariadb-backup`` into such a file, that unpacked by ``mbstream`` and
prepared, and a server started. Of a replica all counts, with its machine,
which is made beside the backup. While one of PostgreSQL is promoted, there
and back, clients write wherever they can, one row after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import sys
import threading
import time
from typing import Any

import psycopg

from benchmarks import _mariadb
from benchmarks import _report
from benchmarks import backups
from benchmarks import create_instance
from trove.tests.fixtures import deployment
from trove.tests.fixtures import waiting

TIMES = 3
CLIENTS = 2
#: That a client writes before and after a promotion.
ROWS = 100
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

    create_instance.poll(works, 'it is ACTIVE and HEALTHY')


def promotions(client: Any, pair: list[str], login: Any) -> tuple[float, int]:
    """Return the longest pause of a client, and the number of lost rows.

    :param pair: the primary and its replica; in this order afterwards, too
    """
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
        written(clients)
        client.instances.promote_to_replica_source(pair[0])
        for member in pair:
            _wait(client, member)
        # To the new primary: the pause is over.
        written(clients)
        address = client.instances.get(pair[0]).addresses[0]['address']
        for each in clients:
            each.stop()
            pauses.append(each.pause)
            lost += _lost(address, login, each.written)
    return max(pauses), lost


def written(clients: list[Client]) -> None:
    """Wait until each has written so many more rows."""
    before = [len(each.written) for each in clients]
    waiting.until(
        lambda: all(
            len(each.written) >= count + ROWS
            for each, count in zip(clients, before, strict=True)
        ),
        'all clients have written',
        120,
    )


def _lost(address: str, login: Any, written: dict[int, float]) -> int:
    with connect(address, login) as connection:
        rows = connection.execute('SELECT number FROM goods').fetchall()
    return len(set(written) - {number for (number,) in rows})


def postgresql(
    place: deployment.Deployment, client: Any, times: int
) -> list[_report.Figure]:
    """Measure replicas of PostgreSQL, and a promotion there and back."""
    with contextlib.ExitStack() as stack:
        _, source = backups.create(client)
        hand = backups.Bare(create_instance.binaries(place, source))
        stack.callback(shutil.rmtree, hand.directory)
        stack.enter_context(backups.filled(hand))
        backups.fill(client.instances.get(source), client)
        ratio, made = against(client, source, hand, times)
        login = client.root.create(source)
        pair = [source, made]
        pause, lost = promotions(client, pair, login)
        # The primary is the first of them, and goes last.
        for each in reversed(pair):
            create_instance.delete(client, each)
    return [
        _report.Figure(
            'replica against pg_basebackup, unpacking and a start',
            ratio,
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


def mariadb(
    place: deployment.Deployment, client: Any, times: int
) -> list[_report.Figure]:
    """Measure replicas of MariaDB."""
    create_instance.add_mariadb(place)
    hand = _mariadb.Bare()
    with hand.filled():
        _, source = create_instance.by_rest(
            client, 'mariadb', volume={'size': 5}
        )
        user, password = client.root.create(source)
        address = client.instances.get(source).addresses[0]['address']
        _mariadb.fill(host=address, user=user, password=password)
        ratio, made = against(client, source, hand, times)
        for each in made, source:
            create_instance.delete(client, each)
    return [
        _report.Figure(
            'replica against mariadb-backup, its preparation and a start',
            ratio,
            limit=LIMIT,
        )
    ]


def against(
    client: Any, source: str, hand: backups.Bare | _mariadb.Bare, times: int
) -> tuple[float, str]:
    """Return how many times as long it takes, and the last replica."""
    ours, bare = [], []
    for turn in range(times):
        bare.append(hand.backup() + hand.restore())
        seconds, made = replica(client, source)
        ours.append(seconds)
        print(f'replica {seconds:.2f} s, bare {bare[-1]:.2f} s', flush=True)
        if turn < times - 1:
            create_instance.delete(client, made)
    return statistics.median(ours) / statistics.median(bare), made


DATASTORES = {'postgresql': postgresql, 'mariadb': mariadb}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--times', type=int, default=TIMES)
    parser.add_argument(
        '--datastores',
        nargs='+',
        choices=list(DATASTORES),
        default=list(DATASTORES),
    )
    asked = parser.parse_args()
    with deployment.Deployment(heartbeat=10) as place:
        client = place.client(place.keystone.member)
        figures = [
            figure
            for each in asked.datastores
            for figure in DATASTORES[each](place, client, asked.times)
        ]
    return _report.conclude(figures)


if __name__ == '__main__':
    sys.exit(main())
