# SPDX-License-Identifier: Apache-2.0
"""Reads and writes as much as there is for the message broker at a time.

py-amqp asks the socket for each header, body and end of a frame by itself:
nine times for a message, and sets a limit of the socket before each frame and
takes it back after. Here one look gets what has come, which is
kept where py-amqp keeps what it has read of a frame. The acknowledgements of
messages that came together are written together.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import struct
import threading
from typing import Any

from amqp import spec
from amqp import transport as amqp_transport

from trove.common.rpc._broker import needs

#: Bytes that are read at a time, if they are there; TLS gives no more.
_AT_ONCE = 16_384

#: Bytes of a frame before what is in it, the last four of which are its
#: size, and behind it.
_BEFORE, _BEHIND = 7, 1

#: Where the method stands in a frame of one.
_METHOD = slice(_BEFORE, _BEFORE + 4)
_TRANSPORTS: Any = (amqp_transport.SSLTransport, amqp_transport.TCPTransport)

_ACK = struct.pack('>HH', *spec.Basic.Ack)


class _Writes:
    """Takes the place of how a transport writes.

    Acknowledgements alone wait: nobody waits for an answer to one. Whatever
    else the same thread writes takes them along, so it may wait for its own
    answer, and a connection that is closed has said all before.
    """

    def __init__(self, write: Callable[[Any], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._held: list[bytes] = []

    def __call__(self, data: Any) -> None:
        mine = self._holder == threading.get_ident()
        if mine and data[_METHOD] == _ACK:
            # The next frame is made where this one is.
            self._held.append(bytes(data))
            return
        if mine and self._held:
            data, self._held = b''.join((*self._held, data)), []
        # Of two threads each writes whole frames.
        with self._lock:
            self._write(data)

    def hold(self) -> None:
        """Let the acknowledgements of this thread wait."""
        self._holder = threading.get_ident()

    def release(self) -> bytes:
        """Return those that wait; the next ones do not."""
        held, self._held, self._holder = self._held, [], None
        return b''.join(held)


def attach(transport: Any) -> None:
    """Have a transport of py-amqp that is connected work in this way.

    Any other stays as it is.
    """
    if needs.met('buffer') and isinstance(transport, _TRANSPORTS):
        receive = transport._quick_recv
        transport._quick_recv = lambda size: receive(max(size, _AT_ONCE))
        transport._write = _Writes(transport._write)


@contextlib.contextmanager
def together(transport: Any) -> Iterator[None]:
    """Have what this thread acknowledges meanwhile go out at the end, at once.

    :raises OSError: it did not; the transport says that it is not connected
    """
    writes = getattr(transport, '_write', None)
    if not isinstance(writes, _Writes):
        yield
        return
    writes.hold()
    try:
        yield
    except BaseException:
        # The first error has the cause.
        with contextlib.suppress(OSError):
            _flush(transport, writes)
        raise
    _flush(transport, writes)


def _flush(transport: Any, writes: _Writes) -> None:
    if held := writes.release():
        transport.write(held)


def has_frame(transport: Any) -> bool:
    """Whether a whole frame was read already, and waits for no socket."""
    kept = getattr(transport, '_read_buffer', b'')
    if len(kept) < _BEFORE:
        return False
    size = int.from_bytes(kept[_BEFORE - 4 : _BEFORE], 'big')
    return len(kept) >= _BEFORE + size + _BEHIND
