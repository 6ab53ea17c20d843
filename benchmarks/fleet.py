# SPDX-License-Identifier: Apache-2.0
"""Thousands of guests: memory for each, and time until all caps are right.

Real are the RabbitMQ, the MariaDB, a ``trove-conductor`` and two processes
with the transport of the control plane, as an API and a task manager have
it; all with their defaults but for the encryption, which is off. Each guest
is simulated on the wire (``_guests.py``): its queue, its answers to probes,
its heartbeats every 10 s. They are of six revisions, half of them silent as
released guests are, half announcing.

First nothing is known of the silent guests. Both processes find that out, as
task managers do when they start, and then look at the caps of all guests,
sixteen at a time, as the threads of requests and jobs do. Then all guests are
upgraded to the latest revision, one after the other within 20 s, as in a
rolling upgrade; last a third is rolled back to a release that announces
nothing. Settling is the time from the moment when the last guest is up again
until both processes have the right cap for each.

Memory is what each guest more takes at the end: the resident memory with the
largest number of guests against that with the smallest, so that what a
process takes anyway does not count. It is told for one process: the larger
of the two of the control plane, and the largest of the conductor's workers,
each of which hears all guests; its master hears none.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from benchmarks import _place
from benchmarks import _report
from trove.guestagent import api
from trove.tests.fixtures import database
from trove.tests.fixtures import rabbitmq

SIZES = (1000, 10_000)
REVISIONS = ('1.0', '1.0/victoria', '1.1', '1.3', '1.4', '1.5')
ROLLED_BACK = '1.3'
UPGRADE = 20.0
#: KiB for each guest, in each process of the control plane.
MEMORY_LIMIT = 2.0
#: Seconds: refresh_interval, and 5 for the heartbeats and the look.
SETTLE_LIMIT = 15.0
#: Seconds until guests of which nothing is known have been asked.
FIRST_LIMIT = 30.0
_PATIENCE = 120.0
_PAUSE = 0.25
#: Seconds between looks at all guests while they are upgraded.
_BETWEEN = 2.0
#: Seconds in which nothing but heartbeats comes.
_BEATING = 20.0
#: Processors that the conductor takes for the heartbeats of all.
_BEAT_LIMIT = 1.0


class Child:
    """A process that answers each line with a line.

    :param arguments: of the interpreter
    """

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answer()

    def ask(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f'{line}\n')
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f'{self._process.args} has ended')
        return line

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


@dataclasses.dataclass
class Fleet:
    """Guests, and the control plane that knows them."""

    place: _place.Place
    guests: Child
    control: list[Child]
    conductor: psutil.Process
    revisions: dict[str, str] = dataclasses.field(default_factory=dict)

    def revise(
        self, revisions: Sequence[str], last: int, seconds: float
    ) -> int:
        """Make guests of revisions, in turn; return when the last is up.

        :returns: how many questions they were asked so far
        """
        command = {'last': last, 'revisions': revisions, 'seconds': seconds}
        self.guests.ask(json.dumps(command))
        answers: list[str] = []
        for index, guest in enumerate(self.place.guests[:last]):
            self.revisions[guest] = revisions[index % len(revisions)]
        # They are looked at meanwhile, so what was found just before is
        # remembered still when the last one is up. Who looks without a pause
        # leaves the two processors to nobody else.
        done = threading.Thread(
            target=lambda: answers.append(self.guests.answer())
        )
        done.start()
        while done.is_alive():
            if seconds >= UPGRADE:
                self.look()
            done.join(_BETWEEN)
        return int(answers[0])

    def catch_up(self) -> None:
        """Return when the conductor has written down what was sent so far.

        :raises RuntimeError: it does not keep up
        """
        now, pause = time.time(), threading.Event()
        count = len(self.place.guests)
        with _place.Reader(self.place) as reader:
            while (written := reader.written(now)) < count:
                if time.time() - now > _PATIENCE:
                    raise RuntimeError(
                        f'Heartbeats of {count - written} guests are missing'
                    )
                pause.wait(_PAUSE)

    def find_out(self) -> list[dict[str, float]]:
        """Both processes ask those of which nothing is known, together."""
        for child in self.control:
            child.ask('survey')
        return [json.loads(child.answer()) for child in self.control]

    def look(self, last: int | None = None) -> list[dict[str, float]]:
        """Both processes look at the caps of guests, at the same time."""
        path = self.place.directory / 'revisions'
        with path.open('w', encoding='utf-8') as file:
            file.writelines(
                f'{guest} {self.revisions[guest]}\n'
                for guest in self.place.guests[:last]
            )
        for child in self.control:
            child.ask(str(path))
        return [json.loads(child.answer()) for child in self.control]

    def settle(self) -> float:
        """Seconds until all caps are right; raises if that never happens."""
        start, pause = time.perf_counter(), threading.Event()
        while True:
            wrong = sum(int(each['wrong']) for each in self.look())
            seconds = time.perf_counter() - start
            if not wrong:
                return seconds
            if seconds > _PATIENCE:
                raise RuntimeError(f'{wrong:.0f} caps are still wrong')
            pause.wait(_PAUSE)


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of so many guests.

    :ivar control: resident memory, in KiB, of a process
    :ivar conductor: of a worker of the conductor
    """

    guests: int
    control: float
    conductor: float
    beat: float
    first: float
    first_cpu: float
    questions: float
    again: float
    cpu: float
    upgraded: float
    rolled_back: float

    def __str__(self) -> str:
        return (
            f'{self.guests} guests: {self.control / 1024:.1f} MiB in each '
            f'process, {self.conductor / 1024:.1f} in a worker of the '
            f'conductor, {self.beat * 1000:.2f} ms of CPU in all its '
            'processes a heartbeat; first look '
            f'{self.first:.1f} s ({self.first_cpu:.1f} s of CPU in both '
            f'processes, {self.questions:.2f} questions to a silent guest), '
            f'all looked up again {self.again:.2f} s '
            f'({self.cpu:.0f} us of CPU a guest); settled '
            f'{self.upgraded:.1f} s after the upgrade, '
            f'{self.rolled_back:.1f} s after the roll-back'
        )


