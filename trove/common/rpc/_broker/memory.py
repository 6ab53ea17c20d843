# SPDX-License-Identifier: Apache-2.0
"""The message broker in memory, which tells who waits that a message came.

kombu's own is looked at again and again, by oslo.messaging without a pause:
each consumer takes what it gets of a processor, whether there are messages or
not. Of it, only the place where messages arrive is changed.
"""

from __future__ import annotations

import os
import threading
from typing import Any
import weakref

from kombu import transport
from kombu.transport import memory

_lock = threading.Lock()
_waiting: weakref.WeakSet[Any] = weakref.WeakSet()


class Waker:
    """A file descriptor that is ready as soon as any message has come."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def wake(self) -> None:
        os.eventfd_write(self._descriptor, 1)

    def clear(self) -> None:
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            pass

    def watch(self) -> None:
        """Wake up for each message from now on."""
        with _lock:
            _waiting.add(self)


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        put: Any = super()._put
        put(queue, message, **kwargs)
        _tell()

    def _put_fanout(self, *args: Any, **kwargs: Any) -> None:
        put: Any = super()._put_fanout
        put(*args, **kwargs)
        _tell()


class Transport(memory.Transport):
    Channel = Channel


def _tell() -> None:
    with _lock:
        wakers = list(_waiting)
    for waker in wakers:
        waker.wake()


# Who names it in a URL, as oslo.messaging does, gets this one.
transport.TRANSPORT_ALIASES['memory'] = f'{__name__}:{Transport.__name__}'
