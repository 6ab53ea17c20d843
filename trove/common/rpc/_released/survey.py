# SPDX-License-Identifier: Apache-2.0
"""Asks many peers at once what they understand.

Questions go out one after the other, and the replies come in as they may: who
does not answer holds nobody up.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import itertools
import math
import queue
import time
from typing import Any
import uuid

from oslo_config import cfg

from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc._broker import connection as broker
from trove.common.rpc._broker import questions
from trove.common.rpc._released import probe

#: Peers whose first question is sent before answers are looked at again.
_BATCH = 16

#: How many are asked at once at first: a broker, or a process, that is slower
#: than that would have all answers come too late.
_FIRST = 500
_LEAST = 16

#: Seconds between two checks for messages that the broker has returned.
_POLL_INTERVAL = 0.2

#: Peer, and what it understands; None when it does not answer.
Outcome = tuple[str, _contract.Revision | None]


@dataclasses.dataclass(slots=True)
class _Asked:
    """A peer that has to answer.

    :param until: by the monotonic clock
    """

    peer: str
    inquiry: probe.Inquiry
    until: float


def ask(
    connection: broker.Connection,
    interface: _interface.Interface,
    peers: Iterable[str],
    at_once: int,
) -> Iterator[Outcome]:
    """Ask peers what they understand, side by side; run nothing.

    Each has ``probe_timeout`` seconds for each of some four answers.

    :param peers: taken while others are asked
    :param at_once: how many are asked at the same time, at most; as long as
        answers come too late, fewer
    :returns: each as soon as it is known; one whose answer came too late
        comes once more
    :raises Exception: of the transport's driver, when the message broker
        cannot be reached
    """
    return _Round(connection, interface, at_once).run(peers)


class _Round:
    """One use of :func:`ask`."""

    def __init__(
        self,
        connection: broker.Connection,
        interface: _interface.Interface,
        at_once: int,
    ) -> None:
        self._interface = interface
        self._conf: cfg.ConfigOpts = connection.conf
        self._at_once = at_once
        self._window = min(_FIRST, at_once)
        self._narrowed = -math.inf
        #: Those that did not answer in time, and may yet.
        self._late: collections.OrderedDict[str, _Asked] = (
            collections.OrderedDict()
        )
        #: By the name of the question; the oldest first.
        self._open: dict[str, _Asked] = {}
        self._questions = questions.Questions(connection)

    def run(self, peers: Iterable[str]) -> Iterator[Outcome]:
        rest = iter(peers)
        try:
            with self._questions:
                while True:
                    room = self._window - len(self._open)
                    # After a late answer there may be less than none.
                    most = max(0, min(room, _BATCH))
                    begun = list(itertools.islice(rest, most))
                    for peer in begun:
                        inquiry = probe.inquiry(self._interface, silent=True)
                        self._send(peer, inquiry, next(inquiry))
                    self._questions.look()
                    yield from self._take(wait=not begun)
                    if room > 0 and not begun and not self._open:
                        return
        finally:
            for name in *self._open, *self._late:
                self._questions.drop(name)

    def _take(self, wait: bool) -> Iterator[Outcome]:
        """Go on with those that have answered, or will not.

        :param wait: for the next reply, if none has come
        """
        now = time.monotonic()
        while self._open:
            name, asked = next(iter(self._open.items()))
            if asked.until > now:
                break
            self._give_up(name, asked)
            yield asked.peer, None
        if not self._open:
            return
        seconds = next(iter(self._open.values())).until - now
        while True:
            try:
                # Wake up to check for messages that the broker returned.
                name, reply = self._questions.get(
                    wait, min(seconds, _POLL_INTERVAL)
                )
            except queue.Empty:
                return
            # Of those that have come already, all.
            wait = False
            known = self._close(name)
            if known is None and reply is not None:
                known = self._narrow(name)
            if known is not None:
                yield from self._go_on(known, reply)

    def _go_on(
        self, asked: _Asked, reply: dict[str, Any] | None
    ) -> Iterator[Outcome]:
        if reply is None:
            yield asked.peer, None
            return
        try:
            question = asked.inquiry.send(questions.read(reply))
        except StopIteration as done:
            yield asked.peer, done.value
        else:
            self._send(asked.peer, asked.inquiry, question)

    def _close(self, name: str) -> _Asked | None:
        self._questions.drop(name)
        self._widen()
        return self._open.pop(name, None)

    def _give_up(self, name: str, asked: _Asked) -> None:
        self._late[name] = self._open.pop(name)
        self._widen()
        if len(self._late) > self._at_once:
            oldest, _ = self._late.popitem(last=False)
            self._questions.drop(oldest)

    def _widen(self) -> None:
        self._window = min(self._at_once, self._window + 2)

    def _narrow(self, name: str) -> _Asked | None:
        """Ask fewer at once: an answer has come too late."""
        known = self._late.pop(name, None)
        now = time.monotonic()
        if known is not None and now - self._narrowed >= 1:
            self._narrowed = now
            self._window = min(
                self._at_once, max(_LEAST, self._window // 2)
            )
        return known

    def _send(
        self, peer: str, inquiry: probe.Inquiry, question: probe.Question
    ) -> None:
        name = uuid.uuid4().hex
        seconds: float = self._conf.probe_timeout
        self._open[name] = _Asked(peer, inquiry, time.monotonic() + seconds)
        topic = self._interface.topic(self._conf, peer)
        self._questions.send(topic, name, question, seconds)
