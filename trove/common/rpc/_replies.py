# SPDX-License-Identifier: Apache-2.0
"""How the replies to the calls of a process come in: see ``_reading.py``."""

from __future__ import annotations

import logging
import threading
from typing import Any

from trove.common.rpc import _reading

LOG = logging.getLogger(__name__)


class Replies:
    """The queue of a process for replies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None

    def prepare(self, driver: Any) -> None:
        """Make what is not there yet.

        Best effort: without it, replies are read as oslo.messaging does.

        :param driver: the transport's
        """
        try:
            driver._get_reply_q()
            self._read(driver._reply_q_conn)
        except Exception as error:  # noqa: BLE001
            LOG.debug('Replies are read as oslo.messaging does: %s', error)

    def _read(self, reader: Any) -> None:
        with self._lock:
            # Once: it stays when the connection is made anew.
            if reader is not self._reader:
                _reading.attach(reader.connection, _nothing)
                self._reader = reader


def _nothing() -> None:
    """A reply is with who waits for it when it has been read."""
