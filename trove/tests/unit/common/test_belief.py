# SPDX-License-Identifier: Apache-2.0
"""Who may change what is believed of a peer: all worlds up to a depth.

A world is a guest, a service that speaks to it and somebody who can answer,
and send, in the place of either but has no key. All orders of all events are
gone through, world by world.
"""

from __future__ import annotations

from collections.abc import Iterator
import typing
from typing import NamedTuple

from trove.common import belief
from trove.tests import base
from trove.tests.unit.common import worlds

OURS, OLD = '1.5', '1.0'

#: Events from the beginning to the end of each of the orders. Beyond 12 no
#: new world is found.
DEPTH = 14

#: What anybody can do who has no key and no word of an operator.
ANYBODY = ('clear old', 'clear ours', 'released old', 'released ours')


class World(NamedTuple):
    """What is, and what each side believes.

    :param guest: the release that the guest is really of
    :param of_guest: what the service believes of it
    :param of_service: what the guest believes of the service; one of a
        release believes nothing
    :param meant: an operator has permitted the released form, and nobody
        has taken that back
    :param told: the guest has been told what the operator permits
    """

    guest: str = OLD
    of_guest: belief.Belief = belief.Belief()
    of_service: belief.Belief = belief.Belief()
    meant: bool = False


def learn(
    before: belief.Belief,
    evidence: belief.Evidence,
    says: str | None = None,
) -> belief.Belief:
    return belief.learn(before, evidence, says, says == OURS)


def after(world: World) -> Iterator[tuple[str, World]]:
    """Every event, and the world that it leads to."""
    of_guest = world.of_guest
    # What the guest itself does.
    if world.guest == OURS:
        heard = learn(of_guest, 'sealed', OURS)
        yield 'heartbeat', world._replace(
            of_guest=heard, meant=heard.allowed
        )
        # The next message of the service is sealed, and so proves it.
        if sent(world) == 'sealed':
            yield (
                'sealed call',
                world._replace(
                    of_service=learn(world.of_service, 'sealed', OURS)
                ),
            )
        yield 'rotation', world._replace(
            of_guest=learn(of_guest, 'rotated'), meant=False
        )
        # Over an answer that is sealed the guest learns what was permitted.
        word: belief.Evidence = 'hold' if of_guest.held else 'forbid'
        yield 'told', world._replace(of_service=learn(world.of_service, word))
    else:
        yield 'released heartbeat', world._replace(
            of_guest=learn(of_guest, 'released', None)
        )
        yield 'probe', world._replace(of_guest=learn(of_guest, 'clear', OLD))
    yield 'silence', world._replace(of_guest=learn(of_guest, 'silence'))
    # What the operator does.
    yield 'upgrade', world._replace(guest=OURS)
    # The image of a release brings no memory.
    yield 'rollback', world._replace(guest=OLD, of_service=belief.Belief())
    for word in typing.cast(tuple[belief.Evidence, ...], ('allow', 'hold')):
        yield word, world._replace(of_guest=learn(of_guest, word), meant=True)
    yield 'forbid', world._replace(
        of_guest=learn(of_guest, 'forbid'), meant=False
    )
    yield 'restart', world._replace(of_guest=learn(of_guest, 'restarted'))
    # What anybody can do.
    yield from by_anybody(world)


def by_anybody(world: World) -> Iterator[tuple[str, World]]:
    for name in ANYBODY:
        evidence, _, age = name.partition(' ')
        says = OURS if age == 'ours' else OLD
        said = typing.cast(belief.Evidence, evidence)
        yield name, world._replace(
            of_guest=learn(world.of_guest, said, says),
            of_service=(
                learn(world.of_service, said, says)
                if world.guest == OURS
                else world.of_service
            ),
        )


def sent(world: World) -> belief.Form | None:
    """The form of what the service sends to the guest."""
    speaks = world.of_guest.speaks
    return belief.form(
        known=speaks is not None,
        seals=speaks == OURS,
        released=world.of_guest.released,
    )


def all_worlds() -> Iterator[tuple[str, World, World]]:
    return worlds.reached(World(), after, DEPTH)


