# SPDX-License-Identifier: Apache-2.0
"""Every world that events lead to, whatever their order."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from typing import TypeVar

World = TypeVar('World', bound=Hashable)

After = Callable[[World], Iterator[tuple[str, World]]]


def reached(
    first: World, after: After[World], depth: int
) -> Iterator[tuple[str, World, World]]:
    """Each event in each world that can be reached, breadth first.

    :param after: gives every event in a world, and where it leads
    :param depth: of the longest order of events that finds a new world
    """
    known, edge = {first}, [first]
    for _ in range(depth):
        following = []
        for world in edge:
            for event, found in after(world):
                yield event, world, found
                if found not in known:
                    known.add(found)
                    following.append(found)
        edge = following
    assert not edge, 'deeper worlds are left'


def walk(world: World, after: After[World], *steps: str) -> World:
    """Return where some events lead."""
    for step in steps:
        world = dict(after(world))[step]
    return world
