# SPDX-License-Identifier: Apache-2.0
"""How much one sender may say that is written down."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

#: Seconds in which messages are counted.
_WINDOW = 3600.0

#: Senders that are remembered at most, those heard last.
_MOST = 20_000


class Limit:
    """Counts the messages of each sender, hour by hour. Safe for threads.

    :param most: gives the number that each may send in an hour
    """

    def __init__(
        self,
        most: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        #: When the hour began, and how many have come.
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, sender: str) -> bool:
        """Count a message; False when it is one too many."""
        now = self._clock()
        with self._lock:
            began, count = self._counts.pop(sender, (now, 0))
            if now - began >= _WINDOW:
                began, count = now, 0
            if len(self._counts) >= _MOST:
                del self._counts[next(iter(self._counts))]
            self._counts[sender] = began, count + 1
        return count < self._most()
