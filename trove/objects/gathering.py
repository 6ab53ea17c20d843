# SPDX-License-Identifier: Apache-2.0
"""Group commit: one write for the items of many threads.

::

    write = gathering.Gathering(write_many)
    result = write(item)            # in any thread

A thread that arrives while another one writes, waits; then one of the waiting
threads writes all items. So under load a transaction carries the items that
arrived during the previous one, and without load no thread waits.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Sequence
import threading
from typing import Generic
from typing import TypeVar

from oslo_db import exception as db_exception

from trove.common import exception

T = TypeVar('T')
R = TypeVar('R')

#: Errors that would recur for each single item.
_COMMON_ERRORS = (exception.ServiceUnavailable, db_exception.DBDeadlock)


def write_each(
    write: Callable[[Sequence[T]], Sequence[R | Exception]],
    items: Sequence[T],
) -> Sequence[R | Exception]:
    """Write items together, or one by one after an error.

    So an item that cannot be written does not affect the others.

    :param write: gets items and returns a result or an exception for each;
        when it raises, nothing was written
    :returns: a result or an exception for each item
    """
    try:
        return write(items)
    except _COMMON_ERRORS as error:
        return [error] * len(items)
    except Exception as error:  # noqa: BLE001
        if len(items) == 1:
            return [error]
        return [write_each(write, [item])[0] for item in items]


class _Entry(Generic[T, R]):
    """An item of a thread, which sleeps until it is woken.

    It is woken because its item is written (``done``) or because it is to
    write.
    """

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        self.result: R | Exception | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def sleep(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


class Gathering(Generic[T, R]):
    """Calls a function with the items of all waiting threads.

    :param write: as in :func:`write_each`
    :param most: maximum number of items per call
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Sequence[R | Exception]],
        most: int = 100,
    ) -> None:
        self._write = write
        self._most = most
        self._waiting: collections.deque[_Entry[T, R]] = collections.deque()
        self._busy = False
        self._lock = threading.Lock()

    def __call__(self, item: T) -> R:
        """Write an item; return its result when it is written.

        :raises Exception: the one that ``write`` raised, or returned for it
        """
        entry: _Entry[T, R] = _Entry(item)
        with self._lock:
            self._waiting.append(entry)
            first, self._busy = not self._busy, True
        if not first:
            entry.sleep()
        if not entry.done:
            self._lead(entry)
        result = entry.result
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[return-value]

    def _lead(self, leader: _Entry[T, R]) -> None:
        """Write the oldest items; the first of them is the leader's."""
        with self._lock:
            count = min(len(self._waiting), self._most)
            entries = [self._waiting.popleft() for _ in range(count)]
        try:
            results = write_each(
                self._write, [entry.item for entry in entries]
            )
            for entry, result in zip(entries, results, strict=True):
                entry.result = result
                entry.done = True
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].wake()
                else:
                    self._busy = False
            for entry in entries:
                if not entry.done:
                    # This thread is ending; the others must not wait for it.
                    entry.result = exception.ServiceUnavailable(
                        what='The database'
                    )
                    entry.done = True
                if entry is not leader:
                    entry.wake()
