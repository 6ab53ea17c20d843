# SPDX-License-Identifier: Apache-2.0
"""What was sent, left out and refused: counted, and told to observers."""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import threading
from typing import Literal

Outcome = Literal['sent', 'left out', 'refused']


@dataclasses.dataclass(frozen=True)
class Event:
    """What became of a message on its way out.

    :param version: sent: the version of the message; refused: the version
        that it would have needed
    :param arguments: left out: the names of the arguments
    """

    outcome: Outcome
    interface: str
    peer: str | None
    method: str
    version: str
    arguments: tuple[str, ...] = ()


_lock = threading.Lock()
_counts: collections.Counter[tuple[str, str, str, Outcome]] = (
    collections.Counter()
)
_observers: list[Callable[[Event], None]] = []


def record(event: Event) -> None:
    key = event.interface, event.method, event.version, event.outcome
    with _lock:
        _counts[key] += 1
        observers = tuple(_observers)
    for observer in observers:
        observer(event)


def counts() -> dict[tuple[str, str, str, Outcome], int]:
    """Messages of this process so far.

    :returns: the number by (interface, method, version, outcome)
    """
    with _lock:
        return dict(_counts)


@contextlib.contextmanager
def observe(observer: Callable[[Event], None]) -> Iterator[None]:
    """Tell ``observer`` of every event of this process, from any thread."""
    with _lock:
        _observers.append(observer)
    try:
        yield
    finally:
        with _lock:
            _observers.remove(observer)
