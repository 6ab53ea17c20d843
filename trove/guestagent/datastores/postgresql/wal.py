# SPDX-License-Identifier: Apache-2.0
"""The write-ahead log: its positions, its segments, and these as a stream."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import os
import pathlib
import re
from typing import BinaryIO
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import files
from trove.guestagent.datastores import packed

#: Bytes that the numbers of segments count up to before the log number does.
_LOG: Final = 1 << 32
#: Part of a pattern: a position.
POSITION: Final = '[0-9A-F]{1,8}/[0-9A-F]{1,8}'
_POSITION: Final = re.compile(POSITION)
_SIZE: Final = re.compile('([0-9]{1,4})(MB|GB)')
_UNITS: Final = {'MB': 20, 'GB': 30}
#: Bytes that a segment may have.
_SIZES: Final = frozenset(1 << power for power in range(20, 31))


def parse_position(text: object) -> int:
    """Read a position such as ``0/2000028``.

    :raises trove.common.exception.DatastoreError: it is none
    """
    if not isinstance(text, str) or not _POSITION.fullmatch(text):
        raise _not_understood('a position', text)
    high, _, low = text.partition('/')
    return (int(high, 16) << 32) + int(low, 16)


def format_position(position: int) -> str:
    """Write a position, see :func:`parse_position`."""
    return f'{position >> 32:X}/{position & 0xFFFFFFFF:X}'


def parse_segment_size(text: str) -> int:
    """Read a size such as ``16MB``, as the server shows it.

    :raises trove.common.exception.DatastoreError: it is none
    """
    found = _SIZE.fullmatch(text)
    size = int(found[1]) << _UNITS[found[2]] if found else 0
    if size not in _SIZES:
        raise _not_understood('the size of a segment', text)
    return size


def parse_timeline(value: object) -> int:
    """Check the number of a timeline.

    :raises trove.common.exception.DatastoreError: it is none
    """
    if not isinstance(value, int) or not 0 < value < 1 << 32:
        raise _not_understood('a timeline', value)
    return value


def _not_understood(what: str, found: object) -> exception.DatastoreError:
    return exception.DatastoreError(
        action='be asked about its write-ahead log',
        reason=f'{str(found)[:80]!r} is not {what}. See whether functions in '
        'pg_catalog were replaced, and whether its version is supported.',
    )


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
    def start(self) -> int:
        """The position that it begins at."""
        return self.number * self.size

    @property
    def name(self) -> str:
        log, segment = divmod(self.number, _LOG // self.size)
        return f'{self.timeline:08X}{log:08X}{segment:08X}'

    def until(self, last: Segment) -> Iterator[Segment]:
        """Yield the segments after this one, up to ``last``."""
        for number in range(self.number + 1, last.number + 1):
            yield dataclasses.replace(self, number=number)


class SegmentStream(packed.Stream):
    """Segments as a compressed archive.

    :param directory: where they are; it belongs to the server, so nothing in
        it is followed
    :param check: called at the end; raises if they may have been recycled
        meanwhile
    """

    suffix = packed.SUFFIX

    def __init__(
        self,
        directory: pathlib.Path,
        segments: Iterable[Segment],
        metadata: dict[str, str],
        check: Callable[[], None],
    ) -> None:
        super().__init__(_members(directory, segments, check))
        self.metadata = metadata


def _members(
    directory: pathlib.Path,
    segments: Iterable[Segment],
    check: Callable[[], None],
) -> Generator[bytes, None, None]:
    handle = os.open(
        directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    )
    try:
        for segment in segments:
            with _open(segment, handle) as stream:
                try:
                    yield from packed.member(
                        segment.name, stream, segment.size
                    )
                except EOFError:
                    raise gone(
                        f'segment {segment.name} is not complete'
                    ) from None
    finally:
        os.close(handle)
    check()


def _open(segment: Segment, directory: int) -> BinaryIO:
    try:
        return files.open_foreign(segment.name, directory)
    except FileNotFoundError:
        raise gone(f'segment {segment.name} is not there any more') from None


def gone(reason: str) -> exception.DatastoreError:
    """Return the error for a log that does not reach back to the parent."""
    return exception.DatastoreError(
        action='be backed up incrementally',
        reason=f'{reason}. Make a full backup.',
    )
