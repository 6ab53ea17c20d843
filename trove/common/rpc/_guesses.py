# SPDX-License-Identifier: Apache-2.0
"""Counts the calls of each sender that did not open, until it is enough.

In the released form nothing is authenticated: who sends hundreds of changed
messages and learns which of them open, learns what they say. Casts have no
answer and are not counted.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
import threading
import time
from typing import Final

#: Calls of a sender that may fail to open within :data:`WINDOW` seconds.
MOST: Final = 5
WINDOW: Final = 3600.0

#: Senders that are remembered at most, those that failed last.
_MOST_SENDERS: Final = 20_000

#: Interface, and the instance that a message is of or for.
Whose = tuple[str, str | None]


class Guesses:
    """How many calls of each sender did not open. Safe for threads.

    After :data:`MOST` in :data:`WINDOW` seconds no call of that sender is
    to be opened until the oldest is that old.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: collections.OrderedDict[Whose, tuple[float, ...]] = (
            collections.OrderedDict()
        )

    def failed(self, whose: Whose) -> None:
        """Count one that did not open."""
        with self._lock:
            before = self._failed.pop(whose, ())[1 - MOST :]
            self._failed[whose] = (*before, self._clock())
            if len(self._failed) > _MOST_SENDERS:
                self._failed.popitem(last=False)

    def exhausted(self, whose: Whose) -> bool:
        """Whether no more calls of a sender are to be opened for now."""
        times = self._failed.get(whose)
        if times is None or len(times) < MOST:
            return False
        return self._clock() - times[0] < WINDOW
