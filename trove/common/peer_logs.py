# SPDX-License-Identifier: Apache-2.0
"""A bound on what libraries log because of what somebody has sent.

What oslo.messaging drops by itself, as copies and replies that nobody waits
for, never comes to where we refuse, count and budget; and it logs each, with
a traceback.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time

#: Loggers of modules that log what comes in.
NAMES = (
    'oslo_messaging._drivers.amqpdriver',
    'oslo_messaging.rpc.dispatcher',
    'oslo_messaging.rpc.server',
)

#: Lines of one kind that are logged in :data:`WINDOW` seconds.
MOST = 20
WINDOW = 3600.0

#: Kinds that are told apart; they are texts in the source of a library.
_MOST_KINDS = 100

_LAST = (
    ' (More of these lines are left out until an hour is over. If there are '
    'many, somebody may be sending copies, or replies that nobody waits for: '
    'find out who can write to the message broker.)'
)


class Bound(logging.Filter):
    """Lets so many lines of each kind pass in an hour; counts the others.

    Lines for debugging are not concerned.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        #: When its hour began, and how many have come.
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO:
            return True
        kind = record.name, str(record.msg)
        now = self._clock()
        left_out = 0
        with self._lock:
            if kind not in self._counts and len(self._counts) >= _MOST_KINDS:
                kind = record.name, ''
            began, count = self._counts.get(kind, (now, 0))
            if now - began >= WINDOW:
                left_out = max(0, count - MOST)
                began, count = now, 0
            self._counts[kind] = began, count + 1
        if left_out:
            record.msg = (
                f'{record.msg} ({left_out} such lines were left out before.)'
            )
        if count == MOST - 1:
            record.msg = f'{record.msg}{_LAST}'
        return count < MOST


def install() -> None:
    """Bound the lines of this process from now on."""
    bound = Bound()
    for name in NAMES:
        logger = logging.getLogger(name)
        if not any(isinstance(each, Bound) for each in logger.filters):
            logger.addFilter(bound)
