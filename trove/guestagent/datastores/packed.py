# SPDX-License-Identifier: Apache-2.0
"""Files of a server as a compressed archive that is made while it is read."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
import contextlib
import os
import tarfile
from typing import BinaryIO
from typing import Final
import zlib

SUFFIX: Final = '.tar.gz'
_PIECE: Final = 1 << 20
_BLOCK: Final = tarfile.BLOCKSIZE


class Stream:
    """An archive, as ``tar -cz`` makes it.

    :param members: yields what is in it, see :func:`member`
    """

    def __init__(self, members: Generator[bytes, None, None]) -> None:
        self._pieces = _compressed(members)
        self._rest = b''

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b''
            self._rest = piece
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        self._pieces.close()


def _compressed(
    members: Generator[bytes, None, None],
) -> Generator[bytes, None, None]:
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    with contextlib.closing(members):
        for piece in members:
            yield compressor.compress(piece)
    yield compressor.compress(bytes(2 * _BLOCK))
    yield compressor.flush()


def member(
    name: str, stream: BinaryIO, size: int | None = None
) -> Iterator[bytes]:
    """Yield an open file as it is in an archive.

    :param size: bytes that it must have; None: as many as it has now
    :raises EOFError: it is shorter
    """
    state = os.fstat(stream.fileno())
    about = tarfile.TarInfo(name)
    about.size = state.st_size if size is None else size
    about.mtime = int(state.st_mtime)
    about.mode = 0o600
    yield about.tobuf(tarfile.USTAR_FORMAT)
    left = about.size
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise EOFError(name)
        left -= len(piece)
        yield piece
    yield bytes(-about.size % _BLOCK)
