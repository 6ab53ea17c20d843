# SPDX-License-Identifier: Apache-2.0
"""Asks many peers at once what they understand.

A call of oslo.messaging keeps a thread busy until its reply is there. Here
questions go out one after the other, and the replies of all come in through
the queue that the process has for replies anyway: who does not answer costs
an entry in a table, and holds nobody up.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import itertools
import math
import queue
import time
from typing import Any
from typing import Final
from typing import Self
import uuid

from oslo_config import cfg
import oslo_messaging
from oslo_messaging._drivers import amqp
from oslo_messaging._drivers import common
from oslo_serialization import jsonutils

from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc._broker import connection as broker
from trove.common.rpc._released import probe

#: Characters of an answer that are looked at.
_MOST_TEXT = 4096

#: Peers whose first question is sent before answers are looked at again.
_BATCH = 16

#: How many are asked at once at first: a broker, or a process, that is slower
#: than that would have all answers come too late.
_FIRST = 500
_LEAST = 16

#: Seconds after which it is looked what the broker has given back.
_LOOK = 0.2

#: Of oslo.messaging, by whose it is. None is public: where one is missing,
#: peers are asked one after the other.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    'amqp': ('_add_unique_id', 'pack_context'),
    'common': (
        *('PURPOSE_SEND', '_REMOTE_POSTFIX', 'deserialize_remote_exception'),
        'serialize_msg',
    ),
    'driver': (
        *('_get_connection', '_get_exchange', '_get_reply_q', '_waiter'),
    ),
    'waiters': ('_queues',),
    'connection': (
        *('_connection_lock', 'connection', 'set_transport_socket_timeout'),
    ),
}

#: Peer, and what it understands; None when it does not answer.
Outcome = tuple[str, _contract.Revision | None]

#: A reply, and to which question; no reply: the broker has no such queue.
_Reply = tuple[str, dict[str, Any] | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a peer answered to a question.

    :param type: name of the class of its exception, ``ok`` if there was none
    :param text: of the exception
    """

    type: str
    text: str = ''


@dataclasses.dataclass(slots=True)
class _Asked:
    """A peer that has to answer.

    :param until: by the monotonic clock
    """

    peer: str
    inquiry: probe.Inquiry
    until: float


class _Slot:
    """Where oslo.messaging puts the reply to one question."""

    __slots__ = ('_into', '_name')

    def __init__(self, name: str, into: queue.SimpleQueue[_Reply]) -> None:
        self._name = name
        self._into = into

    def put(self, reply: dict[str, Any]) -> None:
        self._into.put((self._name, reply))


def can_ask(connection: broker.Connection) -> bool:
    """Whether oslo.messaging is built as is needed here.

    Its drivers for brokers are. Nothing has been sent when it is not.

    :raises Exception: of the transport's driver, when the message broker
        cannot be reached
    """
    driver = connection.open()._driver
    static = {'amqp': amqp, 'common': common, 'driver': driver}
    if not all(_has(owner, it) for owner, it in static.items()):
        return False
    connection.reach()
    driver._get_reply_q()
    with driver._get_connection(
        common.PURPOSE_SEND, connection.conf.rpc_send_attempts
    ) as taken:
        return _has('waiters', driver._waiter.waiters) and _has(
            'connection', taken.connection
        )


def _has(owner: str, it: object) -> bool:
    return all(hasattr(it, name) for name in _NEEDED[owner])


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


