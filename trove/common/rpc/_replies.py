# SPDX-License-Identifier: Apache-2.0
"""How the replies to the calls of a process come in: see ``_reading.py``."""

from __future__ import annotations

import logging
import threading
from typing import Any

import oslo_messaging

from trove.common.rpc import _events
from trove.common.rpc import _incoming
from trove.common.rpc import _reading

LOG = logging.getLogger(__name__)


class Replies:
    """The queue of a process for replies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None
        #: Who makes the queue, and of which driver: one that was closed
        #: meanwhile may try for ever.
        self._maker: tuple[Any, threading.Thread] | None = None

    def prepare(self, driver: Any, seconds: float) -> None:
        """Make what is not there yet.

        To make the queue has no limit in oslo.messaging: while the broker is
        away or does nothing, a thread of its own goes on with it.

        :param driver: the transport's
        :param seconds: to wait for it
        :raises oslo_messaging.MessageDeliveryFailure: it is not there yet
        """
        if getattr(driver, '_get_reply_q', None) is None:
            # A driver that is built otherwise does what it can.
            return
        if driver._reply_q is None:
            self._make(driver).join(seconds)
            if driver._reply_q is None:
                raise oslo_messaging.MessageDeliveryFailure(
                    'the queue for replies is not there yet'
                )
        self._read(driver)

    def _make(self, driver: Any) -> threading.Thread:
        with self._lock:
            of, maker = self._maker or (None, None)
            if maker is None or of is not driver or not maker.is_alive():
                maker = threading.Thread(
                    target=_make, args=(driver,), name='rpc-replies'
                )
                maker.daemon = True
                self._maker = driver, maker
                maker.start()
            return maker

    def _read(self, driver: Any) -> None:
        reader = driver._reply_q_conn
        with self._lock:
            # Once: it stays when the connection is made anew.
            if reader is not None and reader is not self._reader:
                _reading.attach(reader.connection, _nothing)
                _count_unasked(getattr(driver._waiter, 'waiters', None))
                self._reader = reader


def _make(driver: Any) -> None:
    try:
        driver._get_reply_q()
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'The queue for replies could not be made: %s. It is tried again '
            'with the next call.',
            error,
        )


def _count_unasked(waiters: Any) -> None:
    """Count the replies that oslo.messaging drops: nobody waits for them."""
    waiting = getattr(waiters, '_queues', None)
    if waiting is None:
        return
    put = waiters.put

    def counted(name: Any, reply: Any) -> None:
        if name not in waiting:
            _events.record(
                *('rejected', 'reply', None),
                *(_incoming.UNKNOWN, _incoming.UNKNOWN),
                cause='unasked',
            )
        put(name, reply)

    waiters.put = counted


def _nothing() -> None:
    """A reply is with who waits for it when it has been read."""
