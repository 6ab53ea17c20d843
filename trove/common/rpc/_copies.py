# SPDX-License-Identifier: Apache-2.0
"""Refuses what is a copy, or may be one: sealed messages have a name.

What this process remembers is asked before a message counts against the
budget of its sender: who sends copies of what a guest has sent uses up
nothing of that guest's. What the services remember together is in the
database, and only who has a budget left has that asked.
"""

from __future__ import annotations

import time

from trove.common import exception
from trove.common.rpc import _budget
from trove.common.rpc import _incoming
from trove.common.rpc import _opening
from trove.common.rpc import _refusing
from trove.common.rpc import _replays
from trove.common.rpc import _settings

_COPY = 'it is a copy of one that was taken'


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
        memory: _replays.Memory,
        store: _replays.Replays | None,
    ) -> None:
        self._name = name
        self._peer = peer
        self._settings = settings
        self._memory = memory
        self._store = store

    def check(
        self, message: _incoming.Message, accepted: _opening.Accepted
    ) -> None:
        """See that it is none, as far as this process knows; remember it.

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
            raise _refusing.Reject('replay', _COPY, _refusing.not_taken())

    def forget(
        self, message: _incoming.Message, accepted: _opening.Accepted
    ) -> None:
        """It was not taken: who floods this makes nothing be forgotten."""
        if accepted.id is not None:
            self._memory.forget(self._scope(message), accepted.id)

    def check_stored(
        self,
        message: _incoming.Message,
        accepted: _opening.Accepted,
        repeatable: bool,
    ) -> None:
        """See that no other service has taken it; it is taken then.

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
                raise _refusing.failed(error) from None
            if not first:
                raise _refusing.Reject(
                    'replay', _COPY, _refusing.not_taken()
                )
        message.id = None

    def _check_age(self, sent: float) -> None:
        if self._is_old(sent):
            most = self._settings['rpc_message_max_age']
            raise _refusing.Reject(
                'age',
                f'it was sent {_age(sent):.0f} s ago, and what is '
                f'more than {most} '
                's old (rpc_message_max_age) may be a copy of one that was '
                'taken then. Look first whether it was carried out. Only if '
                'it was not, and the clocks are right, send it again: '
                'trove-rpc rejected replay',
                _refusing.not_taken(),
            )

    def _is_old(self, sent: float) -> bool:
        most: int = self._settings['rpc_message_max_age']
        return abs(_age(sent)) > most

    def _scope(self, message: _incoming.Message) -> str:
        return f'{self._name}:{message.sender or self._peer or ""}'


def is_late(accepted: _opening.Accepted) -> bool:
    """Whether it was sent longer ago than what a budget is for.

    Another process may have taken it; its copies do not count against what
    the sender sends now.
    """
    return (
        accepted.sent is not None
        and abs(_age(accepted.sent)) > _budget.WINDOW
    )


def _age(sent: float) -> float:
    return time.time() - sent
