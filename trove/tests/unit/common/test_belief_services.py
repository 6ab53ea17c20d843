# SPDX-License-Identifier: Apache-2.0
"""Who may change what is believed of services: all worlds of a topic.

A world is a topic with services of ours, maybe one of a release, the row of
the registry that says so, and somebody who can answer there without a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trove.common import belief
from trove.tests import base
from trove.tests.unit.common import worlds

OURS, OLD = '1.1', '1.0'

DEPTH = 12

#: What happens when the last one of a release goes.
UPGRADE = ('old goes', 'row expires', 'look')


class World(NamedTuple):
    """What is, and what services believe of those on a topic.

    :param old: one of a release is there
    :param row: the registry says so
    :param believed: of all on the topic
    :param taken: of those who send to it, which nobody can count
    :param meant: an operator has permitted the released form, and nobody
        has taken that back
    """

    old: bool = False
    row: bool = False
    believed: belief.Belief = belief.Belief(OURS)
    taken: belief.Belief = belief.Belief()
    meant: bool = False


def learn(
    before: belief.Belief, evidence: belief.Evidence, says: str | None = None
) -> belief.Belief:
    return belief.learn(before, evidence, says, says == OURS)


def heard_old(world: World) -> World:
    """The census gets an answer of a release, true or not."""
    return world._replace(
        row=True, believed=learn(world.believed, 'clear', OLD)
    )


def looked(world: World) -> World:
    """The census gets true answers."""
    if world.old:
        return heard_old(world)
    if world.row:
        return world
    believed = learn(world.believed, 'registered', OURS)
    return world._replace(
        believed=believed, meant=world.meant and believed.allowed
    )


def after(world: World) -> Iterator[tuple[str, World]]:
    """Every event, and the world that it leads to."""
    yield 'look', looked(world)
    yield 'lie', heard_old(world)
    yield 'old starts', world._replace(old=True)
    yield 'old goes', world._replace(old=False)
    if not world.old:
        yield 'row expires', world._replace(row=False)
    for word in ('allow', 'hold'):
        assert word == 'allow' or word == 'hold'
        if world.believed.proven:
            yield word, world._replace(
                believed=learn(world.believed, word), meant=True
            )
        if world.taken.proven:
            yield f'{word} api', world._replace(
                taken=learn(world.taken, word)
            )
    yield 'forbid', world._replace(
        believed=learn(world.believed, 'closed'), meant=False
    )
    yield 'forbid api', world._replace(taken=learn(world.taken, 'closed'))


def is_doubted(world: World) -> bool:
    """Whether casts are refused: who is there may know less."""
    return world.row and not world.believed.released


def sent(world: World) -> belief.Form | None:
    """The form of what is sent to the topic."""
    released = world.believed.released
    return belief.form(
        known=True, seals=not (world.row and released), released=released
    )


def all_worlds() -> Iterator[tuple[str, World, World]]:
    return worlds.reached(World(), after, DEPTH)


class AllWorldsTest(base.TestCase):
    def test_who_answers_without_a_key_lowers_nothing_proven(self) -> None:
        for event, before, found in all_worlds():
            if event in ('lie', 'look') and not before.believed.released:
                self.assertFalse(found.believed.released, (event, before))
                self.assertEqual('sealed', sent(found), (event, before))

    def test_the_released_form_needs_an_operator_once_it_is_proven(
        self,
    ) -> None:
        for event, before, found in all_worlds():
            if found.believed.proven and not found.meant:
                self.assertEqual('sealed', sent(found), (event, before))
            if found.believed.allowed and not before.believed.allowed:
                self.assertIn(event, ('allow', 'hold'))
            if found.taken.released and not before.taken.released:
                self.assertIn(event, ('allow api', 'hold api'))

    def test_it_is_proven_by_the_registry_or_an_operator(self) -> None:
        for event, before, found in all_worlds():
            if found.believed.proven and not before.believed.proven:
                self.assertIn(event, ('look', 'forbid'))
                if event == 'look':
                    self.assertFalse(before.old or before.row, before)
            if found.taken.proven and not before.taken.proven:
                self.assertEqual('forbid api', event)

    def test_no_cast_is_lost_at_one_that_was_looked_for(self) -> None:
        for _, _, world in all_worlds():
            found = looked(world)
            if found.old and sent(found) == 'sealed':
                self.assertTrue(is_doubted(found), found)

    def test_every_rollback_that_an_operator_names_is_understood(
        self,
    ) -> None:
        for _, _, world in all_worlds():
            steps = ['look', 'old starts', 'look']
            if worlds.walk(world, after, *steps[:1]).believed.proven:
                steps.insert(1, 'hold')
            found = worlds.walk(world, after, *steps)
            self.assertEqual('released', sent(found), (steps, world))

    def test_every_upgrade_ends_sealed(self) -> None:
        for _, _, world in all_worlds():
            found = worlds.walk(world, after, *UPGRADE)
            self.assertEqual('sealed', sent(found), world)
            self.assertTrue(found.believed.proven)
            self.assertFalse(is_doubted(found), world)

    def test_only_what_was_held_outlasts_an_upgrade(self) -> None:
        for _, _, world in all_worlds():
            found = worlds.walk(world, after, *UPGRADE)
            self.assertEqual(world.believed.held, found.believed.allowed)
