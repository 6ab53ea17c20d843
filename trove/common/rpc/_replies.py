# SPDX-License-Identifier: Apache-2.0
"""Lets peers of release 8 answer calls.

They send a reply to an exchange with the name of the caller's reply queue,
which callers made in their time, and drop it where there is none; what is
newer sends it to the queue itself, and makes no exchange. So a call of such
a guest timed out although the guest had done the work.
"""

from __future__ import annotations

import logging
from typing import Any

LOG = logging.getLogger(__name__)


class Exchange:
    """The exchange of a process, for replies; there as long as its queue."""

    def __init__(self) -> None:
        self._made_for: Any = None

    def make(self, driver: Any) -> None:
        """Make it, unless it is there; anew after the connection was lost.

        Best effort: newer peers do without it.

        :param driver: the transport's
        """
        reader = getattr(driver, '_reply_q_conn', None)
        if reader is not None and reader.channel is self._made_for:
            return
        try:
            queue = driver._get_reply_q()
            # Another time, whatever comes of it now.
            self._made_for = driver._reply_q_conn.channel
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
