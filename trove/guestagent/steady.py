# SPDX-License-Identifier: Apache-2.0
"""The time by which a guest orders what it says."""

from __future__ import annotations

from collections.abc import Callable
import time


class Steady:
    """The time of the machine when the agent began, and what passed since.

    It goes on evenly when the clock of the machine is set to another time, so
    what is said later bears a later time. That of the next process may be
    before; the conductors see that it is another clock by what they hear.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._passed = passed
        self._began = wall() - passed()

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self._began + self._passed()


#: Of this process, for all that it says.
time_sent = Steady()
