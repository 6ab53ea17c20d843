# SPDX-License-Identifier: Apache-2.0
"""A fair lock, acquired in the order of requests.

Orders without an answer arrive in the order in which they were sent ("create
the database", "create its user") and are carried out by several threads; this
lock keeps them in order. A thread may be late, when it is not scheduled or
has to record the message first. So an order gets its place on arrival.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import threading


class Turns:
    """Use it in ``with``; it is not reentrant."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given = 0
        #: The places in use, in their order.
        self._open: dict[int, None] = {}
        self._current = 0
        self._kept = threading.local()

    def place(self) -> contextlib.AbstractContextManager[None]:
        """Return the next place, for the thread that enters it.

        Within it, that thread acquires the lock before all later places. If
        it does not, the place is given up at the end; so it must be entered.
        """
        return self._keep(self._give())

    @contextlib.contextmanager
    def _keep(self, place: int) -> Iterator[None]:
        self._kept.place = place
        try:
            yield
        finally:
            if self._take() is not None:
                self._end(place)

    def _take(self) -> int | None:
        """Return the place that this thread has kept, once."""
        place: int | None = getattr(self._kept, 'place', None)
        self._kept.place = None
        return place

    def _give(self) -> int:
        with self._changed:
            self._given += 1
            self._open[self._given] = None
            return self._given

    def _end(self, place: int) -> None:
        with self._changed:
            del self._open[place]
            self._changed.notify_all()

    def __enter__(self) -> None:
        mine = self._take() or self._give()
        with self._changed:
            self._changed.wait_for(lambda: next(iter(self._open)) == mine)
        self._current = mine

    def __exit__(self, *exc_info: object) -> None:
        self._end(self._current)
