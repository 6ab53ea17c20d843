# SPDX-License-Identifier: Apache-2.0
"""Replies to the calls of peers, and to those of this process.

Who asks names the queue for the reply, and there may be none.
oslo.messaging tries for ``kombu_missing_consumer_retry_timeout`` seconds (60)
to reach a queue that is not there, in the thread that carried the call out,
since an honest caller may have lost its connection and be about to make the
queue anew. But anybody can name a queue that never was, and 64 such calls
would take all threads. So who has not proven a key has one try, and of the
others only some may wait at a time.

Replies to this process come in as ``reader.py`` tells.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import oslo_messaging
from oslo_messaging._drivers import amqp as rpc_amqp
from oslo_messaging._drivers import amqpdriver
from oslo_messaging._drivers import common as rpc_common

from trove.common import text
from trove.common.rpc import _events
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc._broker import needs
from trove.common.rpc._broker import reader

LOG = logging.getLogger(__name__)

#: Replies that wait for their queues at a time, of the threads of a process.
_AT_ONCE = 8

#: Seconds between tries.
_PAUSE = 0.25

#: How often an hour the log tells of replies that reached nobody.
_MOST_TOLD = 20

_MISSING = (
    oslo_messaging.MessageUndeliverable,
    rpc_amqp.AMQPDestinationNotFound,
)

_waiting = threading.BoundedSemaphore(_AT_ONCE)
_told = _limits.Limit(lambda: _MOST_TOLD)
_Plain: Any = amqpdriver.AMQPIncomingMessage


class Incoming(_Plain):  # type: ignore[misc]
    """A message whose sender may wait for a reply.

    :ivar patient: its sender has proven a key, or nobody has keys
    """

    patient = False

    def reply(self, reply: Any = None, failure: Any = None) -> None:
        """Send the reply, or give it up when its queue is not there."""
        gone = self._obsolete_reply_queues
        if not self.orig_msg_id or not gone.reply_q_valid(
            self.reply_q, self.msg_id
        ):
            return
        if self._try(reply, failure):
            return
        if self.patient and _waiting.acquire(blocking=False):
            try:
                if self._try_on(reply, failure):
                    return
            finally:
                _waiting.release()
            # Only who is known for honest makes oslo.messaging remember it.
            gone.add(self.reply_q, self.msg_id)
        if _told.take(''):
            LOG.warning(
                'Dropped a reply, because its queue %s does not exist. The '
                'caller has ended, or never existed. The call was carried '
                'out.',
                text.printable(str(self.reply_q)),
            )

    def _try_on(self, reply: Any, failure: Any) -> bool:
        driver = self.listener.driver
        end = time.monotonic() + driver.missing_destination_retry_timeout
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            if self._try(reply, failure):
                return True
        return False

    def _try(self, reply: Any, failure: Any) -> bool:
        try:
            with self.listener.driver._get_connection(
                rpc_common.PURPOSE_SEND
            ) as connection:
                self._send_reply(connection, reply, failure)
        except _MISSING:
            return False
        return True


def attach(listener: Any) -> None:
    """Have what a listener of oslo.messaging receives answered like this.

    :param listener: its own, not of a driver for another broker than
        RabbitMQ: those stay as they are
    """
    if needs.met('answers') and isinstance(
        listener, amqpdriver.RpcAMQPListener
    ):
        listener.message_cls = Incoming


def is_proven(incoming: Any, proven: bool) -> None:
    """Say whether the sender of a message has proven a key."""
    if isinstance(incoming, Incoming):
        incoming.patient = proven


class Replies:
    """The queue of a process for replies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None
        #: Who makes the queue, and of which driver: one that was closed
        #: meanwhile may try for ever.
        self._maker: tuple[Any, threading.Thread] | None = None

    def prepare(self, driver: Any, seconds: float) -> bool:
        """Make what is not there yet.

        To make the queue has no limit in oslo.messaging: while the broker is
        away or does nothing, a thread of its own goes on with it.

        :param driver: the transport's
        :param seconds: to wait for it
        :returns: whether nothing is left to do for this driver
        :raises oslo_messaging.MessageDeliveryFailure: it is not there yet
        """
        if not needs.met('replies') or not hasattr(driver, '_get_reply_q'):
            # A driver for no broker does what it can.
            return True
        if driver._reply_q is None:
            self._make(driver).join(seconds)
            if driver._reply_q is None:
                raise oslo_messaging.MessageDeliveryFailure(
                    'the reply queue does not exist yet'
                )
        return self._read(driver)

    def _make(self, driver: Any) -> threading.Thread:
        with self._lock:
            of, maker = self._maker or (None, None)
            if maker is None or of is not driver or not maker.is_alive():
                maker = threading.Thread(
                    target=_make_queue, args=(driver,), name='rpc-replies'
                )
                maker.daemon = True
                self._maker = driver, maker
                maker.start()
            return maker

    def _read(self, driver: Any) -> bool:
        # It comes a little later than the queue.
        taken = driver._reply_q_conn
        with self._lock:
            # Once: it stays when the connection is made anew.
            if taken is not None and taken is not self._reader:
                reader.attach(taken.connection, _nothing)
                if needs.met('unasked'):
                    _count_unasked(driver._waiter.waiters)
                self._reader = taken
        return taken is not None


def _make_queue(driver: Any) -> None:
    try:
        driver._get_reply_q()
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'Could not create the reply queue: %s. The next call retries.',
            error,
        )


def _count_unasked(waiters: Any) -> None:
    """Count the replies that oslo.messaging drops: nobody waits for them."""
    waiting, put = waiters._queues, waiters.put

    def counted(name: Any, reply: Any) -> None:
        if name not in waiting:
            event = _events.Event(
                'rejected',
                'reply',
                None,
                _message.UNKNOWN,
                _message.UNKNOWN,
                cause='unasked',
            )
            _events.record(event)
        put(name, reply)

    waiters.put = counted


def _nothing() -> None:
    """A reply is with who waits for it when it has been read."""
