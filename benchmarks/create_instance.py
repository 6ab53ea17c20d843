# SPDX-License-Identifier: Apache-2.0
"""From POST to ACTIVE against ``initdb`` and a first start by hand.

The instance is made by a whole deployment: Keystone, RabbitMQ, MariaDB and
four services as processes, the guest agent a new process too, all with their
defaults. By hand means: the same programs of PostgreSQL with their own
defaults, run as the same user, until the server accepts connections. Both
are done in turns.
"""

from __future__ import annotations

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
from troveclient import exceptions as trove_exceptions

from benchmarks import _report
from trove.tests.fixtures import deployment
from trove.tests.fixtures import ports
from trove.tests.fixtures import waiting

TIMES = 7
LIMIT = 1.5
_POLL = 0.02
#: A look at the instance takes time of the processors that make it.
_LOOK = 0.1
_USER = 'nobody'


def by_rest(
    client: Any, datastore: str, **values: Any
) -> tuple[float, str]:
    """Seconds from POST to ACTIVE, and the id of the instance.

    :param values: more of the request
    """
    start = time.perf_counter()
    instance = client.instances.create(
        'measured',
        flavor_id='1',
        datastore=datastore,
        **{'volume': {'size': 1}, **values},
    )

    def active() -> bool:
        shown = client.instances.get(instance.id)
        if shown.status == 'ERROR':
            raise RuntimeError(f'The instance failed: {shown.to_dict()}')
        return bool(shown.status == 'ACTIVE')

    waiting.until(active, 'the instance is ACTIVE', 300, _LOOK)
    return time.perf_counter() - start, str(instance.id)


def by_hand(programs: pathlib.Path) -> float:
    """Seconds of ``initdb`` and of the first start."""
    as_root = os.geteuid() == 0
    user = {'user': _USER} if as_root else {}
    directory = pathlib.Path(tempfile.mkdtemp(prefix='by-hand-'))
    if as_root:
        shutil.chown(directory, _USER)
    data = str(directory / 'data')
    port = str(ports.free_port())
    start = time.perf_counter()
    subprocess.run(
        [str(programs / 'initdb'), '-D', data, '-U', 'postgres'],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        **user,
    )
    server = subprocess.Popen(
        [str(programs / 'postgres'), '-D', data, '-p', port]
        + ['-k', str(directory), '-h', '127.0.0.1'],
        stderr=subprocess.DEVNULL,
        cwd=directory,
        **user,
    )
    try:
        waiting.until(
            lambda: accepts(port), 'the server accepts', 60, _POLL
        )
        return time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(directory)


def accepts(port: str) -> bool:
    try:
        psycopg.connect(
            f'host=127.0.0.1 port={port} user=postgres dbname=postgres'
        ).close()
    except psycopg.OperationalError:
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
    directory = place.state_dir / 'volumes' / instance_id
    (pid_file,) = directory.rglob('postmaster.pid')
    pid = pid_file.read_text().split()[0]
    return pathlib.Path(os.readlink(f'/proc/{pid}/exe')).parent


def main() -> int:
    rest, hand = [], []
    place = deployment.Deployment(heartbeat=10)
    with place:
        client = place.client(place.keystone.member)
        _, first = by_rest(client, place.DATASTORE)
        programs = binaries(place, first)
        delete(client, first)
        for _ in range(TIMES):
            hand.append(by_hand(programs))
            seconds, instance_id = by_rest(client, place.DATASTORE)
            rest.append(seconds)
            delete(client, instance_id)
    print(f'POST to ACTIVE: {_report.spread(rest, "s")}')
    print(f'by hand: {_report.spread(hand, "s")}')
    ratio = statistics.median(rest) / statistics.median(hand)
    return _report.conclude(
        [_report.Figure('POST to ACTIVE against by hand', ratio, limit=LIMIT)]
    )


if __name__ == '__main__':
    sys.exit(main())
