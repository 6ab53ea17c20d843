# SPDX-License-Identifier: Apache-2.0
"""An upgrade tried out: step by step, and then in any order.

The walk does what the plan says, sends every message at every step, and
holds what becomes of it against what the plan has foretold. The plans at
random upgrade, roll back, crash and send as it comes; what must hold then is
in ``trial.py``. What happens depends on the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import random
import time

from oslo_config import cfg

from trove.peers import versions
from trove.rehearsal import carrier
from trove.rehearsal import chance
from trove.rehearsal import miniature
from trove.rehearsal import steps as plans
from trove.rehearsal import trial as trials
from trove.rehearsal import walk
from trove.rehearsal import world as worlds


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much is tried.

    :param seed: with the same one, the same happens
    :param plans: how many orders at random
    :param guests: of each revision, at most; as of the services of a kind
    """

    seed: int
    plans: int = 5
    guests: int = 2


@dataclasses.dataclass(frozen=True)
class Tried:
    """The result of a random plan.

    :param broken: what did not hold, None when all held
    :param steps: what was done up to then, in words
    """

    number: int
    messages: int
    broken: str | None
    steps: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a rehearsal.

    :param methods: of each interface, how many have arrived, of how many
    :param seconds: that it took
    """

    settings: Settings
    processes: int
    walked: tuple[walk.Walked, ...]
    tried: tuple[Tried, ...]
    methods: Mapping[str, tuple[int, int]]
    seconds: float

    @property
    def messages(self) -> int:
        return sum(each.sent for each in self.walked) + sum(
            each.messages for each in self.tried
        )

    @property
    def passed(self) -> bool:
        return not any(each.differs for each in self.walked) and not any(
            each.broken for each in self.tried
        )


#: Told how many of how many parts are done, and what comes next.
Progress = Callable[[int, int, str], None]


class Rehearsal:
    """Rehearses one plan.

    :param conf: the global options, for oslo.messaging alone
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        planner: plans.Planner,
        plan: plans.Plan,
        settings: Settings,
        progress: Progress = lambda done, total, text: None,
    ) -> None:
        self._conf = conf
        self._planner = planner
        self._plan = plan
        self._settings = settings
        self._small = miniature.Miniature(plan.inventory, settings.guests)
        self._progress = progress
        self._done = 0
        self._total = len(plan.steps) + 1 + settings.plans
        self._called: set[tuple[str, str]] = set()

    def run(self) -> Result:
        """Try it all.

        :raises trove.rehearsal.carrier.Stuck: it cannot go on
        """
        began = time.monotonic()
        walked = tuple(self._walk())
        tried = tuple(
            self._try(number)
            for number in range(1, self._settings.plans + 1)
        )
        self._tell('Done')
        return Result(
            self._settings,
            self._small.processes,
            walked,
            tried,
            methods={
                name: (
                    sum(1 for each, _ in self._called if each == name),
                    len(interface.methods),
                )
                for name, interface in versions.INTERFACES.items()
            },
            seconds=time.monotonic() - began,
        )

    def _tell(self, text: str) -> None:
        self._progress(self._done, self._total, text)
        self._done += 1

    @contextlib.contextmanager
    def _world(self) -> Iterator[worlds.World]:
        network = carrier.MemoryNetwork(self._conf)
        try:
            yield worlds.World(network, self._plan.inventory.encrypted)
        finally:
            network.close()

    def _walk(self) -> Iterator[walk.Walked]:
        rng = random.Random(f'{self._settings.seed}/walk')
        with self._world() as world:
            walking = walk.Walk(self._small, world, rng)
            self._tell('As it is now')
            self._small.build(world)
            yield walking.send_all('as it is now', self._planner.state(()))
            upgraded: set[str] = set()
            for number, step in enumerate(self._plan.steps, 1):
                self._tell(f'Step {number}: {step.member.name}')
                upgraded.add(step.member.name)
                for name in self._small.names(step.member):
                    world.change(name, step.part)
                world.settle()
                yield walking.send_all(
                    f'{number}. {step.member.name}',
                    self._planner.state(upgraded),
                )
            self._note(world)

    def _note(self, world: worlds.World) -> None:
        self._called |= {
            (each.interface, each.method)
            for came in world.arrived.values()
            for each in came
        }

    def _try(self, number: int) -> Tried:
        self._tell(f'Order {number} at random')
        rng = random.Random(f'{self._settings.seed}/{number}')
        with self._world() as world:
            trial = trials.Trial(world, trials.fit)
            broken = None
            try:
                self._small.build(world)
                chance.Chance(self._small, self._planner, trial, rng).happen()
            except trials.Broken as error:
                broken = str(error)
            self._note(world)
            return Tried(number, trial.number, broken, tuple(trial.steps))
