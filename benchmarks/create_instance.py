# SPDX-License-Identifier: Apache-2.0
"""From POST to ACTIVE against a new database and its first start by hand.

The instance is made by a whole deployment: Keystone, RabbitMQ, MariaDB and
four services as processes, the guest agent a new process too, all with their
defaults. By hand means: the same programs, ``initdb`` of PostgreSQL and
``mariadb-install-db`` of MariaDB, with their own defaults, run as the same
user, until the server accepts connections. Both are done in turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import psycopg
import pymysql
from troveclient import exceptions as trove_exceptions

from benchmarks import _report
from trove.tests.fixtures import deployment
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting

TIMES = 7
LIMIT = 1.5
_POLL = 0.02
#: A look at the instance takes time of the processors that make it.
_LOOK = 0.1
_USER = 'nobody'


def by_rest(
    client: Any, datastore: str, unseen: float = 0.0, **values: Any
) -> tuple[float, str]:
    """Seconds from POST to ACTIVE, and the id of the instance.

    :param unseen: seconds in which it cannot be ACTIVE yet: nobody looks, and
        then as often as by hand
    :param values: more of the request
    """
    start = time.perf_counter()
    instance_id = post(client, datastore, **values)
    time.sleep(unseen)
    wait_active(client, instance_id, _POLL if unseen else _LOOK)
    return time.perf_counter() - start, instance_id


def post(client: Any, datastore: str, **values: Any) -> str:
    instance = client.instances.create(
        'measured',
        flavor_id='1',
        datastore=datastore,
        **{'volume': {'size': 1}, **values},
    )
    return str(instance.id)


def wait_active(
    client: Any, instance_id: str, interval: float = _LOOK
) -> None:
    def active() -> bool:
        shown = client.instances.get(instance_id)
        if shown.status == 'ERROR':
            raise RuntimeError(f'The instance failed: {shown.to_dict()}')
        return bool(shown.status == 'ACTIVE')

    poll(active, 'the instance is ACTIVE', interval=interval)


def poll(
    look: Callable[[], bool],
    what: str,
    timeout: float = 900,
    interval: float = _LOOK,
) -> None:
    """Look at even intervals: rarer looks would be measured, too."""
    end = time.monotonic() + timeout
    while not look():
        if time.monotonic() > end:
            raise RuntimeError(f'Not within {timeout} s: {what}')
        time.sleep(interval)


def by_hand(datastore: str, programs: pathlib.Path) -> float:
    """Seconds until a new database is made and its server accepts."""
    as_root = os.geteuid() == 0
    user = {'user': _USER} if as_root else {}
    directory = pathlib.Path(tempfile.mkdtemp(prefix='by-hand-'))
    if as_root:
        shutil.chown(directory, _USER)
    port = str(ports.free_port())
    make, serve = _commands(datastore, programs, directory, port)
    start = time.perf_counter()
    subprocess.run(
        make,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        **user,
    )
    server = subprocess.Popen(
        serve, stderr=subprocess.DEVNULL, cwd=directory, **user
    )
    try:
        waiting.until(
            lambda: accepts(port, datastore), 'the server accepts', 60, _POLL
        )
        return time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(directory)


def _commands(
    datastore: str, programs: pathlib.Path, directory: pathlib.Path, port: str
) -> tuple[list[str], list[str]]:
    """Return what makes a database, and what serves it."""
    data = f'{directory}/data'
    if datastore == 'postgresql':
        return (
            [str(programs / 'initdb'), '-D', data, '-U', 'postgres'],
            [str(programs / 'postgres'), '-D', data, '-p', port]
            + ['-k', str(directory), '-h', '127.0.0.1'],
        )
    where = ['--no-defaults', f'--datadir={data}']
    return (
        ['mariadb-install-db', *where, '--skip-test-db']
        + ['--auth-root-authentication-method=normal'],
        [str(programs / 'mariadbd'), *where, f'--port={port}']
        + [f'--socket={directory}/s', '--bind-address=127.0.0.1'],
    )


def accepts(port: str, datastore: str = 'postgresql') -> bool:
    try:
        if datastore == 'postgresql':
            psycopg.connect(
                f'host=127.0.0.1 port={port} user=postgres dbname=postgres'
            ).close()
        else:
            pymysql.connect(
                host='127.0.0.1', port=int(port), user='root'
            ).close()
    except (psycopg.OperationalError, pymysql.OperationalError):
        return False
    return True


def delete(client: Any, instance_id: str) -> None:
    client.instances.delete(instance_id)

    def gone() -> bool:
        try:
            client.instances.get(instance_id)
        except trove_exceptions.NotFound:
            return True
        return False

    waiting.until(gone, 'the instance is gone', 60)


def binaries(place: deployment.Deployment, instance_id: str) -> pathlib.Path:
    """Where the programs are that the instance runs."""
    server = next(
        process
        for process in processes.mentioning(instance_id)
        if process.name() in ('postgres', 'mariadbd')
    )
    return pathlib.Path(server.exe()).parent


def add_mariadb(place: deployment.Deployment) -> None:
    place.manage('datastore_update', 'mariadb', '')
    place.manage(
        'datastore_version_update',
        *('mariadb', '10.11', 'mariadb', 'local', '', '1'),
    )
    place.manage('datastore_update', 'mariadb', '10.11')


def measure(
    place: deployment.Deployment, datastore: str, times: int
) -> _report.Figure:
    """Create and delete instances, and databases by hand, in turns."""
    rest, hand = [], []
    client = place.client(place.keystone.member)
    _, first = by_rest(client, datastore)
    programs = binaries(place, first)
    delete(client, first)
    for _ in range(times):
        hand.append(by_hand(datastore, programs))
        seconds, instance_id = by_rest(client, datastore, hand[-1])
        rest.append(seconds)
        delete(client, instance_id)
    print(f'{datastore}, POST to ACTIVE: {_report.spread(rest, "s")}')
    print(f'{datastore}, by hand: {_report.spread(hand, "s")}', flush=True)
    return _report.Figure(
        f'{datastore}, POST to ACTIVE against by hand',
        statistics.median(rest) / statistics.median(hand),
        limit=LIMIT,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--times', type=int, default=TIMES)
    parser.add_argument(
        '--datastores', nargs='+', default=['postgresql', 'mariadb']
    )
    asked = parser.parse_args()
    place = deployment.Deployment(heartbeat=10)
    with place:
        add_mariadb(place)
        figures = [
            measure(place, each, asked.times) for each in asked.datastores
        ]
    return _report.conclude(figures)


if __name__ == '__main__':
    sys.exit(main())