class AllWorldsTest(base.TestCase):
    def test_nobody_without_a_key_lowers_what_is_proven(self) -> None:
        for event, before, found in all_worlds():
            if event not in (*ANYBODY, 'released heartbeat', 'probe'):
                continue
            for was, now in (
                (before.of_guest, found.of_guest),
                (before.of_service, found.of_service),
            ):
                if was.released:
                    continue
                self.assertEqual(was[1:], now[1:], (event, before))
                if was.speaks is not None:
                    self.assertEqual(was.speaks, now.speaks, (event, before))

    def test_the_released_form_needs_an_operator_once_it_is_proven(
        self,
    ) -> None:
        for event, before, found in all_worlds():
            if not found.of_guest.proven or found.meant:
                continue
            self.assertFalse(found.of_guest.released, (event, before))
            self.assertNotEqual('released', sent(found), (event, before))
            self.assertFalse(
                belief.takes('released', found.of_guest.released),
                (event, before),
            )

    def test_only_an_operator_permits_it(self) -> None:
        for event, before, found in all_worlds():
            if found.of_guest.allowed and not before.of_guest.allowed:
                self.assertIn(event, ('allow', 'hold'))
            if found.of_service.allowed and not before.of_service.allowed:
                # What the guest is told, it is told sealed.
                self.assertEqual('told', event)
                self.assertTrue(before.of_guest.held)

    def test_it_ends_with_what_is_sealed_or_another_key(self) -> None:
        for event, before, found in all_worlds():
            if event == 'rotation' or (
                event == 'heartbeat' and not before.of_guest.held
            ):
                self.assertFalse(found.of_guest.allowed, (event, before))
                self.assertTrue(found.of_guest.proven, (event, before))

    def test_what_the_guest_is_is_found_out_in_the_end(self) -> None:
        """With the word of an operator where one is needed."""
        for _, _, world in all_worlds():
            if world.guest == OURS:
                steps = ['heartbeat']
            elif world.of_guest.released:
                steps = ['probe']
            else:
                steps = ['allow', 'probe']
            form = 'sealed' if world.guest == OURS else 'released'
            found = worlds.walk(world, after, *steps)
            self.assertEqual(form, sent(found), (steps, world))

    def test_no_cast_goes_to_who_would_drop_it_once_it_was_asked(
        self,
    ) -> None:
        """Who is silent is asked before a cast; that must be enough."""
        for _, _, world in all_worlds():
            answer = OURS if world.guest == OURS else OLD
            asked = learn(world.of_guest, 'clear', answer)
            doubted = belief.outweighs(
                world.of_guest, 'clear', answer, answer == OURS
            )
            form = sent(world._replace(of_guest=asked))
            if form == 'sealed' and not doubted:
                self.assertEqual(OURS, world.guest, world)

    def test_a_guest_takes_what_it_is_sent(self) -> None:
        for _, _, world in all_worlds():
            if world.guest != OURS:
                continue
            heard = dict(after(world))['heartbeat']
            self.assertTrue(
                belief.takes('sealed', heard.of_service.released), world
            )
            self.assertEqual('sealed', sent(heard))

    def test_who_asks_for_authenticated_ones_gets_no_others(self) -> None:
        for known in True, False:
            for released in True, False:
                for seals in True, False:
                    if seals and not known:
                        continue
                    form = belief.form(
                        known=known,
                        seals=seals,
                        released=released,
                        authenticated=True,
                    )
                    self.assertIn(form, ('sealed', None))
        self.assertFalse(belief.takes('released', True, authenticated=True))
        self.assertFalse(belief.takes('clear', True))


class TableTest(base.TestCase):
    def test_every_kind_of_evidence_has_one_rule(self) -> None:
        self.assertEqual(
            set(typing.get_args(belief.Evidence)), set(belief.RULES)
        )

    def test_what_anybody_can_say_neither_proves_nor_allows(self) -> None:
        for name in ('released', 'clear', 'silence'):
            rule = belief.RULES[typing.cast(belief.Evidence, name)]
            self.assertIsNone(rule.proves)
            self.assertIsNone(rule.allows)
            self.assertIsNone(rule.holds)
            self.assertIn(rule.proven, ('keeps', 'fills'))
