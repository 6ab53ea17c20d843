# SPDX-License-Identifier: Apache-2.0
"""The threads of a task manager, and how projects share them.

A job keeps a thread until it ends, and guest agents of a project may answer
as slowly as they like. So each project has a lane of so many threads at most:
a job beyond them waits for its turn without a thread. The thread of one that
ends goes on with the next one of the lane, in the order of their messages.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Hashable
import logging
import threading

LOG = logging.getLogger(__name__)

Work = Callable[[], None]


class Running:
    """The owners whose workflows this process runs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: set[str] = set()

    def __contains__(self, owner: str) -> bool:
        with self._lock:
            return owner in self._owners

    def __len__(self) -> int:
        with self._lock:
            return len(self._owners)

    def add(self, owner: str) -> None:
        with self._lock:
            self._owners.add(owner)

    def discard(self, owner: str) -> None:
        with self._lock:
            self._owners.discard(owner)


class Lanes:
    """Lanes by project, and what waits in them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: collections.Counter[Hashable] = collections.Counter()
        self._waiting: dict[Hashable, collections.deque[Work]] = {}

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a thread of their lane."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def run(
        self,
        lane: Hashable,
        most: int,
        work: Work,
        draining: threading.Event,
    ) -> None:
        """Run work now, or leave it to a thread of its lane.

        :param most: threads of the lane
        :param draining: when it is set, what waits is left to whoever adopts
            it
        """
        with self._lock:
            queue = self._waiting.setdefault(lane, collections.deque())
            queue.append(work)
            if self._busy[lane] >= most:
                return
            self._busy[lane] += 1
            following: Work | None = self._first(lane)
        try:
            while following is not None:
                _do(following)
                following = self._next(lane, most, draining)
        except BaseException:
            with self._lock:
                self._leave(lane)
            raise

    def _next(
        self, lane: Hashable, most: int, draining: threading.Event
    ) -> Work | None:
        with self._lock:
            # The option may have been changed meanwhile.
            if (
                lane in self._waiting
                and self._busy[lane] <= most
                and not draining.is_set()
            ):
                return self._first(lane)
            self._leave(lane)
            return None

    def _first(self, lane: Hashable) -> Work:
        queue = self._waiting[lane]
        work = queue.popleft()
        if not queue:
            del self._waiting[lane]
        return work

    def _leave(self, lane: Hashable) -> None:
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]


def _do(work: Work) -> None:
    try:
        work()
    except Exception:
        LOG.exception('A job ended unexpectedly. Recovery resumes it.')
