# SPDX-License-Identifier: Apache-2.0
"""Every message at each step of a plan, compared with the prediction."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import random
from typing import Any

from trove.rehearsal import inventory as inventories
from trove.rehearsal import miniature
from trove.rehearsal import outcomes
from trove.rehearsal import trial as trials
from trove.rehearsal import world as worlds

#: Messages of a link that has been tried with all of them before.
_SAMPLE = 10


@dataclasses.dataclass(frozen=True)
class Walked:
    """What one step of the plan gave.

    :param sent: messages that were to be sent
    :param refused: of these
    :param left_out: of these, sent without some of their arguments
    :param differs: differences from the prediction
    """

    title: str
    sent: int
    refused: int
    left_out: int
    differs: tuple[str, ...]


class Walk:
    """Sends every message at each step of a plan."""

    def __init__(
        self,
        small: miniature.Miniature,
        world: worlds.World,
        rng: random.Random,
    ) -> None:
        self._small = small
        self._world = world
        self._rng = rng
        self._trial = trials.Trial(world, trials.fit)
        self._tried: set[tuple[Any, ...]] = set()

    def send_all(
        self, title: str, state: Sequence[inventories.Member]
    ) -> Walked:
        """Send, and compare the outcomes with the prediction."""
        counts = {'sent': 0, 'refused': 0, 'left out': 0}
        differs: list[str] = []
        members = [each for each in state if self._small.names(each)]
        for link in outcomes.links(members, self._small.inventory.pins):
            try:
                differs += self._send(link, counts)
            except trials.Broken as broken:
                differs.append(f'{self._trial.steps[-1]}: {broken}')
        try:
            self._trial.check()
        except trials.Broken as broken:
            differs.append(str(broken))
        return Walked(
            title,
            counts['sent'],
            counts['refused'],
            counts['left out'],
            tuple(differs),
        )

    def _send(
        self, link: outcomes.Link, counts: dict[str, int]
    ) -> Iterator[str]:
        verdict = link.verdict(self._small.inventory.encrypted)
        for order in self._chosen(link, verdict):
            found = self._one(link, order)
            if found is None:
                continue
            counts['sent'] += 1
            if found in counts:
                counts[found] += 1
            foretold = _foretold(verdict, str(order.what))
            if found != foretold:
                yield (
                    f'{link.sender.name} says {order.what} to '
                    f'{link.receiver.name}: {found}, not {foretold}'
                )

    def _chosen(
        self, link: outcomes.Link, verdict: outcomes.Verdict
    ) -> list[trials.Order]:
        """All that it may say, the first time; later some of it."""
        chosen = [
            order
            for order in trials.orders(link.sender.part.kind)
            if order.interface == link.interface
            and order.what in verdict.said
        ]
        key = (
            link.interface,
            link.own,
            link.limit,
            link.believed,
            link.receiver.part.serves,
        )
        if key in self._tried and len(chosen) > _SAMPLE:
            return self._rng.sample(chosen, _SAMPLE)
        self._tried.add(key)
        return chosen

    def _one(
        self, link: outcomes.Link, order: trials.Order
    ) -> str | None:
        """Send one; say what became of it, None if another one got it."""
        world = self._world
        names = self._small.names(link.receiver)
        peer = names[0] if link.receiver.is_guests else None
        sender = world.processes[self._small.names(link.sender)[0]]
        number, fate = self._trial.send(sender, order, peer)
        if fate != 'sent':
            return fate
        world.network.settle()
        served = link.receiver.part.serves
        for arrived in world.arrived.get(number, ()):
            if arrived.served != served:
                return None
            omitted = any(trials.omitted(order, arrived))
            return 'left out' if omitted else 'same'
        # What it does not take, a release drops.
        rejected = number in world.rejections or number in world.dropped
        return 'rejected' if rejected else 'lost'


def _foretold(verdict: outcomes.Verdict, what: str) -> str:
    for outcome, found in verdict.by_outcome():
        if what in found:
            return outcome
    return 'same'
