# SPDX-License-Identifier: Apache-2.0
"""Which task managers are dead, as far as this one can see.

The clocks of other hosts do not matter, nor do times in which nobody could
report: what counts is how long, by our own clock and while we could look, a
report has stayed the same.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
import time


class Watch:
    """Remembers how long things have been as they are.

    Not safe for threads.

    :param gap: seconds without a look after which nothing is known any more
    :param clock: seconds, whatever they are counted from
    """

    def __init__(
        self, gap: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = gap
        self._clock = clock
        self._looked: float | None = None
        self._seen: dict[Hashable, tuple[object, float]] = {}

    def look(self, things: Mapping[Hashable, object]) -> None:
        """Take note of what is there now."""
        now = self._clock()
        if self._looked is None or now - self._looked > self._gap:
            self._seen.clear()
        self._looked = now
        seen = {}
        for key, value in things.items():
            known = self._seen.get(key)
            if known is None or known[0] != value:
                known = value, now
            seen[key] = known
        self._seen = seen

    def unchanged(self, key: Hashable) -> float:
        """Return for how many seconds a thing has been as it is.

        What was not there at the last look has been so for no time.
        """
        if self._looked is None or key not in self._seen:
            return 0.0
        return self._looked - self._seen[key][1]
