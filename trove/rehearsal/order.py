# SPDX-License-Identifier: Apache-2.0
"""The order of steps in which least is refused and left out.

What a step costs depends only on who has been upgraded, not on the order in
which that was done, so the best order is a shortest path between sets. Who is
of one kind and one revision is interchangeable, and goes in one block; where
there are many, all guests do, or all of a kind.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
import functools
import itertools
from typing import NamedTuple

from trove.rehearsal import inventory as inventories

#: The order of the operators' guide: a receiver before its senders.
GUIDE = ('conductor', 'taskmanager', 'api', 'guest')

#: For how many states, times the pairs of members in each, all orders are
#: tried: some seconds. With more, blocks are put together.
_MOST = 300_000


class Cost(NamedTuple):
    """The cost of an order, the worst first.

    It is one for each message that a kind of sender cannot say to an
    instance, while one step lasts.

    :param lost: refused, and could be said before
    :param refused: all that is refused
    :param left_out: arguments that are left out
    """

    lost: int = 0
    refused: int = 0
    left_out: int = 0

    def plus(self, other: Cost, times: int = 1) -> Cost:
        return Cost(
            *(a + b * times for a, b in zip(self, other, strict=True))
        )


class Best(NamedTuple):
    """An order, and what it costs."""

    members: tuple[inventories.Member, ...]
    cost: Cost


class Search:
    """Looks for the best order.

    :param members: those to be upgraded
    :param cost: of the state in which those with these names are upgraded
    """

    def __init__(
        self,
        members: Sequence[inventories.Member],
        cost: Callable[[Collection[str]], Cost],
    ) -> None:
        self._cost = functools.cache(
            lambda names: cost(names)  # by frozenset of names
        )
        ordered = sorted(members, key=_key)
        for alike in (_key, _with_all_guests, _kind):
            self._blocks = [
                list(group) for _, group in itertools.groupby(ordered, alike)
            ]
            if 2 ** len(self._blocks) * len(members) ** 2 <= _MOST:
                break

    def guided(self) -> Best:
        """The order of the guide; of guests the oldest first."""
        return self._follow(range(len(self._blocks)))

    def best(self) -> Best:
        """The order that costs least; if several do, the guide's."""
        number = len(self._blocks)
        found: dict[frozenset[int], tuple[Cost, tuple[int, ...]]] = {
            frozenset(): (Cost(), ())
        }
        for size in range(number):
            for done in itertools.combinations(range(number), size):
                cost, path = found[frozenset(done)]
                for nxt in set(range(number)).difference(done):
                    key = frozenset((*done, nxt))
                    more = cost.plus(self._block(done, nxt))
                    candidate = more, (*path, nxt)
                    known = found.get(key)
                    if known is None or candidate < known:
                        found[key] = candidate
        return self._follow(found[frozenset(range(number))][1])

    def _follow(self, path: Sequence[int]) -> Best:
        total = Cost()
        for place, block in enumerate(path):
            total = total.plus(self._block(tuple(path[:place]), block))
        return Best(
            tuple(m for block in path for m in self._blocks[block]), total
        )

    def _block(self, done: Sequence[int], nxt: int) -> Cost:
        """What it costs to upgrade a block after others."""
        names = set(self._names(done))
        members = [member.name for member in self._blocks[nxt]]
        total = Cost()
        if len(members) > 1:
            # As long as some are old and some new, it is always the same.
            mixed = self._cost(frozenset({*names, members[0]}))
            total = total.plus(mixed, len(members) - 1)
        return total.plus(self._cost(frozenset({*names, *members})))

    def _names(self, blocks: Sequence[int]) -> Iterator[str]:
        for block in blocks:
            for member in self._blocks[block]:
                yield member.name


def _kind(member: inventories.Member) -> object:
    return member.part.kind


def _with_all_guests(member: inventories.Member) -> object:
    return 'guest' if member.is_guests else _key(member)


def _key(member: inventories.Member) -> tuple[object, ...]:
    part = member.part
    return (
        GUIDE.index(part.kind),
        tuple(revision.index for revision in part.revisions.values()),
        part.announces,
    )
