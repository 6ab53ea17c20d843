# SPDX-License-Identifier: Apache-2.0
"""Tells a message that comes for the first time from a copy of it."""

from __future__ import annotations

import hashlib
import secrets
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
    """Remembers within this process only.

    :param most: messages that it remembers; of the last half of them all
    """

    def __init__(self, most: int = _MOST) -> None:
        self._half = most // 2
        self._lock = threading.Lock()
        # Nobody who does not know it finds two messages of one name.
        self._key = secrets.token_bytes(16)
        self._seen: set[int] = set()
        self._before: set[int] = set()

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        name = self._name(scope, message_id)
        with self._lock:
            if name in self._seen or name in self._before:
                return False
            if len(self._seen) >= self._half:
                self._before, self._seen = self._seen, set()
            self._seen.add(name)
            return True

    def forget(self, scope: str, message_id: str) -> None:
        """Do as if a message had not come."""
        name = self._name(scope, message_id)
        with self._lock:
            self._seen.discard(name)
            self._before.discard(name)

    def _name(self, scope: str, message_id: str) -> int:
        """A number: of tens of thousands of texts each byte counts."""
        text = f'{scope}\n{message_id}'.encode(errors='surrogatepass')
        digest = hashlib.blake2b(text, digest_size=8, key=self._key)
        return int.from_bytes(digest.digest(), 'big')
