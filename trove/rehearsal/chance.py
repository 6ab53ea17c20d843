# SPDX-License-Identifier: Apache-2.0
"""An upgrade in any order, with crashes and rollbacks."""

from __future__ import annotations

import random

from trove.rehearsal import miniature
from trove.rehearsal import roles
from trove.rehearsal import steps as plans
from trove.rehearsal import trial as trials

#: What happens in one plan at random, and how many messages are sent then.
_EVENTS = 40
_BATCH = 12


class Chance:
    """The events of a random plan, up to the end of the upgrade."""

    def __init__(
        self,
        small: miniature.Miniature,
        planner: plans.Planner,
        trial: trials.Trial,
        rng: random.Random,
    ) -> None:
        self._trial = trial
        self._world = trial.world
        self._rng = rng
        self._parts = {
            name: (member.part, planner.goal(member))
            for member in small.members
            for name in small.names(member)
        }

    def happen(self) -> None:
        """Let it happen.

        :raises trove.rehearsal.trial.Broken: something does not hold
        """
        actions = (
            [self._change] * 3,
            [self._crash] * 2,
            [self._restart] * 2,
            [self._pass_time] * 2,
            [self._send] * 6,
        )
        flat = [action for group in actions for action in group]
        for _ in range(_EVENTS):
            self._rng.choice(flat)()
        self._finish()

    def _some(self) -> str:
        return self._rng.choice(list(self._parts))

    def _change(self) -> None:
        name = self._some()
        part = self._rng.choice(self._parts[name])
        word = 'is rolled back' if part == self._parts[name][0] else 'becomes'
        if part != self._parts[name][0]:
            word = f'becomes {part.serves or "new"}'
        self._trial.note(f'{name} {word}')
        self._world.change(name, part)
        self._world.network.settle()

    def _crash(self) -> None:
        name = self._some()
        self._trial.note(f'{name} crashes')
        self._world.processes[name].stop()

    def _restart(self) -> None:
        down = [p for p in self._world.processes.values() if not p.up]
        if down:
            process = self._rng.choice(down)
            self._trial.note(f'{process.name} starts again')
            process.start()
            self._world.network.settle()

    def _pass_time(self) -> None:
        self._trial.note('time passes')
        self._world.turn()

    def _send(self) -> None:
        senders = [
            each
            for each in self._world.processes.values()
            if each.up and roles.SENDS[each.kind]
        ]
        guests = [n for n, (part, _) in self._parts.items() if _guest(part)]
        if not senders:
            return
        process = self._rng.choice(senders)
        for _ in range(_BATCH):
            order = self._rng.choice(trials.orders(process.kind))
            peer = None
            if order.interface == 'guestagent':
                if not guests:
                    continue
                peer = self._rng.choice(guests)
            self._trial.send(process, order, peer)
        self._trial.check()

    def _finish(self) -> None:
        """Upgrade all; then everybody knows how far to go with each."""
        for name, (_, goal) in self._parts.items():
            process = self._world.processes[name]
            if process.part != goal:
                self._trial.note(f'{name} becomes {goal.serves or "new"}')
                self._world.change(name, goal)
            elif not process.up:
                self._trial.note(f'{name} starts again')
                process.start()
        self._trial.note('time passes')
        self._world.settle()
        self._trial.check_settled()


def _guest(part: roles.Part) -> bool:
    return part.kind == 'guest'
