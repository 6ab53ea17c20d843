# SPDX-License-Identifier: Apache-2.0
"""Warnings about a peer that would come again with each message of it.

A guest agent with something wrong sends the same every few seconds. One line
of it an hour says all that there is to say, and how many are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
import logging
import threading
import time
from typing import Any

#: Seconds in which there is one line of a kind.
WINDOW = 3600.0

#: Kinds that are told apart. Beyond it those that come count as one.
_MOST = 20_000


class Seldom:
    """Says when something of a kind is to be told of. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When it was told of, and how many came since; the oldest first.
        self._told: dict[Hashable, tuple[float, int]] = {}

    def due(self, kind: Hashable, count: int = 1) -> int | None:
        """Count what has come, and say whether to tell of it.

        :param count: how many alike it stands for
        :returns: how many came since it was told of; None: be silent
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            if kind not in self._told and len(self._told) >= _MOST:
                kind = None
            at, left_out = self._told.get(kind, (now - WINDOW, 0))
            if now - at < WINDOW:
                self._told[kind] = at, left_out + count
                return None
            self._told.pop(kind, None)
            self._told[kind] = now, 0
            return left_out

    def _forget(self, now: float) -> None:
        """Forget who was quiet for another window."""
        while self._told:
            oldest = next(iter(self._told))
            if now - self._told[oldest][0] < 2 * WINDOW:
                return
            del self._told[oldest]


_seldom = Seldom()


def warning(
    log: logging.Logger | logging.LoggerAdapter[Any],
    who: str,
    text: str,
    *args: object,
) -> None:
    """Log a warning, unless it was lately.

    :param who: sent what it is about; one of each is told by itself
    :param text: as loggers take it; it stands for the cause
    """
    left_out = _seldom.due((who[:64], text))
    if left_out is not None:
        text += told(left_out)
        log.warning(text, *args)


def told(left_out: int) -> str:
    """Return the number of suppressed lines, as a suffix of a line."""
    if not left_out:
        return ''
    return f' ({left_out} such lines were suppressed since the last one.)'
