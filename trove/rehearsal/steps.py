# SPDX-License-Identifier: Apache-2.0
"""The steps of an upgrade: in which order, and what each of them costs."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Literal

from trove.common import rpc
from trove.rehearsal import inventory as inventories
from trove.rehearsal import order as orders
from trove.rehearsal import outcomes
from trove.rehearsal import roles

Rollback = Literal['yes', 'recorded', 'pin first']


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that one kind of process cannot say to somebody.

    :param sender: its kind
    :param receiver: name of the member
    :param concerns: name of the guests at either end; '' for all of them,
        where services speak to each other
    :param instances: how many these are
    :param what: a method, or ``method(argument)``
    :param before: it could be said before the upgrade began
    """

    sender: str
    interface: str
    receiver: str
    concerns: str
    instances: int
    what: str
    outcome: outcomes.Outcome
    before: bool
    reason: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class Step:
    """Somebody becomes of another revision.

    :param member: who, as it was before
    :param part: what it becomes
    :param findings: what cannot be said from then on, until the next step
    :param under_way: of messages that were sent a moment before, the casts
        that it will not take
    :param rollback: ``yes``; ``recorded``: what it does not understand then
        is written down, and can be sent again; ``pin first``: it would be
        lost
    :param pins: that have to be set before it is rolled back, by interface
    """

    member: inventories.Member
    part: roles.Part
    findings: tuple[Finding, ...]
    under_way: tuple[Finding, ...]
    rollback: Rollback
    pins: Mapping[str, str]

    def of(self, outcome: outcomes.Outcome) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.outcome == outcome)


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to get from a deployment to a target.

    :param target: what each interface is to be of
    :param now: what cannot be said already
    :param guided: what the order of the operators' guide would cost
    """

    inventory: inventories.Inventory
    target: Mapping[str, rpc.Revision]
    now: tuple[Finding, ...]
    steps: tuple[Step, ...]
    cost: orders.Cost
    guided: orders.Cost

    @property
    def clean(self) -> bool:
        """Nothing is refused, rejected or left out on the way."""
        return not any(s.findings or s.under_way for s in self.steps)


class Planner:
    """Plans the upgrade of one deployment.

    :param passed_over: methods that no datastore supports, by interface
    """

    def __init__(
        self,
        inventory: inventories.Inventory,
        target: Mapping[str, rpc.Revision],
        passed_over: Mapping[str, Collection[str]],
        guests_stay: bool = False,
    ) -> None:
        self._inventory = inventory
        self._target = target
        self._passed_over = passed_over
        self._stay = guests_stay
        members = inventory.members
        self._could = {
            (link.sender.part.kind, link.interface, link.receiver.name, what)
            for link in self._links(members)
            for what in self._came_through(link)
        }
        self._changing = [
            each
            for each in members
            if not (guests_stay and each.is_guests)
            and self.goal(each) != each.part
        ]

    def goal(self, member: inventories.Member) -> roles.Part:
        """What a member is to become."""
        part = member.part
        revisions = {name: self._target[name] for name in part.revisions}
        if revisions == dict(part.revisions):
            return part
        return roles.part(part.kind, revisions, None)

    def plan(self, guided: bool = False) -> Plan:
        """Find the steps.

        :param guided: in the order of the operators' guide, whatever it
            costs; otherwise that in which least is refused and left out
        """
        search = orders.Search(self._changing, self._cost)
        guide = search.guided()
        best = guide if guided else search.best()
        steps = []
        state = list(self._inventory.members)
        for member in best.members:
            step, state = self._step(state, member)
            steps.append(step)
        return Plan(
            self._inventory,
            self._target,
            self.findings(self._inventory.members),
            tuple(steps),
            best.cost,
            guide.cost,
        )

    def state(
        self, upgraded: Collection[str]
    ) -> list[inventories.Member]:
        """The members when those with these names are upgraded."""
        return [
            each.become(self.goal(each)) if each.name in upgraded else each
            for each in self._inventory.members
        ]

    def _cost(self, upgraded: Collection[str]) -> orders.Cost:
        lost = refused = left_out = 0
        for found in self.findings(self.state(upgraded)):
            weight = max(found.instances, 1)
            if found.outcome == 'left out':
                left_out += weight
            else:
                refused += weight
                lost += weight * found.before
        return orders.Cost(lost, refused, left_out)

    def _links(
        self, members: Sequence[inventories.Member]
    ) -> Iterator[outcomes.Link]:
        return outcomes.links(members, self._inventory.pins)

    def _verdict(self, link: outcomes.Link) -> outcomes.Verdict:
        return link.verdict(
            self._inventory.encrypted,
            self._passed_over.get(link.interface, ()),
        )

    def _came_through(self, link: outcomes.Link) -> frozenset[str]:
        verdict = self._verdict(link)
        return verdict.said.difference(
            *(found for _, found in verdict.by_outcome())
        )

    def findings(
        self, members: Sequence[inventories.Member]
    ) -> tuple[Finding, ...]:
        """What cannot be said, each once for a kind of sender."""
        found: dict[tuple[str, ...], Finding] = {}
        for link in outcomes.links(members, self._inventory.pins, once=True):
            for each in self._of(link):
                key = (
                    each.sender,
                    each.interface,
                    each.receiver,
                    each.concerns,
                    each.what,
                    each.outcome,
                )
                found.setdefault(key, each)
        return tuple(found.values())

    def _of(self, link: outcomes.Link) -> Iterator[Finding]:
        kind = link.sender.part.kind
        guests = link.guests
        concerns = guests.name if guests else ''
        count = guests.count if guests else self._inventory.guests
        for outcome, found in self._verdict(link).by_outcome():
            for what, fit in found.items():
                key = (kind, link.interface, link.receiver.name, what)
                yield Finding(
                    kind,
                    link.interface,
                    link.receiver.name,
                    concerns,
                    instances=count,
                    what=what,
                    outcome=outcome,
                    before=key in self._could,
                    reason=fit.reason,
                    remedy=fit.remedy,
                )

    def _step(
        self, state: list[inventories.Member], member: inventories.Member
    ) -> tuple[Step, list[inventories.Member]]:
        goal = self.goal(member)
        after = [
            each.become(goal) if each.name == member.name else each
            for each in state
        ]
        back = self._under_way(after, member)
        rollback: Rollback = 'yes'
        pins: dict[str, str] = {}
        served = member.part.serves
        if back and served is not None:
            rollback = 'recorded'
            if not member.part.announces:
                rollback = 'pin first'
                pins = {roles.SERVES[member.part.kind]: served.name}
        return (
            Step(
                member,
                goal,
                self.findings(after),
                self._under_way(state, member.become(goal)),
                rollback,
                pins,
            ),
            after,
        )

    def _under_way(
        self,
        state: Sequence[inventories.Member],
        becomes: inventories.Member,
    ) -> tuple[Finding, ...]:
        """The casts that would be rejected while nobody knows of a change.

        :param state: what all take each other for
        :param becomes: one of them, as it is when they arrive
        """
        found = []
        for link in self._links(state):
            if link.receiver.name == becomes.name:
                late = dataclasses.replace(link, receiver=becomes)
                found += [
                    each
                    for each in self._of(late)
                    if each.outcome == 'rejected'
                ]
        return tuple(found)
