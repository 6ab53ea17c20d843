# SPDX-License-Identifier: Apache-2.0
"""A call through Trove's client against the same through a bare one.

Both ask the same server over RabbitMQ, in turns, from one process. Also
told, without a limit: the bare client against a bare server, that is without
anything of Trove on either side.
"""

from __future__ import annotations

from collections.abc import Callable
import random
import statistics
import subprocess
import sys
import time

from oslo_config import cfg
import oslo_messaging

from benchmarks import _peer
from benchmarks import _report
from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api
from trove.tests.fixtures import rabbitmq

CALLS = 3000
WARM_UP = 300
LIMIT = 1.10


def measure(
    ways: dict[str, Callable[[], object]], calls: int
) -> dict[str, list[float]]:
    """Seconds of each call; each round has every way, in any order."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways.items())
    for _ in range(calls):
        random.shuffle(order)
        for name, way in order:
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return times


def _ways(
    transport: rpc.Transport, bare_transport: oslo_messaging.Transport
) -> dict[str, Callable[[], object]]:
    guest = api.API(transport, _peer.PEER)
    context = trove_context.make_admin_context(project_id='measured')
    bare = oslo_messaging.get_rpc_client(
        bare_transport, oslo_messaging.Target(version='1.0')
    )
    values = {'limit': 20, 'marker': None, 'include_marker': False}
    wire_context = context.to_dict()

    def ask(topic: str) -> Callable[[], object]:
        client = bare.prepare(topic=topic, timeout=15)
        return lambda: client.call(wire_context, 'list_databases', **values)

    return {
        'Trove client': lambda: guest.list_databases(context, **values),
        'bare client': ask(f'guestagent.{_peer.PEER}'),
        'bare client and server': ask(_peer.BARE_TOPIC),
    }


def _measure_at(url: str) -> dict[str, list[float]]:
    transport = rpc.Transport(
        cfg.CONF, discover={'guestagent': lambda peer: '1.4'}, url=url
    )
    bare_transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    peer = subprocess.Popen(
        [sys.executable, '-m', 'benchmarks._peer', url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert peer.stdin is not None and peer.stdout is not None
    try:
        peer.stdout.readline()
        ways = _ways(transport, bare_transport)
        measure(ways, WARM_UP)
        return measure(ways, CALLS)
    finally:
        transport.close()
        bare_transport.cleanup()
        peer.stdin.close()
        peer.wait(30)


def main() -> int:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    with rabbitmq.RabbitMQ() as broker:
        times = _measure_at(broker.url)
    for name, seconds in times.items():
        print(f'{name}: {_report.spread(seconds, "ms", 1000)}')
    medians = {n: statistics.median(each) for n, each in times.items()}
    ours, bare, neither = medians.values()
    return _report.conclude(
        [
            _report.Figure(
                'client against bare client', ours / bare, limit=LIMIT
            ),
            _report.Figure(
                'client and server against bare ones', ours / neither
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
