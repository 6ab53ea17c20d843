# SPDX-License-Identifier: Apache-2.0
"""Heartbeats that a conductor takes in, ours against release 26.0's.

Both run as they are deployed by default, one after the other in turns, on
the same RabbitMQ and the same MariaDB, with the same guests and the same
messages, which are those of release 26.0's guests: in the clear, and with
encryption on, encrypted. A conductor is started and gets one heartbeat of
every guest to warm up. Then it is held (SIGSTOP) until all messages of a
round are with the broker, and the time from letting it go (SIGCONT) is taken
until the last heartbeat of every guest is in the database. Only told is the
same of ours with sealed messages, which release 26.0 does not know.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import itertools
import pathlib
import signal
import statistics
import sys
import tempfile
import threading
import time

from oslo_config import cfg

from benchmarks import _keys
from benchmarks import _place
from benchmarks import _report
from benchmarks import _wire
from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.common import rpc
from trove.conductor import api
from trove.tests.fixtures import database
from trove.tests.fixtures import rabbitmq

GUESTS = 1000
HEARTBEATS = 4
TURNS = 3
LIMIT = 5.0
_POLL = 0.02
#: Seconds without any progress after which what is missing counts as lost.
_PATIENCE = 10.0

#: Of the guests' clock: each heartbeat is newer than the one before.
_clock = itertools.count(int(time.time()) - 86400)

Send = Callable[[_place.Place, float], None]
Make = Callable[[_place.Place], _place.Conductor]


def _values(guest: str, sent: float) -> dict[str, object]:
    return {
        'instance_id': guest,
        'payload': {'service_status': 'healthy'},
        'sent': sent,
    }


def send_clear(place: _place.Place, sent: float) -> None:
    """One heartbeat of every guest, as a guest of 26.0 sends it."""
    with _wire.Broker(place.broker.url) as broker:
        broker.publish(
            _place.TOPIC,
            (
                _wire.cast('heartbeat', _values(guest, sent), _wire.CONTEXT)
                for guest in place.guests
            ),
        )


def send_encrypted(place: _place.Place, sent: float) -> None:
    """The same, as a guest of 26.0 that has a key sends it."""
    with _wire.Broker(place.broker.url) as broker:
        broker.publish(
            _place.TOPIC,
            (
                _wire.encrypted_cast(
                    'heartbeat', _values(guest, sent), guest, key
                )
                for guest, key in place.keys.items()
            ),
        )


def send_sealed(place: _place.Place, sent: float) -> None:
    """One heartbeat of every guest, as a guest of ours sends it."""
    context = trove_context.TroveContext(
        project_id=_place.PROJECT, overwrite=False
    )
    transport = rpc.Transport(cfg.CONF, url=place.broker.url)
    latest = str(api.API.interface.latest)
    for guest, key in place.keys.items():
        own = transport.sharing(
            cfg.CONF,
            {'conductor': lambda peer: latest},
            keys=_keys.one(guest, key),
        )
        api.API(own).heartbeat(context, **_values(guest, sent))
    transport.close()


@dataclasses.dataclass(frozen=True)
class Taken:
    """What came of a round."""

    per_second: float
    cpu: float
    lost: int


def measure(conductor: _place.Conductor, send: Send) -> Taken:
    with conductor.process:
        conductor.process.start()
        _round(conductor, send, 1)
        return _round(conductor, send, HEARTBEATS)


def _round(conductor: _place.Conductor, send: Send, rounds: int) -> Taken:
    place = conductor.place
    with _place.Reader(place) as reader:
        conductor.send_signal(signal.SIGSTOP)
        for _ in range(rounds):
            sent = float(next(_clock))
            send(place, sent)
        cpu = conductor.cpu()
        start = time.perf_counter()
        conductor.send_signal(signal.SIGCONT)
        written, seconds = _wait(reader, len(place.keys), sent, start)
        cpu = conductor.cpu() - cpu
    lost = len(place.keys) - written
    taken = rounds * len(place.keys) - lost
    return Taken(taken / seconds, cpu / taken, lost)


def _wait(
    reader: _place.Reader, wanted: int, sent: float, start: float
) -> tuple[int, float]:
    """How many guests' last heartbeat came, and after which time."""
    known, changed, pause = 0, start, threading.Event()
    while known < wanted and time.perf_counter() < changed + _PATIENCE:
        written = reader.written(sent)
        if written > known or not known:
            known, changed = written, time.perf_counter()
        pause.wait(_POLL)
    return known, changed - start


def _measure_all(place: _place.Place) -> dict[str, list[Taken]]:
    results: dict[str, list[Taken]] = {}

    def turn(form: str, make: Make, send: Send) -> None:
        taken = measure(make(place), send)
        name = f'{make.__name__}, {form}'
        results.setdefault(name, []).append(taken)
        print(f'{name}: {taken.per_second:.0f}/s', file=sys.stderr)

    for form, send in (('clear', send_clear), ('encrypted', send_encrypted)):
        place.encrypted = send is send_encrypted
        for _ in range(TURNS):
            turn(form, _place.ours, send)
            turn(form, _place.released, send)
    for _ in range(TURNS):
        turn('sealed', _place.ours, send_sealed)
    return results


def main() -> int:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    with (
        tempfile.TemporaryDirectory() as directory,
        rabbitmq.RabbitMQ() as broker,
        database.MariaDB() as maria,
    ):
        place = _place.Place(broker, maria, pathlib.Path(directory))
        place.make_guests(GUESTS)
        return _conclude(_measure_all(place))


def _conclude(results: dict[str, list[Taken]]) -> int:
    rates = {}
    for name, taken in results.items():
        rates[name] = statistics.median(each.per_second for each in taken)
        print(
            f'{name}: '
            + ', '.join(f'{each.per_second:.0f}' for each in taken)
            + ' heartbeats/s; '
            f'{statistics.median(e.cpu for e in taken) * 1000:.2f} ms of CPU '
            f'each; {sum(each.lost for each in taken)} lost'
        )
    return _report.conclude(
        [
            _report.Figure(
                f'heartbeats per second, {form}, ours against release 26.0',
                rates[f'ours, {form}'] / rates[f'released, {form}'],
                limit=LIMIT,
                at_least=True,
            )
            for form in ('clear', 'encrypted')
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
