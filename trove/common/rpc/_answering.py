# SPDX-License-Identifier: Apache-2.0
"""How replies go out: who asks names the queue, and there may be none.

oslo.messaging tries for ``kombu_missing_consumer_retry_timeout`` seconds (60)
to reach a queue that is not there, in the thread that carried the call out,
since an honest caller may have lost its connection and be about to make the
queue anew. But anybody can name a queue that never was, and 64 such calls
would take all threads. So who has not proven a key has one try, and of the
others only some may wait at a time.
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
from trove.common.rpc import _limits

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
                'Dropped a reply: its queue %s is not there. Whoever asked '
                'has gone, or never was. What was asked for is not undone.',
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
    if isinstance(listener, amqpdriver.RpcAMQPListener):
        listener.message_cls = Incoming


def is_proven(incoming: Any, proven: bool) -> None:
    """Say whether the sender of a message has proven a key."""
    if isinstance(incoming, Incoming):
        incoming.patient = proven
