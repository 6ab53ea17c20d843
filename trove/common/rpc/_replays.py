# SPDX-License-Identifier: Apache-2.0
"""Refuses what is a copy, or may be one: sealed messages have a name.

What this process remembers is asked before a message counts against the
budget of its sender: who sends copies of what a guest has sent uses up
nothing of that guest's. What the services remember together is in the
database, and only who has a budget left has that asked.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from typing import Protocol

from trove.common import exception
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc import _rejection
from trove.common.rpc import _settings
from trove.common.rpc._seal import opener

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


_COPY = 'it is a replay of an accepted message'


class Copies:
    """Tells copies among the messages of one topic. Safe for threads.

    :param name: of the interface
    :param peer: the instance whose guest this is, None for the services
    :param memory: of this process
    :param store: of all services; None: there is none
    """

    def __init__(
        self,
        name: str,
        peer: str | None,
        settings: _settings.Settings,
        memory: Memory,
        store: Replays | None,
    ) -> None:
        self._name = name
        self._peer = peer
        self._settings = settings
        self._memory = memory
        self._store = store

    def check(
        self, message: _message.Message, accepted: opener.Accepted
    ) -> None:
        """Check for a replay within this process, and remember the message.

        :raises Reject: it is
        """
        if accepted.id is None or accepted.sent is None:
            return
        # Should it be refused for it: until it is taken, it stands for
        # itself.
        message.id = accepted.id
        if self._is_old(accepted.sent):
            # It is not taken, so it is the same message when it comes again.
            return
        if not self._memory.first(
            self._scope(message), accepted.id, accepted.sent
        ):
            raise _rejection.Reject('replay', _COPY, _rejection.not_taken())

    def forget(
        self, message: _message.Message, accepted: opener.Accepted
    ) -> None:
        """It was not taken: who floods this makes nothing be forgotten."""
        if accepted.id is not None:
            self._memory.forget(self._scope(message), accepted.id)

    def check_stored(
        self,
        message: _message.Message,
        accepted: opener.Accepted,
        repeatable: bool,
    ) -> None:
        """Check for a replay among all services, and record the message.

        That it is too old is written down by itself, so it costs a budget
        before.

        :param repeatable: to take it twice does no harm
        :raises Reject: one has, or that cannot be told
        """
        name, sent = accepted.id, accepted.sent
        if name is None or sent is None:
            return
        self._check_age(sent)
        if self._store is not None and not repeatable:
            scope = self._scope(message)
            try:
                first = self._store.first(scope, name, sent)
            except exception.TroveError as error:
                raise _rejection.failed(error) from None
            if not first:
                raise _rejection.Reject(
                    'replay', _COPY, _rejection.not_taken()
                )
        message.id = None

    def _check_age(self, sent: float) -> None:
        if self._is_old(sent):
            most = self._settings['rpc_message_max_age']
            raise _rejection.Reject(
                'age',
                f'it was sent {_age(sent):.0f} s ago. Messages older than '
                f'{most} s (rpc_message_max_age) may be replays. Check first '
                'whether it was carried out. Only if it was not, and the '
                'clocks are correct, replay it: trove-rpc rejected replay',
                _rejection.not_taken(),
            )

    def _is_old(self, sent: float) -> bool:
        most: int = self._settings['rpc_message_max_age']
        return abs(_age(sent)) > most

    def _scope(self, message: _message.Message) -> str:
        return f'{self._name}:{message.sender or self._peer or ""}'


def is_late(accepted: opener.Accepted) -> bool:
    """Whether it was sent longer ago than what a budget is for.

    Another process may have taken it; its copies do not count against what
    the sender sends now.
    """
    return (
        accepted.sent is not None
        and abs(_age(accepted.sent)) > _limits.WINDOW
    )


def _age(sent: float) -> float:
    return time.time() - sent
