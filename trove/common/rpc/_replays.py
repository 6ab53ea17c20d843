# SPDX-License-Identifier: Apache-2.0
"""Tells a message that comes for the first time from a copy of it."""

from __future__ import annotations

import collections
import threading
from typing import Protocol

#: Identifiers that are remembered, at most, by one process.
_MOST = 100_000


class Replays(Protocol):
    """Remembers the messages that were taken."""

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        """Return whether a message comes for the first time; remember it.

        :param scope: the interface and the key; identifiers are unique
            within it
        :param sent: when it was sent, in seconds since the epoch; whoever
            asks has refused what is older than ``rpc_message_max_age``, so
            nothing has to be remembered for longer
        """


class Memory:
    """Remembers within this process only."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: collections.OrderedDict[tuple[str, str], None] = (
            collections.OrderedDict()
        )

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        key = scope, message_id
        with self._lock:
            if key in self._seen:
                return False
            self._seen[key] = None
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return True
