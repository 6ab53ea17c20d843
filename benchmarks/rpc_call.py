# SPDX-License-Identifier: Apache-2.0
"""Calls through Trove's RPC layer against calls through a bare one.

Bare is oslo.messaging alone, as a service of OpenStack uses it: a client
that is prepared once for topic, version and timeout, and a serializer that
takes the context of oslo.context along. The same method with the same values
is called over the same RabbitMQ in four ways: bare; with Trove's client,
whose cap is negotiated, and Trove's server; sealed, with the server's record
of what it took on disk as a guest has it; and, only to be told, bare without
a context. Each way has a server process of its own.

The ways take turns in small batches, in any order, in several rounds with new
processes each: one may be slower than another of the same kind for as long as
it lives, by where its memory and its core happen to be. CPU is what the clock
of each process has counted for itself (``time.process_time``, all threads)
between the begin and the end of a batch, of the client's process and the
server's together, divided by the calls. Each batch of a way is held against
the batch of the bare way in the same turn, and the median over the turns is
what counts, so what else the machine does meanwhile counts on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import random
import statistics
import subprocess
import sys
import time

from oslo_config import cfg
from oslo_context import context as oslo_context
import oslo_messaging

from benchmarks import _keys
from benchmarks import _peer
from benchmarks import _report
from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api
from trove.tests.fixtures import rabbitmq

ROUNDS = 4
TURNS = 100
CALLS = 10
WARM_UP = 15
NEGOTIATED_LIMIT = 1.05
SEALED_LIMIT = 1.15
CPU_LIMIT = 50.0
_VALUES = {'limit': 20, 'marker': None, 'include_marker': False}


class Peer:
    """The process of a server."""

    def __init__(self, way: str, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'benchmarks._peer', way, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def cpu(self) -> float:
        """Seconds of processor time that it has used so far."""
        assert self._process.stdin is not None
        self._process.stdin.write('\n')
        self._process.stdin.flush()
        return float(self._answer())

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@dataclasses.dataclass
class Way:
    """A way to call, and what it took.

    :ivar seconds: the median of the calls of a turn, by turn
    :ivar cpu: seconds of processor time for a call, by turn
    """

    call: Callable[[], object]
    close: Callable[[], object]
    peer: Peer
    seconds: list[float] = dataclasses.field(default_factory=list)
    cpu: list[float] = dataclasses.field(default_factory=list)

    def turn(self) -> None:
        seconds = []
        peer, here = self.peer.cpu(), time.process_time()
        for _ in range(CALLS):
            start = time.perf_counter()
            self.call()
            seconds.append(time.perf_counter() - start)
        here, peer = time.process_time() - here, self.peer.cpu() - peer
        self.seconds.append(statistics.median(seconds))
        self.cpu.append((here + peer) / CALLS)

    def ratio(self, bare: Way) -> float:
        """How many times as long as bare."""
        pairs = zip(self.seconds, bare.seconds, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def added(self, bare: Way) -> float:
        """Microseconds of processor time more than bare."""
        pairs = zip(self.cpu, bare.cpu, strict=True)
        return 1e6 * statistics.median(o - theirs for o, theirs in pairs)


def measure(ways: dict[str, Way], turns: int) -> None:
    order = list(ways.values())
    for _ in range(turns):
        random.shuffle(order)
        for way in order:
            way.turn()


def _bare(url: str, way: str) -> Way:
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url)
    client = oslo_messaging.get_rpc_client(
        transport,
        oslo_messaging.Target(topic=f'guestagent.{way}', version='1.0'),
        serializer=_peer.BareContext() if way == 'bare' else None,
    ).prepare(timeout=15)
    context = oslo_context.RequestContext(
        project_id='measured', is_admin=True, overwrite=False
    )
    given = context if way == 'bare' else context.to_dict()
    return Way(
        lambda: client.call(given, 'list_databases', **_VALUES),
        transport.cleanup,
        Peer(way, url),
    )


def _ours(url: str, way: str) -> Way:
    keys = _keys.one() if way == 'sealed' else None
    latest = str(api.API.interface.latest)
    transport = rpc.Transport(
        cfg.CONF,
        discover={'guestagent': lambda peer: latest},
        url=url,
        keys=keys,
    )
    guest = api.API(transport, way)
    context = _context()
    return Way(
        lambda: guest.list_databases(context, **_VALUES),
        transport.close,
        Peer(way, url),
    )


def _context() -> trove_context.TroveContext:
    return trove_context.make_admin_context(project_id='measured')


def _round(url: str) -> dict[str, Way]:
    ways = {
        'bare': _bare(url, 'bare'),
        'negotiated': _ours(url, 'negotiated'),
        'sealed': _ours(url, 'sealed'),
        'without context': _bare(url, 'without context'),
    }
    try:
        measure(ways, WARM_UP)
        for way in ways.values():
            way.seconds.clear()
            way.cpu.clear()
        measure(ways, TURNS)
    finally:
        for way in ways.values():
            way.peer.end()
            way.close()
    return ways


def _measure_at(url: str) -> dict[str, Way]:
    ways = _round(url)
    for _ in range(ROUNDS - 1):
        for name, way in _round(url).items():
            ways[name].seconds += way.seconds
            ways[name].cpu += way.cpu
    return ways


def main() -> int:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    with rabbitmq.RabbitMQ() as broker:
        ways = _measure_at(broker.url)
    for name, way in ways.items():
        print(f'{name}, time: {_report.spread(way.seconds, "ms", 1e3)}')
        print(f'{name}, CPU: {_report.spread(way.cpu, "us", 1e6)}')
    bare, negotiated, sealed, least = ways.values()
    return _report.conclude(
        [
            _report.Figure(
                'call with negotiated cap against bare oslo.messaging',
                negotiated.ratio(bare),
                limit=NEGOTIATED_LIMIT,
            ),
            _report.Figure(
                'sealed call against bare oslo.messaging',
                sealed.ratio(bare),
                limit=SEALED_LIMIT,
            ),
            _report.Figure(
                'CPU added to a call, client and server',
                negotiated.added(bare),
                ' us',
                limit=CPU_LIMIT,
            ),
            _report.Figure(
                'CPU added to a sealed call', sealed.added(bare), ' us'
            ),
            _report.Figure(
                'call with negotiated cap against bare without context',
                negotiated.ratio(least),
            ),
            _report.Figure(
                'CPU added against bare without context',
                negotiated.added(least),
                ' us',
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
