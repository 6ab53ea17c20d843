# SPDX-License-Identifier: Apache-2.0
"""Names of objects that differ in a number of eight digits."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses


@dataclasses.dataclass(frozen=True)
class Names:
    """Names in a row.

    :ivar before: what precedes the number
    :ivar after: what follows it
    :ivar first: number of the first one; None: the name has no number, and is
        the only one
    :ivar count: how many there are
    """

    before: str
    after: str = ''
    first: int | None = None
    count: int = 1

    def __iter__(self) -> Iterator[str]:
        if self.first is None:
            yield self.before + self.after
            return
        for number in range(self.first, self.first + self.count):
            yield f'{self.before}{number:08d}{self.after}'

    def index(self, name: str) -> int | None:
        """Return which of them a name is; None: it is another one."""
        if self.first is None:
            return 0 if name == self.before + self.after else None
        digits = name.removeprefix(self.before).removesuffix(self.after)
        if not (len(digits) == 8 and digits.isdecimal()):
            return None
        index = int(digits) - self.first
        if not 0 <= index < self.count:
            return None
        return index if f'{self.before}{digits}{self.after}' == name else None

    def prefixes(self) -> list[str]:
        """Return how the names with this number or a later one begin.

        No name with an earlier number begins so.
        """
        if self.first is None:
            return [self.before + self.after]
        if self.first <= 1:
            return [self.before]
        digits = f'{self.first:08d}'
        return [
            self.before + digits,
            *(
                f'{self.before}{digits[:place]}{digit}'
                for place in reversed(range(len(digits)))
                for digit in range(int(digits[place]) + 1, 10)
            ),
        ]
