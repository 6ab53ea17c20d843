# SPDX-License-Identifier: Apache-2.0
"""Reads from the message broker as much as there is at a time.

py-amqp asks the socket for each header, body and end of a frame by itself:
nine times for a message, and sets a limit of the socket before each frame and
takes it back after. Here one look gets what has come, which is
kept where py-amqp keeps what it has read of a frame.
"""

from __future__ import annotations

from typing import Any

#: Bytes that are read at a time, if they are there; TLS gives no more.
_AT_ONCE = 16_384

#: Bytes of a frame before what is in it, the last four of which are its
#: size, and behind it.
_BEFORE, _BEHIND = 7, 1

#: Of a transport of py-amqp; none is public.
_NEEDED = ('_quick_recv', '_read_buffer')


def attach(transport: Any) -> None:
    """Have a transport of py-amqp that is connected read in this way.

    One that is built otherwise stays as it is.
    """
    if all(hasattr(transport, name) for name in _NEEDED):
        receive = transport._quick_recv
        transport._quick_recv = lambda size: receive(max(size, _AT_ONCE))


def has_frame(transport: Any) -> bool:
    """Whether a whole frame was read already, and waits for no socket."""
    kept = getattr(transport, '_read_buffer', b'')
    if len(kept) < _BEFORE:
        return False
    size = int.from_bytes(kept[_BEFORE - 4 : _BEFORE], 'big')
    return len(kept) >= _BEFORE + size + _BEHIND
