# SPDX-License-Identifier: Apache-2.0
"""How the replies to the calls of a process come in.

They are read as ``_reading.py`` says. Besides, peers of release 8 send a
reply to an exchange with the name of the caller's reply queue, which callers
made in their time, and drop it where there is none; what is newer sends it to
the queue itself, and makes no exchange. So a call of such a guest timed out
although the guest had done the work.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from trove.common.rpc import _reading

LOG = logging.getLogger(__name__)


class Replies:
    """The queue of a process for replies, and the exchange before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None
        self._channel: Any = None

    def prepare(self, driver: Any) -> None:
        """Make what is not there yet; anew after the connection was lost.

        Best effort: it works without, for newer peers.

        :param driver: the transport's
        """
        reader = getattr(driver, '_reply_q_conn', None)
        if reader is not None and reader.channel is self._channel:
            return
        try:
            queue = driver._get_reply_q()
            self._read(driver._reply_q_conn)
            # Another time, whatever comes of it now.
            self._channel = driver._reply_q_conn.channel
            with driver._get_connection() as connection:
                with connection._connection_lock:
                    # No answer is waited for: another thread that reads
                    # from this connection might take it away.
                    connection.channel.exchange_declare(
                        exchange=queue,
                        type='direct',
                        durable=False,
                        auto_delete=True,
                        nowait=True,
                    )
                    connection.channel.queue_bind(
                        queue, exchange=queue, routing_key=queue, nowait=True
                    )
        except Exception as error:  # noqa: BLE001
            LOG.debug('Peers of release 8 cannot answer: %s', error)

    def _read(self, reader: Any) -> None:
        with self._lock:
            # Once: it stays when the connection is made anew.
            if reader is not self._reader:
                _reading.attach(reader.connection, _nothing)
                self._reader = reader


def _nothing() -> None:
    """A reply is with who waits for it when it has been read."""
