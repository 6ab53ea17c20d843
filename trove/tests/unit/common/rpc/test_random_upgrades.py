# SPDX-License-Identifier: Apache-2.0
"""Upgrades, crashes and messages in any order: nothing is lost or garbled.

A plan that fails is printed as numbered steps, with the seed that makes it
again; see the page about tests in the contributor guide.
"""

from __future__ import annotations

import functools
import logging
import os
import random
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st

from trove.common import context as trove_context
from trove.common import exception
from trove.tests import base
from trove.tests.fixtures import contracts
from trove.tests.fixtures import upgrades

SEED = int(os.environ.get('TROVE_TEST_SEED') or random.randrange(2**32))
EXAMPLES = int(os.environ.get('TROVE_TEST_EXAMPLES') or 150)
STEPS = 40

PROCESSES = (
    *('api1', 'taskmanager1', 'taskmanager2', 'conductor1', 'conductor2'),
    *('guest1', 'guest2', 'guest3'),
)
SERVERS = PROCESSES[1:]
SENDERS = ('api1', 'taskmanager1', 'guest1', 'guest2')

#: What a sender may be told, and what he can do about it.
TOLD = {
    exception.PeerTooOld: 'pgrade',
    exception.PeerTooNew: 'Do without it',
    exception.PeerTimeout: 'Check that it runs',
    exception.PeerUnreachable: 'Check that it runs',
    exception.ServiceUnavailable: 'Repeat the request later',
}

#: The version with which a guest asks what the conductors take.
ASKS_SINCE = '1.1'

processes = st.sampled_from(PROCESSES)
releases = st.sampled_from(upgrades.RELEASES)


@functools.cache
def _orders(kind: str) -> list[tuple[str, Any, dict[str, Any]]]:
    """Everything that a process may send, but for heartbeats."""
    return [
        (interface, method, values)
        for interface in upgrades.SENDS[kind]
        for method in upgrades.CLIENTS[interface].interface.methods.values()
        if method.name != 'heartbeat'
        for values in contracts.orders(method)
    ]


def visible(process: Any) -> Any:
    """The revision of a process, as far as others can tell it."""
    served = process.serves()
    interface = upgrades.CLIENTS[upgrades.SERVES[process.kind]].interface
    history = interface.history
    while (
        not process.announces
        and served.probe is None
        and served.index
        and history[served.index - 1].version == served.version
    ):
        served = history[served.index - 1]
    return served


