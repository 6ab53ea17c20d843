# SPDX-License-Identifier: Apache-2.0
"""How long values have been unchanged, as seen by this process.

A task manager is dead when its report does not change. That is measured with
the monotonic clock of this process, and only while the database could be
read: clocks of other hosts do not matter, nor does an outage of the database
during which nobody could report.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
import time


class Watch:
    """Measures how long values have been unchanged.

    Not thread-safe.

    :param gap: seconds without a look after which all measurements restart
    :param clock: returns monotonic seconds
    """

    def __init__(
        self, gap: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = gap
        self._clock = clock
        self._looked: float | None = None
        self._seen: dict[Hashable, tuple[object, float]] = {}

    def look(self, things: Mapping[Hashable, object]) -> None:
        """Record the present values, by key."""
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
        """Return for how many seconds a value has been unchanged.

        It is 0 for a key that was absent at the last look.
        """
        if self._looked is None or key not in self._seen:
            return 0.0
        return self._looked - self._seen[key][1]
