# SPDX-License-Identifier: Apache-2.0
"""Many clients of the REST API, ours and release 26.0's in turns.

Both serve the same MariaDB with a process for each processor, without
Keystone: ours with the pipeline ``noauth``, the released one with the filter
of its own tests that believes every token, and with a Nova and a Neutron that
answer at once. All of it is in favour of release 26.0, and so is that it gets
as many connections of the database as it likes: with its default of 55 a
process, which it keeps for a while after each request, its requests fail from
some ten clients on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from oslo_config import cfg
import psutil
import sqlalchemy as sa

from benchmarks import _report
from trove import conf as trove_conf
from trove.common import crypto
from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects.instance import states
from trove.tests.fixtures import database
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import released as releases

#: Clients, and how often each asks.
CLIENTS = {1: 50, 16: 20, 200: 2, 1000: 1}
ROUNDS = 2
#: As many as a page has.
INSTANCES = 20
THROUGHPUT = 2.0
PROJECT = 'measured'
RELEASED = 'release 26.0'
_PATHS = {
    'instances': f'/v1.0/{PROJECT}/instances',
    'datastores': f'/v1.0/{PROJECT}/datastores',
    'limits': f'/v1.0/{PROJECT}/limits',
}
_HEALTHY = states.ServiceStatus.from_description('healthy')
_TOP = pathlib.Path(__file__).parents[1]

_CONFIG = """\
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
transport_url = rabbit://guest:guest@127.0.0.1:1/
api_paste_config = {paste}
instances_page_size = {page}
enable_secure_rpc_messaging = false
{more}
[database]
connection = {url}
{database}
"""

_OURS = """\
auth_strategy = noauth
[cloud]
driver = noop
"""

# What its rate limits count is a minute.
_RELEASED = """\
http_get_rate = 1000000
remote_nova_client = _released_cloud.Nova
remote_neutron_client = trove.tests.fakes.neutron.fake_create_neutron_client
"""

#: Of the database; release 26.0 holds several for each request.
_CONNECTIONS = 8000


@dataclasses.dataclass
class Taken:
    """What came of one turn."""

    seconds: float
    took: list[float]
    errors: dict[str, int]
    cpu: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds

    @property
    def cpu_each(self) -> float:
        """Milliseconds of a processor for a request."""
        return 1000 * self.cpu / len(self.took)


class API(processes.Process):
    """A trove-api as a process and its workers."""

    def __init__(
        self,
        name: str,
        command: list[str],
        directory: pathlib.Path,
        env: dict[str, str] | None = None,
        **config: str,
    ) -> None:
        self.port = ports.free_port()
        path = directory / f'{name.split()[0]}.conf'
        self.command_config = str(path)
        path.write_text(
            _CONFIG.format(
                **{'port': self.port, 'page': str(INSTANCES), **config}
            )
        )
        super().__init__(
            name,
            [*command, '--config-file', str(path)],
            directory / f'{name.split()[0]}.log',
            ready=self._listens,
            env=env,
            timeout=60,
        )

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(('127.0.0.1', self.port)) == 0

    def cpu(self) -> float:
        """Seconds that all its processes have taken so far."""
        parent = psutil.Process(self.pid)
        times = [
            each.cpu_times()
            for each in (parent, *parent.children(recursive=True))
        ]
        return sum(each.user + each.system for each in times)

    def ask(
        self, path: str, clients: int, times: int, timeout: float = 60.0
    ) -> Taken:
        before = self.cpu()
        done = subprocess.run(
            [sys.executable, '-m', 'benchmarks._load', str(self.port)]
            + [path, PROJECT if self.name == RELEASED else f'u:{PROJECT}']
            + [str(clients), str(times), str(timeout)],
            check=True,
            capture_output=True,
        )
        cpu = self.cpu() - before
        return Taken(**json.loads(done.stdout), cpu=cpu)


def ours(directory: pathlib.Path, url: str, page: int = INSTANCES) -> API:
    paste = _TOP / 'etc' / 'trove' / 'api-paste.ini'
    return API(
        'ours',
        processes.program('trove-api'),
        directory,
        paste=str(paste),
        url=url,
        more=_OURS,
        database='',
        page=str(page),
    )


def released(
    directory: pathlib.Path, url: str, page: int = INSTANCES
) -> API:
    python = releases.python(26)
    shipped = python.parents[1] / 'etc' / 'trove' / 'api-paste.ini'
    paste = directory / 'released-paste.ini'
    paste.write_text(
        shipped.read_text().replace(
            'keystonemiddleware.auth_token:', 'trove.tests.fakes.keystone:'
        )
    )
    shutil.copy(
        pathlib.Path(__file__).parent / '_released_cloud.py', directory
    )
    return API(
        RELEASED,
        [str(python.parent / 'trove-api')],
        directory,
        {'PYTHONPATH': str(directory), 'BENCHMARK_SERVERS': str(page)},
        paste=str(paste),
        url=url,
        more=_RELEASED,
        database='max_overflow = -1',
        page=str(page),
    )


def gunicorn(directory: pathlib.Path, url: str) -> API:
    """Ours, served by gunicorn with as many processes and threads."""
    server = API(
        'gunicorn',
        [],
        directory,
        paste=str(_TOP / 'etc' / 'trove' / 'api-paste.ini'),
        url=url,
        more=_OURS,
        database='',
    )
    server.command = [
        *(sys.executable, '-m', 'gunicorn', '--worker-class', 'gthread'),
        *('--workers', str(len(os.sched_getaffinity(0))), '--threads', '16'),
        *('--backlog', '1024', '--keep-alive', '75'),
        *('--bind', f'127.0.0.1:{server.port}', 'trove.api.wsgi:application'),
    ]
    server.env['OS_TROVE_CONFIG_FILES'] = server.command_config
    return server


def fill(maria: database.MariaDB, instances: int = INSTANCES) -> None:
    """Write down instances that both can show."""
    maria.configure()
    with session.engine().connect() as connection:
        connection.execute(
            sa.text(f'SET GLOBAL max_connections = {_CONNECTIONS}')
        )
    datastores.save('postgresql')
    version = datastores.save_version(
        'postgresql', '18', manager='postgresql', image_id='i', version='18'
    )
    datastores.save('postgresql', '18')
    with session.writer() as db:
        for number in range(instances):
            guest = crypto.generate_key()[:36]
            rows: list[Any] = [
                models.Instance(
                    id=guest,
                    name=f'db{number}',
                    tenant_id=PROJECT,
                    flavor_id='1',
                    volume_size=1,
                    datastore_version_id=version.id,
                    compute_instance_id=f'server-{number}',
                    server_status='ACTIVE',
                    task_id=states.Task.NONE.code,
                    deleted=False,
                ),
                models.ServiceStatus(
                    instance_id=guest,
                    status_id=_HEALTHY.code,
                    status_description=_HEALTHY.description,
                ),
            ]
            for row in rows:
                db.add(row)


def measure(
    what: str, servers: list[API], clients: int, rounds: int
) -> list[_report.Figure]:
    taken: dict[str, list[Taken]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            taken[server.name].append(
                server.ask(_PATHS[what], clients, CLIENTS[clients])
            )
    title = f'{what}, {clients} clients'
    other = servers[1].name
    for name, turns in taken.items():
        kinds = sorted({kind for turn in turns for kind in turn.errors})
        print(
            f'{title}, {name}: {rate(turns):.0f} requests/s, p99 '
            f'{p99(turns):.3f} s, {cpu(turns):.2f} ms of CPU each, '
            f'{errors(turns)} errors {kinds[:3] or ""}',
            flush=True,
        )
    ours, theirs = (taken[server.name] for server in servers)
    return [
        _report.Figure(f'{title}: errors', errors(ours), limit=0),
        _report.Figure(
            f'{title}: p99 against {other}',
            p99(ours) / p99(theirs),
            limit=1.0 if other == RELEASED else None,
        ),
        _report.Figure(
            f'{title}: requests per second against {other}',
            rate(ours) / rate(theirs),
            limit=THROUGHPUT if (clients, other) == (16, RELEASED) else None,
            at_least=True,
        ),
        _report.Figure(
            f'{title}: CPU for a request against {other}',
            cpu(ours) / cpu(theirs),
        ),
    ]


def rate(turns: list[Taken]) -> float:
    return statistics.median(turn.per_second for turn in turns)


def p99(turns: list[Taken]) -> float:
    values = [each for turn in turns for each in turn.took]
    return statistics.quantiles(values, n=100)[98]


def cpu(turns: list[Taken]) -> float:
    return statistics.median(turn.cpu_each for turn in turns)


def errors(turns: list[Taken]) -> int:
    return sum(sum(turn.errors.values()) for turn in turns)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    parser.add_argument('--clients', type=int, nargs='*', default=CLIENTS)
    parser.add_argument(
        '--lists', nargs='*', default=list(_PATHS), choices=list(_PATHS)
    )
    parser.add_argument(
        '--gunicorn',
        action='store_true',
        help='against ours behind gunicorn (which pip installs) instead',
    )
    arguments = parser.parse_args()
    other = gunicorn if arguments.gunicorn else released
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    with (
        tempfile.TemporaryDirectory() as place,
        database.MariaDB() as maria,
        ours(pathlib.Path(place), maria.url) as first,
        other(pathlib.Path(place), maria.url) as second,
    ):
        fill(maria)
        for server in first, second:
            server.start()
            for path in _PATHS.values():
                # One after the other, or release 26.0 may block itself
                # while it opens its first connections.
                server.ask(path, 1, 10)
        figures = [
            figure
            for what in arguments.lists
            for clients in arguments.clients
            for figure in measure(
                what, [first, second], clients, arguments.rounds
            )
        ]
    return _report.conclude(figures)


if __name__ == '__main__':
    sys.exit(main())
