# SPDX-License-Identifier: Apache-2.0
"""Limits how many rejected messages per second reach the database."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import threading
import time

from trove.common import rpc

#: Maximum number of kinds of hostile messages that are recorded per second.
PER_SECOND = 20

_MAX_KINDS = 1000

#: Stands for all methods when there are too many kinds.
_ANY = '*'

Kind = tuple[str, str, str, str]


def kind(rejection: rpc.Rejection) -> Kind:
    """Return the kind of a message: those of a kind are logged together."""
    return (
        rejection.cause,
        rejection.interface,
        # The limit counts messages of all methods.
        _ANY if rejection.cause == 'limit' else rejection.method,
        rejection.instance_id or '',
    )


class Limiter:
    """Writes up to :data:`PER_SECOND` messages per second, one of each kind.

    The others are counted, and written later with their number.

    :param write: called with a message and the number of messages of its kind
        that it stands for; it must not raise
    :param clock: returns monotonic seconds
    """

    def __init__(
        self,
        write: Callable[[rpc.Rejection, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._second = 0.0
        self._passed: set[Kind] = set()
        self._held: dict[Kind, tuple[rpc.Rejection, int]] = {}
        self._drains = False

    def __call__(self, rejection: rpc.Rejection) -> None:
        """Write a message, now or later."""
        with self._lock:
            passes = self._has_room(kind(rejection))
            if not passes:
                self._hold(rejection)
                self._drain_later()
        if passes:
            self._write(rejection, 1)

    def _has_room(self, found: Kind) -> bool:
        now = self._clock()
        if now - self._second >= 1:
            self._second = now
            self._passed.clear()
        if found in self._passed or len(self._passed) >= PER_SECOND:
            return False
        self._passed.add(found)
        return True

    def _hold(self, rejection: rpc.Rejection) -> None:
        found = kind(rejection)
        if found not in self._held and len(self._held) >= _MAX_KINDS:
            rejection = dataclasses.replace(
                rejection, method=_ANY, peer=None, sender=None, arguments={}
            )
            found = kind(rejection)
        held, count = self._held.get(found, (rejection, 0))
        self._held[found] = held, count + 1

    def _drain_later(self) -> None:
        if not self._drains:
            self._drains = True
            timer = threading.Timer(1, self._drain)
            timer.daemon = True
            timer.start()

    def _drain(self) -> None:
        with self._lock:
            kinds = list(self._held)[:PER_SECOND]
            due = [self._held.pop(each) for each in kinds]
            self._drains = False
            if self._held:
                self._drain_later()
        for rejection, count in due:
            self._write(rejection, count)
