# SPDX-License-Identifier: Apache-2.0
"""A deployment with few processes of each revision."""

from __future__ import annotations

from trove.rehearsal import inventory as inventories
from trove.rehearsal import world as worlds


class Miniature:
    """The members of a deployment of which there are processes.

    Of those that are alike no more than needed.
    """

    def __init__(
        self, inventory: inventories.Inventory, most: int
    ) -> None:
        self.inventory = inventory
        self.members: list[inventories.Member] = []
        self._names: dict[str, list[str]] = {}
        seen: dict[tuple[str, str], int] = {}
        for member in inventory.members:
            number = 1
            if member.is_guests:
                number = min(member.count, most)
            else:
                key = member.part.kind, str(member.part)
                seen[key] = seen.get(key, 0) + 1
                if seen[key] > most:
                    continue
            self.members.append(member)
            self._names[member.name] = [
                member.name if number == 1 else f'{member.name}/{each}'
                for each in range(1, number + 1)
            ]

    def names(self, member: inventories.Member) -> list[str]:
        """The processes of a member."""
        return self._names.get(member.name, [])

    def build(self, world: worlds.World) -> None:
        """Start all of them; receivers first, as an operator would."""
        order = ('conductor', 'taskmanager', 'api', 'guest')
        for member in sorted(
            self.members, key=lambda each: order.index(each.part.kind)
        ):
            pins = {} if member.is_guests else self.inventory.pins
            for name in self.names(member):
                world.add(name, member.part, **pins)
        world.settle()

    @property
    def processes(self) -> int:
        return sum(map(len, self._names.values()))
