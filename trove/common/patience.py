# SPDX-License-Identifier: Apache-2.0
"""Long waits: how often to look, and a few lines in the log."""

from __future__ import annotations

from collections.abc import Callable
import logging
import time

LOG = logging.getLogger(__name__)

#: Seconds of a wait before its first line; each further one comes after
#: twice as long.
FIRST = 60.0

#: An interval is the time waited divided by this: 2.5 % are added at most.
_POLL_DIVISOR = 40
#: The longest interval, in units of the shortest.
_MAX_POLL_FACTOR = 50


class Patience:
    """One wait, which begins now.

    :param seconds: the timeout
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._began = clock()
        self._next = FIRST

    @property
    def waited(self) -> float:
        return self._clock() - self._began

    @property
    def is_over(self) -> bool:
        return self.waited >= self._seconds

    def tell(self, what: str) -> None:
        """Log what is waited for, if that takes long."""
        waited = self.waited
        if waited >= self._next:
            self._next = waited * 2
            LOG.info(
                '%s: waiting for %.0f of at most %g seconds.',
                what,
                waited,
                self._seconds,
            )

    def pause(self, shortest: float, interval: float = 0) -> float:
        """Return the seconds until the next look.

        :param interval: the least, beside the shortest one
        """
        waited = self.waited
        longest = min(shortest * _MAX_POLL_FACTOR, self._seconds - waited)
        return min(max(shortest, interval, waited / _POLL_DIVISOR), longest)
