# SPDX-License-Identifier: Apache-2.0
"""Sends questions to many peers, and waits for none of them.

A call of oslo.messaging keeps a thread busy until its reply is there. Here
the replies to all come in through the queue that the process has for replies
anyway: who does not answer costs an entry in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
import queue
from typing import Any
from typing import Self

import oslo_messaging
from oslo_messaging._drivers import amqp
from oslo_messaging._drivers import amqpdriver
from oslo_messaging._drivers import common
from oslo_serialization import jsonutils

from trove.common.rpc._broker import connection as broker
from trove.common.rpc._broker import needs
from trove.common.rpc._released import probe

#: Characters of an answer that are looked at.
_MOST_TEXT = 4096

#: A reply, and to which question; no reply: the broker has no such queue.
Reply = tuple[str, dict[str, Any] | None]


def can_send(connection: broker.Connection) -> bool:
    """Whether oslo.messaging is built as is needed here.

    Its drivers for brokers are.
    """
    driver = connection.open()._driver
    return needs.met('survey') and isinstance(
        driver, amqpdriver.AMQPDriverBase
    )


class _Slot:
    """Receives the reply to one question from oslo.messaging."""

    __slots__ = ('_into', '_name')

    def __init__(self, name: str, into: queue.SimpleQueue[Reply]) -> None:
        self._name = name
        self._into = into

    def put(self, reply: dict[str, Any]) -> None:
        self._into.put((self._name, reply))


class Questions:
    """Those that are sent within it, and what is answered.

    They go by another channel than oslo.messaging's, on a connection of its
    own: the broker confirms nothing there, and gives back what no queue
    takes.

    :raises Exception: of the transport's driver, when the message broker
        cannot be reached
    """

    def __init__(self, connection: broker.Connection) -> None:
        connection.reach()
        self._driver = connection.open()._driver
        self._retry = connection.conf.rpc_send_attempts
        self._timeout: float = connection.conf.rpc_confirm_timeout
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._queue = self._driver._get_reply_q()
        self._slots = self._driver._waiter.waiters._queues
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
        self, topic: str, name: str, question: probe.Question, seconds: float
    ) -> None:
        """Send a question; its reply comes until it is dropped.

        :param name: that its reply has
        :param seconds: after which the broker need not deliver it
        """
        self._slots[name] = _Slot(name, self._replies)
        body = jsonutils.dumps(
            common.serialize_msg(self._message(name, question))
        )
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

    def _message(self, name: str, question: probe.Question) -> dict[str, Any]:
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
        return message

    def get(self, wait: bool, seconds: float) -> Reply:
        """Return the next reply.

        :param wait: for one, if none has come
        :raises queue.Empty: there is none
        """
        return self._replies.get(wait, seconds)

    def drop(self, name: str) -> None:
        """Wait no more for the reply to a question."""
        self._slots.pop(name, None)

    def look(self) -> None:
        """Take what the broker has given back."""
        with self._lock:
            try:
                while True:
                    self._connection.connection.drain_events(timeout=0)
            except (TimeoutError, queue.Empty):
                pass  # There is no more.

    def _returned(
        self, error: Exception, exchange: str, key: str, message: Any
    ) -> None:
        name = message.properties.get('message_id')
        self._replies.put((str(name), None))

    def _end(self) -> None:
        with self._lock, contextlib.suppress(Exception):
            self._channel.close()
        self._connection.set_transport_socket_timeout()


def read(reply: Mapping[str, Any]) -> probe.Answer:
    """Make sense of a reply, whoever has sent it."""
    failure = reply.get('failure')
    if not failure:
        return probe.Answer('ok')
    try:
        error = common.deserialize_remote_exception(failure, ())
    except Exception:  # noqa: BLE001
        return probe.Answer('none')
    if isinstance(error, oslo_messaging.RemoteError):
        return probe.Answer(str(error.exc_type), str(error.value)[:_MOST_TEXT])
    # A built-in one, made anew.
    kind = type(error).__name__.removesuffix(common._REMOTE_POSTFIX)
    return probe.Answer(kind, str(error)[:_MOST_TEXT])
