# SPDX-License-Identifier: Apache-2.0
"""Reads and writes as much as there is for the message broker at a time.

py-amqp asks the socket for each header, body and end of a frame by itself:
nine times for a message, and sets a limit of the socket before each frame and
takes it back after. Here one look gets what has come, which is
kept where py-amqp keeps what it has read of a frame. What answers messages
that came together, as their acknowledgements, is written together.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import threading
from typing import Any

#: Bytes that are read at a time, if they are there; TLS gives no more.
_AT_ONCE = 16_384

#: Bytes of a frame before what is in it, the last four of which are its
#: size, and behind it.
_BEFORE, _BEHIND = 7, 1

#: Of a transport of py-amqp; none is public.
_NEEDED = ('_quick_recv', '_read_buffer', '_write')


class _Writes:
    """Takes the place of how a transport writes."""

    def __init__(self, write: Callable[[Any], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._held: list[bytes] = []

    def __call__(self, data: Any) -> None:
        if self._holder == threading.get_ident():
            # The next frame is made where this one is.
            self._held.append(bytes(data))
            return
        # Of two threads each writes whole frames.
        with self._lock:
            self._write(data)

    def hold(self) -> None:
        """Keep what this thread writes."""
        self._holder = threading.get_ident()

    def release(self) -> bytes:
        """Return what was kept, and keep no more."""
        held, self._held, self._holder = self._held, [], None
        return b''.join(held)


def attach(transport: Any) -> None:
    """Have a transport of py-amqp that is connected work in this way.

    One that is built otherwise stays as it is.
    """
    if all(hasattr(transport, name) for name in _NEEDED):
        receive = transport._quick_recv
        transport._quick_recv = lambda size: receive(max(size, _AT_ONCE))
        transport._write = _Writes(transport._write)


@contextlib.contextmanager
def together(transport: Any) -> Iterator[None]:
    """Have what this thread writes meanwhile go out at the end, at once.

    :raises OSError: it did not; the transport says that it is not connected
    """
    writes = getattr(transport, '_write', None)
    if not isinstance(writes, _Writes):
        yield
        return
    writes.hold()
    try:
        yield
    finally:
        if held := writes.release():
            transport.write(held)


def has_frame(transport: Any) -> bool:
    """Whether a whole frame was read already, and waits for no socket."""
    kept = getattr(transport, '_read_buffer', b'')
    if len(kept) < _BEFORE:
        return False
    size = int.from_bytes(kept[_BEFORE - 4 : _BEFORE], 'big')
    return len(kept) >= _BEFORE + size + _BEHIND
