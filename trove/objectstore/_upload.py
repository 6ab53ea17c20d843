# SPDX-License-Identifier: Apache-2.0
"""Upload of a stream in parts, one uploaded while the next is read."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures

from trove.objectstore import base

#: Bytes of a read.
PIECE = 1 << 20


def split(source: base.Source, size: int) -> Iterator[tuple[bytearray, bool]]:
    """Yield parts of ``size`` bytes, and whether each is the last.

    Only the last may be smaller. There is at least one, which may be empty.
    """
    ahead = source.read(PIECE) or b''
    while True:
        part = bytearray()
        while ahead and len(part) < size:
            room = size - len(part)
            part += ahead[:room]
            ahead = ahead[room:] or source.read(PIECE) or b''
        last = not ahead
        yield part, last
        if last:
            return


def upload(
    source: base.Source,
    size: int,
    put: Callable[[int, bytearray], None],
    put_only: Callable[[bytearray], None],
) -> None:
    """Upload a source, with at most two parts in memory.

    :param put: stores a part with its number; called in a thread, for one
        part after the other
    :param put_only: stores the only part
    """
    running: futures.Future[None] | None = None
    with futures.ThreadPoolExecutor(1) as pool:
        for number, (part, last) in enumerate(split(source, size)):
            if last and not number:
                put_only(part)
                return
            if running is not None:
                running.result()
            running = pool.submit(put, number, part)
        if running is not None:
            running.result()
