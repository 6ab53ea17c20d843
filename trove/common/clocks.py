# SPDX-License-Identifier: Apache-2.0
"""Tells when a clock was set to another time.

Nothing is decided by it: what depends on clocks goes on by itself, see
``trove/tests/unit/test_wall_clock.py``. But times in logs, and those that
people are shown, jump; so an operator is told, once for each time.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import math
import multiprocessing
import threading
import time
from typing import Any

LOG = logging.getLogger(__name__)

#: Seconds between two looks at a clock.
INTERVAL = 5.0

#: Seconds by which a clock is set, at least, to be told of. A time service
#: corrects less than that without anybody noticing.
LEAST = 10.0


class _Own:
    """State of a single process, with the interface of multiprocessing."""

    def __init__(self) -> None:
        self.value = math.nan
        self._lock = threading.Lock()

    def get_lock(self) -> threading.Lock:
        return self._lock


class Watch:
    """Compares a clock with one that nobody can set.

    :param what: the clock, as in "The clock of this machine"
    :param read: gives seconds, whatever they are counted from
    :param passed: gives seconds that go on evenly
    :param shared: processes that are forked off share what they have told,
        so that one of them does it
    """

    def __init__(
        self,
        what: str,
        read: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
        *,
        shared: bool = False,
    ) -> None:
        self._what = what
        self._read = read
        self._passed = passed
        self._known: Any = _Own()
        if shared:
            context = multiprocessing.get_context('fork')
            self._known = context.Value('d', math.nan)

    def look(self) -> None:
        """Look at the clock once."""
        before = self._passed()
        now = self._read()
        if self._passed() - before > LEAST / 2:
            # It took so long that nobody knows when this was.
            return
        step = self._step(now - before)
        if step:
            LOG.warning(
                'The clock of %s was set %s by %.0f seconds. Services '
                'continue; check the time service (NTP), since times in logs '
                'and responses follow this clock.',
                self._what,
                'forward' if step > 0 else 'back',
                abs(step),
            )

    def _step(self, offset: float) -> float:
        """Return how far it was set since the last look of anybody."""
        known = self._known
        lock = known.get_lock()
        # Who has it may have been killed.
        if not lock.acquire(timeout=LEAST / 10):
            return 0.0
        try:
            step = offset - known.value
            if abs(step) < LEAST:
                return 0.0
            known.value = offset
            return 0.0 if math.isnan(step) else float(step)
        finally:
            lock.release()
