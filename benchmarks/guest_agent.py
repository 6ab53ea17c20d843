# SPDX-License-Identifier: Apache-2.0
"""Memory of a guest agent at rest, and how soon it reports.

Memory: of an instance that a whole deployment has made, what its processes
hold apart from PostgreSQL's own, that is the agent and its supervisor, after
it has reported a few times. Start: from the exec of ``trove-guestagent``
until its first heartbeat is received from RabbitMQ.
"""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any
import uuid

from oslo_config import cfg
import oslo_messaging
import psutil

from benchmarks import _report
from benchmarks import create_instance
from trove import conf as trove_conf
from trove.tests.fixtures import deployment
from trove.tests.fixtures import processes
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting

STARTS = 9
MEMORY_LIMIT = 70.0
START_LIMIT = 1.5
_MIB = 1024 * 1024
_TOPIC = 'measured-conductor'
_HEARTBEATS = 3


class Conductor:
    """Takes heartbeats and remembers when each guest's first one came."""

    target = oslo_messaging.Target(version='1.0')

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.heard = threading.Condition()

    def heartbeat(
        self, context: Any, instance_id: str, **arguments: Any
    ) -> None:
        with self.heard:
            self.first.setdefault(instance_id, time.perf_counter())
            self.heard.notify_all()


def memory(place: deployment.Deployment) -> dict[str, float]:
    """MiB of the agent's processes of a new instance, RSS and PSS."""
    client = place.client(place.keystone.member)
    _, instance_id = create_instance.by_rest(client, place.DATASTORE)
    _settle(client, instance_id)
    sizes = [
        process.memory_full_info()
        for process in processes.mentioning(instance_id)
        if 'postgres' not in process.name()
    ]
    return {
        'RSS': sum(size.rss for size in sizes) / _MIB,
        'PSS': sum(size.pss for size in sizes) / _MIB,
    }


def _settle(client: Any, instance_id: str) -> None:
    """Wait until the agent has been used and has reported a few times."""
    client.databases.create(instance_id, [{'name': 'one'}])
    client.databases.list(instance_id)
    pause = threading.Event()
    pause.wait(_HEARTBEATS * 1.0)


def start(url: str, conductor: Conductor, directory: pathlib.Path) -> float:
    """Seconds from exec to the first heartbeat of a new guest agent."""
    guest_id = str(uuid.uuid4())
    config = directory / f'{guest_id}.conf'
    config.write_text(
        '[DEFAULT]\n'
        f'transport_url = {url}\n'
        f'guest_id = {guest_id}\n'
        'datastore_manager = postgresql\n'
        f'conductor_queue = {_TOPIC}\n'
        'enable_secure_rpc_messaging = false\n'
        '[guestagent]\n'
        f'state_dir = {directory / guest_id}\n'
        f'data_dir = {directory / guest_id}-data\n'
    )
    command = [
        *processes.program('trove-guestagent'),
        *('--config-file', str(config)),
    ]
    with (directory / 'guest.log').open('ab') as log:
        began = time.perf_counter()
        agent = psutil.Popen(command, stdout=log, stderr=log)
    try:
        with conductor.heard:
            if not conductor.heard.wait_for(
                lambda: guest_id in conductor.first, timeout=30
            ):
                raise waiting.TimedOut(
                    processes.tail(directory / 'guest.log')
                )
        return conductor.first[guest_id] - began
    finally:
        agent.terminate()
        try:
            agent.wait(30)
        except subprocess.TimeoutExpired:
            agent.kill()


def starts(url: str) -> list[float]:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    conductor = Conductor()
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic=_TOPIC, server='measured'),
        [conductor],
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    try:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            # The first fills the caches of the file system.
            start(url, conductor, path)
            return [start(url, conductor, path) for _ in range(STARTS)]
    finally:
        server.stop()
        server.wait()
        transport.cleanup()


def main() -> int:
    place = deployment.Deployment(heartbeat=1)
    with place:
        sizes = memory(place)
    with rabbitmq.RabbitMQ() as broker:
        seconds = starts(broker.url)
    print(f'exec to first heartbeat: {_report.spread(seconds, "s")}')
    return _report.conclude(
        [
            _report.Figure(
                'memory at rest, RSS', sizes['RSS'], ' MiB', MEMORY_LIMIT
            ),
            _report.Figure('memory at rest, PSS', sizes['PSS'], ' MiB'),
            _report.Figure(
                'exec to first heartbeat, median',
                statistics.median(seconds),
                ' s',
                START_LIMIT,
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
