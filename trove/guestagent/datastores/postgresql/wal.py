# SPDX-License-Identifier: Apache-2.0
"""The write-ahead log: its positions, its segments, and these as a stream."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import os
import pathlib
import tarfile
from typing import BinaryIO
from typing import Final
import zlib

from trove.common import exception
from trove.guestagent.datastores import files

SUFFIX: Final = '.tar.gz'
_PIECE: Final = 1 << 20
_BLOCK: Final = tarfile.BLOCKSIZE
#: Bytes that the numbers of segments count up to before the log number does.
_LOG: Final = 1 << 32


def parse_position(text: str) -> int:
    """Read a position such as ``0/2000028``."""
    high, _, low = text.partition('/')
    return (int(high, 16) << 32) + int(low, 16)


@dataclasses.dataclass(frozen=True, order=True)
class Segment:
    """A file of the log.

    :param number: counted from the beginning of the log
    :param size: bytes of each segment
    """

    timeline: int
    number: int
    size: int

    @classmethod
    def parse(cls, name: str, size: int) -> Segment:
        """Read a name such as ``000000010000000000000002``."""
        timeline, log, segment = (int(name[i:i + 8], 16) for i in (0, 8, 16))
        return cls(timeline, log * (_LOG // size) + segment, size)

    @classmethod
    def ending(cls, timeline: int, position: int, size: int) -> Segment:
        """The segment that what ends at a position is in."""
        return cls(timeline, (position - 1) // size, size)

    @property
    def name(self) -> str:
        log, segment = divmod(self.number, _LOG // self.size)
        return f'{self.timeline:08X}{log:08X}{segment:08X}'

    def until(self, last: Segment) -> list[Segment]:
        """The segments after this one, up to ``last``."""
        return [
            dataclasses.replace(self, number=number)
            for number in range(self.number + 1, last.number + 1)
        ]


class SegmentStream:
    """Segments as a compressed archive, as ``tar -cz`` makes it.

    :param directory: where they are; it belongs to the server, so nothing in
        it is followed
    :param check: called at the end; raises if they may have been recycled
        meanwhile
    """

    suffix = SUFFIX

    def __init__(
        self,
        directory: pathlib.Path,
        segments: Sequence[Segment],
        metadata: dict[str, str],
        check: Callable[[], None],
    ) -> None:
        self.metadata = metadata
        self._check = check
        self._pieces = self._compressed(directory, segments)
        self._rest = b''

    def read(self, size: int) -> bytes:
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
        self, directory: pathlib.Path, segments: Sequence[Segment]
    ) -> Generator[bytes, None, None]:
        compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        for piece in _archive(directory, segments):
            yield compressor.compress(piece)
        self._check()
        yield compressor.flush()


def _archive(
    directory: pathlib.Path, segments: Sequence[Segment]
) -> Iterator[bytes]:
    handle = os.open(
        directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    )
    try:
        for segment in segments:
            about = tarfile.TarInfo(segment.name)
            about.size = segment.size
            about.mode = 0o600
            with _open(segment, handle) as stream:
                about.mtime = int(os.fstat(stream.fileno()).st_mtime)
                yield about.tobuf(tarfile.USTAR_FORMAT)
                yield from _contents(stream, segment)
    finally:
        os.close(handle)
    yield bytes(2 * _BLOCK)


def _open(segment: Segment, directory: int) -> BinaryIO:
    try:
        return files.open_foreign(segment.name, directory)
    except FileNotFoundError:
        raise gone(f'segment {segment.name} is not there any more') from None


def _contents(stream: BinaryIO, segment: Segment) -> Iterator[bytes]:
    """Yield a segment, whose size is a multiple of the block's."""
    left = segment.size
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise gone(f'segment {segment.name} is not complete')
        left -= len(piece)
        yield piece


def gone(reason: str) -> exception.DatastoreError:
    """Return the error for a log that does not reach back to the parent."""
    return exception.DatastoreError(
        action='be backed up incrementally',
        reason=f'{reason}. Make a full backup.',
    )