class Upgrades(stateful.RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = upgrades.World()
        self.steps: list[str] = []
        self.sent: dict[str, tuple[str, Any, dict[str, Any]]] = {}

    @stateful.initialize(
        release=releases, of=st.lists(releases, min_size=8, max_size=8)
    )
    def deploy(self, release: str, of: list[str]) -> None:
        """All of one release, but for some guests."""
        for name, own in zip(PROCESSES, of, strict=True):
            chosen = own if name.startswith('guest') else release
            self.note(f'start {name} of {chosen}')
            self.world.add(name, chosen)
        self.world.turn()

    # What happens

    @stateful.rule(name=processes, release=releases)
    def change(self, name: str, release: str) -> None:
        self.note(f'{name} becomes {release}')
        self.world.change(name, release)

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
        self.world.cut_off(name, *self.world.broker.cut_off)

    @stateful.rule()
    def mend(self) -> None:
        self.note('the network is whole again')
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
            st.sampled_from(upgrades.SENDS[process.kind]), 'interface'
        )
        history = upgrades.CLIENTS[interface].interface.history
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
        orders = _orders(process.kind)
        for number in which if process.up else ():
            interface, method, values = orders[number % len(orders)]
            peer = None
            if interface == 'guestagent':
                peer = PROCESSES[-3:][number % 3]
            self.deliver(process, interface, peer, method, values)

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
            for each in _orders(process.kind)
            if each[0] == 'guestagent' and each[1].kind == 'cast'
        ]
        for number in which if process.up else ():
            interface, method, values = casts[number % len(casts)]
            self.deliver(process, interface, guest, method, values)

    # What must hold

    def deliver(
        self, process: Any, interface: str, peer: Any, method: Any, values: Any
    ) -> None:
        number = f'req-{len(self.steps)}'
        self.note(
            f'{process.name} sends {interface} {method.name} '
            f'{sorted(values)} to {peer or "anybody"}'
        )
        self.world.broker.tag = number
        context = trove_context.TroveContext(
            request_id=number, overwrite=False
        )
        client = process.client(interface, peer)
        judged = self.judge(process, interface, peer, method, values)
        try:
            getattr(client, method.name)(context, **values)
        except exception.TroveError as error:
            self.steps[-1] += f' -> {type(error).__name__}'
            self.expect(
                judged in (None, True), f'it is refused needlessly: {error!r}'
            )
            self.expect(
                TOLD.get(type(error), '\0') in str(error)
                or '[upgrade_levels]' in str(error),
                f'an error without remedy: {error!r}',
            )
            if not isinstance(error, exception.PeerTimeout):
                self.expect(
                    number not in self.world.arrived,
                    f'it was done, and {error!r} denies it',
                )
        except Exception as error:  # noqa: BLE001
            self.expect(False, f'the sender is told {error!r}')
        else:
            self.steps[-1] += ' -> sent'
            self.sent[number] = interface, method, values
            self.expect(not judged, 'it is sent to who does not know it')
            self.expect(
                judged is None or number in self.world.arrived,
                'the peer rejects what it knows',
            )
            dropped = self.world.dropped.get(number)
            self.expect(
                dropped is None
                or (dropped.kind != 'guest' and not self.world.settled),
                'a release drops it and tells nobody',
            )
        finally:
            self.world.broker.tag = None

    def judge(
        self, process: Any, interface: str, peer: Any, method: Any, values: Any
    ) -> bool | None:
        """Whether a message is to be refused, by its contract.

        None where that is not known: the peer cannot be reached, or is not
        what the sender takes it for.
        """
        world = self.world
        declared = upgrades.CLIENTS[interface].interface
        cap = process.transport.caps.get(declared, peer)
        servers = world.broker.listening(declared.topic(process.conf, peer))
        actual = {world.processes[s.process].serves() for s in servers}
        if actual != {cap.peer} or process.name in world.broker.cut_off:
            return None
        oracle = contracts.Oracle(declared)
        return oracle.outcome(
            method, values, cap.limit.name, cap.peer.name
        ).refused

    @stateful.invariant()
    def nothing_is_lost(self) -> None:
        """Nothing vanishes, but for what a release drops.

        It gets what it cannot take only as long as the others do not know
        of it, which the operator is told how to avoid.
        """
        waiting = self.world.broker.waiting()
        for number, (_, method, _) in self.sent.items():
            fates = (
                len(self.world.arrived.get(number, ())),
                len(self.world.rejections.get(number, ())),
                int(number in self.world.dropped),
                int(number in waiting),
            )
            self.expect(
                sum(fates) == 1,
                f'{method.name} of {number} arrived, was rejected, was '
                f'dropped, waits: {fates}',
            )

    @stateful.invariant()
    def nothing_has_another_meaning(self) -> None:
        for number, (interface, method, values) in self.sent.items():
            for arrived in self.world.arrived.get(number, ()):
                self.expect(arrived.method == method.name, f'{arrived}')
                meant = contracts.meaning(method, values)
                understood = contracts.meaning(method, arrived.arguments)
                served = upgrades.revision(interface, arrived.release)
                declared = upgrades.CLIENTS[interface].interface
                for name, value in meant.items():
                    if understood.get(name) == value:
                        continue
                    span = method.arguments[name].span
                    self.expect(
                        span.may_omit,
                        f'{name} of {method.name} did not reach {served} of '
                        f'{declared.name}: {understood}',
                    )

    @stateful.invariant()
    def nothing_honest_is_called_hostile(self) -> None:
        for found in self.world.rejections.values():
            for rejection in found:
                self.expect(
                    rejection.honest, f'{rejection}: {rejection.reason}'
                )

    def teardown(self) -> None:
        """When peace is restored, all caps are what they should be."""
        if not self.world.processes:
            return
        self.mend()
        for process in self.world.processes.values():
            if not process.up:
                process.start()
        # A guest asks the conductors several times before it sends more.
        for _ in range(4):
            self.turn()
        for process in self.world.processes.values():
            for interface in upgrades.SENDS[process.kind]:
                self.settled(process, interface)
        self.nothing_is_lost()
        self.expect(
            not self.world.broker.waiting(), 'messages wait for nobody'
        )

    def settled(self, process: Any, interface: str) -> None:
        declared = upgrades.CLIENTS[interface].interface
        own = upgrades.revision(interface, process.release)
        if interface in process.pins:
            own = min(own, declared.revision(process.pins[interface]))
        peers: list[str | None] = [None]
        if interface == 'guestagent':
            peers = list(PROCESSES[-3:])
        for peer in peers:
            least = min(
                visible(each)
                for each in self.world.processes.values()
                if upgrades.SERVES.get(each.kind) == interface
                and peer in (None, each.name)
            )
            right = min(own, least)
            if process.kind == 'guest' and (
                not process.announces
                or own < declared.revision(ASKS_SINCE)
            ):
                # It does not, or may not, ask the conductors.
                right = declared.floor
            # Who announces nothing is asked before the next cast.
            cap = process.transport.caps.confirmed(declared, peer)
            self.expect(
                cap.limit == right,
                f'{process.name} sends {peer or interface} up to {cap}; '
                f'right is {right}',
            )

    def note(self, step: str) -> None:
        self.steps.append(step)

    def expect(self, holds: bool, broken: str) -> None:
        if holds:
            return
        plan = '\n'.join(
            f'{number:3}. {step}' for number, step in enumerate(self.steps, 1)
        )
        raise AssertionError(
            f'{broken}\nThe plan:\n{plan}\nTo run it again: '
            f'TROVE_TEST_SEED={SEED} TROVE_TEST_EXAMPLES={EXAMPLES} '
            'TESTS_ARGS=test_random_upgrades tools/run-tests.sh unit'
        )


class RandomUpgradesTest(base.TestCase):
    def test_any_plan(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        hypothesis.seed(SEED)(Upgrades)
        stateful.run_state_machine_as_test(
            Upgrades,
            settings=hypothesis.settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
