# SPDX-License-Identifier: Apache-2.0
"""Upgrades, crashes and messages in any order: nothing is lost or garbled.

A plan that fails is printed as numbered steps, with the seed that makes it
again; see the page about tests in the contributor guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import logging
import os
import random
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from testtools import content

from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import roles
from trove.rehearsal import trial
from trove.rehearsal import world as worlds
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.fixtures import contracts

SEED = int(os.environ.get('TROVE_TEST_SEED') or random.randrange(2**32))
EXAMPLES = int(os.environ.get('TROVE_TEST_EXAMPLES') or 150)
STEPS = 40

PROCESSES = (
    *('api1', 'taskmanager1', 'taskmanager2', 'conductor1', 'conductor2'),
    *('guest1', 'guest2', 'guest3'),
)
SERVERS = PROCESSES[1:]
SENDERS = ('api1', 'taskmanager1', 'guest1', 'guest2')

#: Of each interface's revisions a process has that of one release. Ours,
#: the last ones, say what they speak; the others have to be asked.
RELEASES = (
    *('pike', 'stein', 'train', 'victoria', 'wallaby'),
    *('2025.1', '2026.2', 'ours', 'latest'),
)

processes = st.sampled_from(PROCESSES)
releases = st.sampled_from(RELEASES)


def part(name: str, release: str) -> roles.Part:
    """What a process of a release is of."""
    kind = name.rstrip('0123456789')
    if release != 'ours':
        return roles.part(kind, roles.of_release(release), None)
    # The revision before the latest, where that is ours, too.
    revisions = {
        name: declared.latest
        if declared.history[-2].releases
        else declared.history[-2]
        for name, declared in versions.INTERFACES.items()
    }
    return roles.part(kind, revisions, True)


def judge(
    interface: rpc.Interface,
    method: rpc.Method,
    values: Mapping[str, Any],
    limit: rpc.Revision,
    peer: rpc.Revision,
) -> bool:
    oracle = contracts.Oracle(interface)
    return oracle.outcome(method, values, limit.name, peer.name).refused


class Upgrades(stateful.RuleBasedStateMachine):
    #: The shortest plan so far that failed.
    broken = ''

    def __init__(self) -> None:
        super().__init__()
        self.broker = brokers.Broker()
        self.world = worlds.World(self.broker)
        self.trial = trial.Trial(self.world, judge)
        self.note = self.trial.note

    @stateful.initialize(
        release=releases, of=st.lists(releases, min_size=8, max_size=8)
    )
    def deploy(self, release: str, of: list[str]) -> None:
        """All of one release, but for some guests."""
        for name, own in zip(PROCESSES, of, strict=True):
            chosen = own if name.startswith('guest') else release
            self.note(f'start {name} of {chosen}')
            self.world.add(name, part(name, chosen))
        self.world.turn()

    # What happens

    @stateful.rule(name=processes, release=releases)
    def change(self, name: str, release: str) -> None:
        self.note(f'{name} becomes {release}')
        self.world.change(name, part(name, release))

    @stateful.rule(name=st.sampled_from(SERVERS))
    def crash(self, name: str) -> None:
        self.note(f'{name} crashes')
        self.world.processes[name].stop()

    @stateful.rule(name=processes)
    def restart(self, name: str) -> None:
        process = self.world.processes[name]
        if not process.up:
            self.note(f'{name} starts again')
            process.start()

    @stateful.rule(name=processes)
    def cut_off(self, name: str) -> None:
        self.note(f'{name} is cut off')
        self.world.cut_off(name, *self.broker.cut_off)

    @stateful.rule(name=processes)
    def lose_heartbeats(self, name: str) -> None:
        self.note(f'what {name} reports of itself is lost')
        self.world.unheard.add(name)

    @stateful.rule()
    def mend(self) -> None:
        self.note('the network is whole again')
        self.world.unheard.clear()
        self.world.cut_off()

    @stateful.rule()
    def turn(self) -> None:
        self.note('time passes')
        self.world.turn()

    @stateful.rule(
        name=st.sampled_from(SENDERS), data=st.data(), off=st.booleans()
    )
    def pin(self, name: str, data: st.DataObject, off: bool) -> None:
        process = self.world.processes[name]
        interface = data.draw(
            st.sampled_from(roles.SENDS[process.kind]), 'interface'
        )
        history = versions.INTERFACES[interface].history
        chosen = data.draw(st.sampled_from([r.name for r in history]), 'to')
        self.note(f'{name} pins {interface} to {"auto" if off else chosen}')
        if off:
            process.pins.pop(interface, None)
        else:
            process.pins[interface] = chosen
        if process.up:
            process.pin()

    @stateful.rule(
        name=st.sampled_from(SENDERS),
        which=st.lists(st.integers(0, 10_000), min_size=5, max_size=20),
    )
    def send(self, name: str, which: list[int]) -> None:
        process = self.world.processes[name]
        orders = trial.orders(process.kind)
        for number in which if process.up else ():
            order = orders[number % len(orders)]
            peer = None
            if order.interface == 'guestagent':
                peer = PROCESSES[-3:][number % 3]
            with self.told():
                self.trial.send(process, order, peer)

    @stateful.rule(
        name=st.sampled_from(SENDERS[:2]),
        guest=st.sampled_from(PROCESSES[-3:]),
        which=st.lists(st.integers(0, 10_000), min_size=1, max_size=5),
    )
    def order(self, name: str, guest: str, which: list[int]) -> None:
        """Send a guest what it does not answer."""
        process = self.world.processes[name]
        casts = [
            each
            for each in trial.orders(process.kind)
            if each.interface == 'guestagent' and each.method.kind == 'cast'
        ]
        for number in which if process.up else ():
            with self.told():
                self.trial.send(process, casts[number % len(casts)], guest)

    # What must hold

    @stateful.invariant()
    def nothing_is_lost_or_has_another_meaning(self) -> None:
        with self.told():
            self.trial.check()

    def teardown(self) -> None:
        """When peace is restored, all caps are what they should be."""
        if not self.world.processes:
            return
        self.mend()
        for process in self.world.processes.values():
            if not process.up:
                process.start()
        self.note('time passes')
        self.world.settle()
        with self.told():
            self.trial.check_settled()

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Print the plan, and how to run it again, when something breaks."""
        try:
            yield
        except trial.Broken as broken:
            plan = '\n'.join(
                f'{number:3}. {step}'
                for number, step in enumerate(self.trial.steps, 1)
            )
            Upgrades.broken = (
                f'{broken}\nThe plan:\n{plan}\nTo run it again: '
                f'TROVE_TEST_SEED={SEED} TROVE_TEST_EXAMPLES={EXAMPLES} '
                'TESTS_ARGS=test_random_upgrades tools/run-tests.sh unit'
            )
            raise AssertionError(Upgrades.broken) from None


class RandomUpgradesTest(base.TestCase):
    measured = False
    # Hypothesis looks for a shorter plan for up to five minutes.
    timeout = 600

    def test_any_plan(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        # A test that is ended while it looks for a shorter plan tells, too.
        self.addOnException(
            lambda _: self.addDetail(
                'plan', content.text_content(Upgrades.broken)
            )
        )
        hypothesis.seed(SEED)(Upgrades)
        stateful.run_state_machine_as_test(
            Upgrades,
            settings=hypothesis.settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                # To find out in the end which values matter takes longer
                # than the rest.
                phases=[
                    hypothesis.Phase.generate,
                    hypothesis.Phase.shrink,
                ],
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
