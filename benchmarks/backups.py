# SPDX-License-Identifier: Apache-2.0
"""A backup and a restore against the bare tools piped to a file.

The instance is made by a whole deployment, as in ``create_instance``, with a
directory as object store. Bare means: another server of the same programs
with the same rows, ``pg_basebackup`` with the same options into a file, and
that file unpacked and started. All are done in turns. A restore counts from
when the agent of the new instance is up until the instance is ACTIVE, so that
the time of a new machine is in neither.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import datetime
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

import psutil
import psycopg

from benchmarks import _report
from benchmarks import create_instance
from trove.tests.fixtures import deployment
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting

TIMES = 3
LIMIT = 1.15
MEMORY_LIMIT = 64.0
_MIB = 1024 * 1024
#: In the log of an agent, when it can get orders.
_UP = re.compile(r'^(\S+ \S+) \d+ INFO .* Guest agent of .* started', re.M)
_USER = 'nobody'
#: Of a smaller one, the log of so many rows would be dropped.
_VOLUME = {'size': 5}
#: Some 250 MB, of which gzip leaves the half.
_FILL = """
CREATE TABLE filler AS SELECT i, (
    SELECT string_agg(md5(i::text || '.' || j::text), '')
    FROM generate_series(1, 30) j
) FROM generate_series(1, 220000) i
"""
#: So that the server does not do it while it is measured.
_QUIET = 'VACUUM (FREEZE, ANALYZE) filler'


class Bare:
    """A server by hand, with its own defaults, run as the same user."""

    def __init__(self, binaries: pathlib.Path) -> None:
        self._binaries = binaries
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='by-hand-'))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.directory, _USER)
            self._user = {'user': _USER}
        self.port = str(ports.free_port())

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._binaries / program), *arguments],
            check=True,
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )

    @contextlib.contextmanager
    def started(self, data: str, port: str) -> Iterator[None]:
        server = subprocess.Popen(
            [str(self._binaries / 'postgres'), '-D', data, '-p', port]
            + ['-k', str(self.directory), '-h', '127.0.0.1'],
            stderr=subprocess.DEVNULL,
            cwd=self.directory,
            **self._user,
        )
        try:
            waiting.until(
                lambda: create_instance.accepts(port),
                'the server accepts',
                120,
                0.02,
            )
            yield
        finally:
            server.terminate()
            server.wait(60)

    def backup(self) -> float:
        """Seconds of ``pg_basebackup`` into a file."""
        start = time.perf_counter()
        with (self.directory / 'base.tar.gz').open('wb') as target:
            subprocess.run(
                [
                    str(self._binaries / 'pg_basebackup'),
                    *('-h', '127.0.0.1', '-p', self.port, '-U', 'postgres'),
                    *('--pgdata=-', '--format=tar', '--gzip'),
                    *('--wal-method=fetch', '--checkpoint=fast'),
                ],
                check=True,
                stdout=target,
                stderr=subprocess.DEVNULL,
                cwd=self.directory,
                **self._user,
            )
        return time.perf_counter() - start

    def restore(self) -> float:
        """Seconds until a server accepts that was unpacked from it."""
        data = self.directory / 'restored'
        start = time.perf_counter()
        data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(data, _USER)
        subprocess.run(
            ['tar', '-xzf', '../base.tar.gz'],
            check=True,
            cwd=data,
            **self._user,
        )
        with self.started(str(data), str(ports.free_port())):
            seconds = time.perf_counter() - start
        shutil.rmtree(data)
        return seconds


class Memory:
    """What the processes of an agent hold at most, apart from its children.

    :param rest: what they hold at rest; None: what they hold now
    """

    def __init__(self, rest: float | None = None) -> None:
        self.rest = rest
        self.most = 0.0
        self._end = threading.Event()

    @contextlib.contextmanager
    def watch(self, directory: pathlib.Path) -> Iterator[None]:
        """Look at the agent with this directory, as soon as it runs."""
        thread = threading.Thread(target=self._watch, args=(directory,))
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _watch(self, directory: pathlib.Path) -> None:
        agents: list[Any] = []
        while not agents and not self._end.wait(0.2):
            agents = [
                process
                for process in processes.mentioning(str(directory))
                if 'trove-guestagent' in ' '.join(process.cmdline())
            ]
        while not self._end.wait(0.05):
            with contextlib.suppress(psutil.NoSuchProcess):
                held = sum(each.memory_info().rss for each in agents) / _MIB
                self.rest = held if self.rest is None else self.rest
                self.most = max(self.most, held)

    @property
    def more(self) -> float:
        assert self.rest is not None
        return self.most - self.rest


def create(client: Any, **values: Any) -> tuple[float, str]:
    return create_instance.by_rest(
        client, deployment.Deployment.DATASTORE, volume=_VOLUME, **values
    )


def fill(instance: Any, client: Any) -> None:
    user, password = client.root.create(instance.id)
    with psycopg.connect(
        host=instance.addresses[0]['address'],
        user=user,
        password=password,
        dbname='postgres',
        autocommit=True,
    ) as connection:
        connection.execute(_FILL)
        connection.execute(_QUIET)


@contextlib.contextmanager
def filled(hand: Bare) -> Iterator[None]:
    """Run the server by hand, with the same rows."""
    data = str(hand.directory / 'data')
    hand.run('initdb', '-D', data, '-U', 'postgres')
    with hand.started(data, hand.port):
        with psycopg.connect(
            f'host=127.0.0.1 port={hand.port} user=postgres', autocommit=True
        ) as connection:
            connection.execute(_FILL)
            connection.execute(_QUIET)
        yield


def by_rest(client: Any, instance_id: str) -> tuple[float, str]:
    """Seconds from POST to COMPLETED, and the id of the backup."""
    start = time.perf_counter()
    made = client.backups.create('measured', instance_id)

    def ended() -> bool:
        status = client.backups.get(made.id).status
        if status == 'FAILED':
            raise RuntimeError(client.instances.get(instance_id).to_dict())
        return bool(status == 'COMPLETED')

    create_instance.poll(ended, 'the backup is COMPLETED')
    return time.perf_counter() - start, str(made.id)


def restore(
    place: deployment.Deployment, client: Any, backup: str, memory: Memory
) -> float:
    """Seconds from the start of an agent until its instance is ACTIVE."""
    made = create_instance.post(
        client,
        place.DATASTORE,
        volume=_VOLUME,
        restorePoint={'backupRef': backup},
    )
    with memory.watch(place.state_dir / 'servers' / made):
        create_instance.wait_active(client, made)
    seconds = time.time() - up(place, made)
    create_instance.delete(client, made)
    return seconds


def up(place: deployment.Deployment, instance_id: str) -> float:
    """When the agent of an instance was able to get orders."""
    log = place.state_dir / 'servers' / instance_id / 'log/guestagent.log'
    found = _UP.search(log.read_text(errors='replace'))
    assert found is not None, log
    return datetime.datetime.fromisoformat(found[1]).timestamp()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--times', type=int, default=TIMES)
    times = parser.parse_args().times
    ours, bare, restored, unpacked = [], [], [], []
    more, more_restored = [], []
    place = deployment.Deployment(heartbeat=10)
    with place, contextlib.ExitStack() as stack:
        client = place.client(place.keystone.member)
        _, source = create(client)
        binaries = create_instance.binaries(place, source)
        hand = Bare(binaries)
        stack.callback(shutil.rmtree, hand.directory)
        stack.enter_context(filled(hand))
        fill(client.instances.get(source), client)
        for _ in range(times):
            bare.append(hand.backup())
            memory = Memory()
            with memory.watch(place.state_dir / 'servers' / source):
                seconds, backup = by_rest(client, source)
            ours.append(seconds)
            more.append(memory.more)
            unpacked.append(hand.restore())
            meanwhile = Memory(memory.rest)
            restored.append(restore(place, client, backup, meanwhile))
            more_restored.append(meanwhile.more)
            client.backups.delete(backup)
            print(
                f'backup {ours[-1]:.2f} s, bare {bare[-1]:.2f} s; restore '
                f'{restored[-1]:.2f} s, bare {unpacked[-1]:.2f} s',
                flush=True,
            )
    middle = statistics.median
    return _report.conclude(
        [
            _report.Figure(
                'backup against pg_basebackup to a file',
                middle(ours) / middle(bare),
                limit=LIMIT,
            ),
            _report.Figure(
                'restore, from the start of the agent, against by hand',
                middle(restored) / middle(unpacked),
                limit=LIMIT,
            ),
            _report.Figure(
                'memory of the agent more during a backup',
                max(more),
                ' MiB',
                MEMORY_LIMIT,
            ),
            _report.Figure(
                'memory of the agent more during a restore',
                max(more_restored),
                ' MiB',
                MEMORY_LIMIT,
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
