# SPDX-License-Identifier: Apache-2.0
"""Messages that come a second time: one of them may have ended its reader.

The broker does not say why it delivers a message again, and counts nothing in
a default queue. So before such a one is read it is written down that this is
going on, and taken back when it went well. What is left of a process that
ended meanwhile is the record.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import logging
import threading

from trove.common.rpc import _rejection

LOG = logging.getLogger(__name__)

#: Seconds after the last one until the record is taken back. After a restart
#: of a service, or of the broker, many come at once, and share one.
_IDLE = 0.5


class Again:
    """Keeps a record while such messages are read. Safe for threads.

    :param doubt: writes down, for good, the queue of a message and its size
        in bytes; it may raise
    """

    def __init__(self, doubt: Callable[[str, int], _rejection.Settle]) -> None:
        self._doubt = doubt
        self._lock = threading.Lock()
        self._settle: _rejection.Settle | None = None
        self._reading = 0
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def reading(self, queue: str, size: int) -> Iterator[None]:
        """Read one of them within it."""
        with self._lock:
            self._reading += 1
            self._forget_timer()
            if self._settle is None:
                self._settle = self._write(queue, size)
        try:
            yield
        finally:
            with self._lock:
                self._reading -= 1
                if not self._reading:
                    self._start_timer()

    def settle(self) -> None:
        """Take the record back, unless one is being read."""
        with self._lock:
            if self._reading or self._settle is None:
                return
            self._forget_timer()
            settle, self._settle = self._settle, None
        try:
            settle()
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not remove the record of a redelivered message (%s). '
                'The message was read: discard the record, see "trove-rpc '
                'rejected list".',
                error,
            )

    def _write(self, queue: str, size: int) -> _rejection.Settle:
        """Write it down; where that fails, not again for each of many."""
        try:
            return self._doubt(queue, size)
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not record that a message of %d bytes in the queue %s '
                'was redelivered (%s). If this process ends now, this message '
                'caused it and is lost. Repair the database, or in a guest '
                'the disk of its state_dir.',
                size,
                queue,
                error,
            )
            return _nothing

    def _start_timer(self) -> None:
        timer = threading.Timer(_IDLE, self.settle)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            # No thread is to be had. The message is not to be lost with it;
            # the record goes with the next one.
            return
        self._timer = timer

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _nothing() -> None:
    """Take back what could not be written down."""