def exercise(fleet: Fleet) -> Result:
    count = len(fleet.place.guests)
    fleet.revise(REVISIONS, count, 5.0)
    pause = threading.Event()
    # What all announced at once is no part of what comes all the time.
    fleet.catch_up()
    cpu = _cpu(fleet.conductor)
    pause.wait(_BEATING)
    beat = (_cpu(fleet.conductor) - cpu) / (count * _BEATING / 10)
    start = time.perf_counter()
    asked = fleet.find_out()
    fleet.settle()
    first = time.perf_counter() - start
    # Until what is remembered has to be looked up again.
    pause.wait(12)
    before = fleet.look(8)
    again = fleet.look()
    latest = str(api.API.interface.latest)
    questions = fleet.revise([latest], count, UPGRADE)
    upgraded = fleet.settle()
    fleet.revise([ROLLED_BACK], count // 3, UPGRADE)
    rolled_back = fleet.settle()
    last_look = fleet.look()
    return Result(
        count,
        max(each['memory'] for each in last_look) / 1024,
        _resident(fleet.conductor) / 1024,
        beat,
        first,
        sum(each['cpu'] for each in asked),
        questions / max(1, sum(each['asked'] for each in asked)),
        max(each['seconds'] for each in again),
        _mean(again, before, 'cpu') / count * 1e6,
        upgraded,
        rolled_back,
    )


def _resident(service: psutil.Process) -> int:
    """Bytes of the largest of a service's workers."""
    workers = service.children(recursive=True)
    return max(int(each.memory_info().rss) for each in workers)


def _cpu(service: psutil.Process) -> float:
    """Seconds of a service's master and its workers."""
    processes = [service, *service.children(recursive=True)]
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system for each in times)


def _mean(
    after: list[dict[str, float]], before: list[dict[str, float]], name: str
) -> float:
    pairs = zip(after, before, strict=True)
    return sum(a[name] - b[name] for a, b in pairs) / len(after)


def measure(count: int) -> Result:
    with (
        tempfile.TemporaryDirectory() as directory,
        rabbitmq.RabbitMQ() as broker,
        database.MariaDB() as maria,
    ):
        place = _place.Place(broker, maria, pathlib.Path(directory))
        place.make_guests(count)
        conductor = _place.ours(place)
        children: list[Child] = []
        with conductor.process:
            conductor.process.start()
            try:
                return exercise(_fleet(place, conductor, children))
            finally:
                for child in children:
                    child.end()


def _fleet(
    place: _place.Place,
    conductor: _place.Conductor,
    children: list[Child],
) -> Fleet:
    ids = place.directory / 'ids'
    ids.write_text('\n'.join(place.guests))
    module = 'benchmarks._guests'
    children.append(Child('-m', module, place.broker.url, str(ids)))
    option = '--config-file', str(conductor.config)
    for _ in range(2):
        children.append(Child('-m', 'benchmarks._control', *option))
    guests, *control = children
    return Fleet(
        place, guests, control, psutil.Process(conductor.process.pid)
    )


def _figures(results: list[Result]) -> list[_report.Figure]:
    figures = []
    few, many = results[0], results[-1]
    if many.guests > few.guests:
        more = many.guests - few.guests
        for what, kib in (
            ('a process', many.control - few.control),
            ('a worker of the conductor', many.conductor - few.conductor),
        ):
            figures.append(
                _report.Figure(
                    f'memory of {what} for a guest',
                    kib / more,
                    ' KiB',
                    MEMORY_LIMIT,
                )
            )
    for result in results:
        figures.append(
            _report.Figure(
                f'processors for the heartbeats of {result.guests} guests',
                result.beat * result.guests / 10,
                '',
                _BEAT_LIMIT,
            )
        )
        figures.append(
            _report.Figure(
                f'first look at {result.guests} guests',
                result.first,
                ' s',
                FIRST_LIMIT,
            )
        )
        figures.append(
            _report.Figure(
                f'{result.guests} guests settled after a rolling upgrade',
                result.upgraded,
                ' s',
                SETTLE_LIMIT,
            )
        )
    return figures


def main() -> int:
    results = []
    for count in map(int, sys.argv[1:]) if sys.argv[1:] else SIZES:
        results.append(measure(count))
        print(results[-1], flush=True)
    return _report.conclude(_figures(results))


if __name__ == '__main__':
    sys.exit(main())
