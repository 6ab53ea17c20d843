# SPDX-License-Identifier: Apache-2.0
"""A backup and a restore against the bare tools piped to a file.

The instance is made by a whole deployment, as in ``create_instance``, with a
directory as object store. Bare means: another server of the same programs
with the same rows, ``pg_basebackup`` with the same options into a file, and
that file unpacked and started. All are done in turns. Of a restore counts what
it takes longer than a new instance without data.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

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
_LOOK = 0.1
_USER = 'nobody'
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

    :param instance_id: whose
    """

    def __init__(self, instance_id: str) -> None:
        self._agents = [
            process
            for process in processes.mentioning(instance_id)
            if 'trove-guestagent' in ' '.join(process.cmdline())
        ]
        self._end = threading.Event()
        self.before = self._now()
        self.most = self.before
        self._thread = threading.Thread(target=self._watch)

    def _now(self) -> float:
        return sum(each.memory_info().rss for each in self._agents) / _MIB

    def _watch(self) -> None:
        while not self._end.wait(0.05):
            self.most = max(self.most, self._now())

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()


def create(client: Any, **values: Any) -> tuple[float, str]:
    # Of smaller ones, the log of so many rows would be dropped.
    return create_instance.by_rest(
        client, deployment.Deployment.DATASTORE, volume={'size': 5}, **values
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

    waiting.until(ended, 'the backup is COMPLETED', 300, _LOOK)
    return time.perf_counter() - start, str(made.id)


def main() -> int:
    ours, bare, restored, unpacked, new = [], [], [], [], []
    place = deployment.Deployment(heartbeat=10)
    with place, contextlib.ExitStack() as stack:
        client = place.client(place.keystone.member)
        _, source = create(client)
        binaries = create_instance.binaries(place, source)
        hand = Bare(binaries)
        stack.callback(shutil.rmtree, hand.directory)
        stack.enter_context(filled(hand))
        fill(client.instances.get(source), client)
        more = []
        for _ in range(TIMES):
            bare.append(hand.backup())
            with Memory(source) as memory:
                seconds, backup = by_rest(client, source)
            ours.append(seconds)
            more.append(memory.most - memory.before)
            seconds, empty = create(client)
            new.append(seconds)
            create_instance.delete(client, empty)
            unpacked.append(hand.restore())
            seconds, made = create(
                client, restorePoint={'backupRef': backup}
            )
            restored.append(seconds)
            create_instance.delete(client, made)
            client.backups.delete(backup)
    middle = statistics.median
    print(f'backup: {middle(ours):.2f} s, bare {middle(bare):.2f} s')
    print(
        f'restore: {middle(restored):.2f} s, a new instance '
        f'{middle(new):.2f} s, bare {middle(unpacked):.2f} s'
    )
    return _report.conclude(
        [
            _report.Figure(
                'backup against pg_basebackup to a file',
                middle(ours) / middle(bare),
                limit=LIMIT,
            ),
            _report.Figure(
                'restore, without creation, against unpacking and a start',
                (middle(restored) - middle(new)) / middle(unpacked),
                limit=LIMIT,
            ),
            _report.Figure(
                'memory of the agent more during a backup',
                max(more),
                ' MiB',
                MEMORY_LIMIT,
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