class _Sender:
    """Sends questions without waiting for the broker after each.

    Another channel than oslo.messaging's, on a connection of its own: the
    broker confirms nothing there, and gives back what no queue takes.
    """

    def __init__(
        self,
        connection: broker.Connection,
        replies: queue.SimpleQueue[_Reply],
    ) -> None:
        self._driver = connection.open()._driver
        self._retry = connection.conf.rpc_send_attempts
        self._timeout: float = connection.conf.rpc_confirm_timeout
        self._replies = replies
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        taken = self._stack.enter_context(
            self._driver._get_connection(common.PURPOSE_SEND, self._retry)
        )
        self._connection = taken.connection
        self._lock = self._connection._connection_lock
        with self._lock:
            self._channel = self._connection.connection.channel()
            self._connection.set_transport_socket_timeout(self._timeout)
        self._stack.callback(self._end)
        events = getattr(self._channel, 'events', None)
        if events is not None:
            events['basic_return'].add(self._returned)
        # None of a broker in memory.
        self._publish = getattr(
            self._channel, '_basic_publish', self._channel.basic_publish
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def send(
        self, topic: str, name: str, message: dict[str, Any], seconds: float
    ) -> None:
        """Send a question.

        :param name: that its reply has
        :param seconds: after which the broker need not deliver it
        """
        body = jsonutils.dumps(common.serialize_msg(message))
        milliseconds = str(int(seconds * 1000))
        sent = self._channel.prepare_message(
            body,
            content_type='application/json',
            content_encoding='utf-8',
            properties={'expiration': milliseconds, 'message_id': name},
        )
        target = oslo_messaging.Target(topic=topic)
        with self._lock:
            self._publish(
                sent,
                exchange=self._driver._get_exchange(target),
                routing_key=topic,
                mandatory=True,
            )

    def look(self) -> None:
        """Take what the broker has given back."""
        with self._lock:
            try:
                while True:
                    self._connection.connection.drain_events(timeout=0)
            except (TimeoutError, queue.Empty):
                """There is no more."""

    def _returned(
        self, error: Exception, exchange: str, key: str, message: Any
    ) -> None:
        name = message.properties.get('message_id')
        self._replies.put((str(name), None))

    def _end(self) -> None:
        with self._lock, contextlib.suppress(Exception):
            self._channel.close()
        self._connection.set_transport_socket_timeout()


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
        self._replies: queue.SimpleQueue[_Reply] = queue.SimpleQueue()
        #: By the name of the question; the oldest first.
        self._open: dict[str, _Asked] = {}
        connection.reach()
        driver = connection.open()._driver
        self._queue = driver._get_reply_q()
        self._slots = driver._waiter.waiters._queues
        self._sender = _Sender(connection, self._replies)

    def run(self, peers: Iterable[str]) -> Iterator[Outcome]:
        rest = iter(peers)
        try:
            with self._sender:
                while True:
                    room = self._window - len(self._open)
                    # After a late answer there may be less than none.
                    most = max(0, min(room, _BATCH))
                    begun = list(itertools.islice(rest, most))
                    for peer in begun:
                        inquiry = probe.inquiry(self._interface, silent=True)
                        self._send(peer, inquiry, next(inquiry))
                    self._sender.look()
                    yield from self._take(wait=not begun)
                    if room > 0 and not begun and not self._open:
                        return
        finally:
            for name in *self._open, *self._late:
                self._slots.pop(name, None)

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
                # What the broker gives back is looked for now and then.
                name, reply = self._replies.get(wait, min(seconds, _LOOK))
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
            question = asked.inquiry.send(_read(reply))
        except StopIteration as done:
            yield asked.peer, done.value
        else:
            self._send(asked.peer, asked.inquiry, question)

    def _close(self, name: str) -> _Asked | None:
        self._slots.pop(name, None)
        self._widen()
        return self._open.pop(name, None)

    def _give_up(self, name: str, asked: _Asked) -> None:
        self._late[name] = self._open.pop(name)
        self._widen()
        if len(self._late) > self._at_once:
            oldest, _ = self._late.popitem(last=False)
            self._slots.pop(oldest, None)

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
        self._slots[name] = _Slot(name, self._replies)
        message = {
            'method': question.method,
            'args': question.values(),
            'version': str(question.version),
            '_msg_id': name,
            '_reply_q': self._queue,
            '_timeout': None,
        }
        amqp._add_unique_id(message)
        amqp.pack_context(message, question.context())
        topic = self._interface.topic(self._conf, peer)
        self._sender.send(topic, name, message, seconds)


def _read(reply: dict[str, Any]) -> Answer:
    """Make sense of a reply, whoever has sent it."""
    failure = reply.get('failure')
    if not failure:
        return Answer('ok')
    try:
        error = common.deserialize_remote_exception(failure, ())
    except Exception:  # noqa: BLE001
        return Answer('none')
    if isinstance(error, oslo_messaging.RemoteError):
        return Answer(str(error.exc_type), str(error.value)[:_MOST_TEXT])
    # A built-in one, made anew.
    kind = type(error).__name__.removesuffix(common._REMOTE_POSTFIX)
    return Answer(kind, str(error)[:_MOST_TEXT])
