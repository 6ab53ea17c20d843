# SPDX-License-Identifier: Apache-2.0
"""How much of a log is published, and the publishing of the rest.

A log has one or two parts, see :mod:`trove.guestagent.datastores.logs`. Its
objects have the names and the form of released Trove, whose clients read them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import hashlib
import io
import json
import os
from typing import BinaryIO
from typing import Final

from oslo_utils import timeutils

from trove.common import masking
from trove.guestagent.datastores import logs
from trove.objectstore import base as stores

#: Bytes before a position that tell whether a file is still the same.
_WITNESS: Final = 1024


@dataclasses.dataclass(frozen=True)
class Position:
    """Up to where a log is published.

    :ivar inode: of the part that was published last; it is kept when the
        part is renamed
    :ivar offset: bytes of that part that are published
    :ivar digest: of the last of these bytes
    :ivar total: bytes that are published, of all parts
    :ivar container: where they are
    :ivar writing: name of the object that may be stored in part, by an agent
        that ended meanwhile; it is written again
    """

    inode: int = 0
    offset: int = 0
    digest: str = ''
    total: int = 0
    container: str = ''
    writing: str = ''


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a log is published to.

    :ivar prefix: of the names of all its objects, without a slash
    :ivar limit: bytes of each object
    :ivar most: bytes that are published at a time; a log may be made without
        end by whoever owns its directory
    :ivar expiry: seconds for which they are kept
    """

    store: stores.Store
    container: str
    prefix: str
    limit: int
    most: int
    expiry: int


@dataclasses.dataclass
class Part:
    """What is to be published of a part of a log, from ``begin`` on."""

    file: BinaryIO
    begin: int
    end: int
    is_last: bool

    @property
    def inode(self) -> int:
        return os.fstat(self.file.fileno()).st_ino

    def digest(self, offset: int) -> str:
        begin = max(0, offset - _WITNESS)
        self.file.seek(begin)
        return _md5(self.file.read(offset - begin))

    def pieces(self, limit: int) -> Iterator[bytes]:
        """Yield it in pieces that end with a line.

        A line that is longer than a piece is divided; one that is not yet
        complete is left for the next time.
        """
        self.file.seek(self.begin)
        left = self.end - self.begin
        while left and (piece := self.file.read(min(limit, left))):
            if len(piece) == limit or self.is_last:
                complete = piece.rfind(b'\n') + 1
                if complete:
                    self.file.seek(complete - len(piece), os.SEEK_CUR)
                    piece = piece[:complete]
                elif len(piece) < limit:
                    return
            left -= len(piece)
            yield piece


@dataclasses.dataclass(frozen=True)
class Rest:
    """What of a log is not published.

    :ivar rotated: whether what was published last does not exist any more
    """

    parts: Sequence[Part]
    rotated: bool

    @property
    def size(self) -> int:
        return sum(part.end - part.begin for part in self.parts)


def rest(files: Sequence[BinaryIO], position: Position) -> Rest:
    """Find where a log goes on after a position.

    :param files: its parts, the older first
    """
    parts = [
        Part(file, 0, os.fstat(file.fileno()).st_size, file is files[-1])
        for file in files
    ]
    for number, part in enumerate(parts):
        if (
            part.inode == position.inode
            and part.end >= position.offset
            and part.digest(position.offset) == position.digest
        ):
            part.begin = position.offset
            return Rest(parts[number:], rotated=False)
    return Rest(parts, rotated=position.total > 0)


def publish(
    log: logs.Log,
    target: Target,
    position: Position,
    record: Callable[[Position], None],
) -> None:
    """Publish the rest of a log, as far as its lines are complete.

    What is beyond the most of the target is left for the next time.

    :param record: writes a position down
    :raises trove.common.exception.ObjectStoreError: it cannot be stored; what
        was stored is written down
    """
    with log.opened() as files:
        position = dataclasses.replace(position, container=target.container)
        for part, piece in _pieces(rest(files, position).parts, target):
            name = position.writing or _object_name()
            record(dataclasses.replace(position, writing=name))
            _store(target, f'{target.prefix}/{name}', log, piece)
            part.begin += len(piece)
            position = Position(
                part.inode,
                part.begin,
                # Of the bytes just read, or of some before them too.
                _digest_of(part, part.begin),
                position.total + len(piece),
                target.container,
            )
            record(position)
        _describe(target, log, position, files)


def _pieces(
    parts: Sequence[Part], target: Target
) -> Iterator[tuple[Part, bytes]]:
    left = target.most
    for part in parts:
        for piece in part.pieces(target.limit):
            yield part, piece
            left -= len(piece)
            if left <= 0:
                return


def _digest_of(part: Part, offset: int) -> str:
    """Return the digest before an offset, and go on reading there."""
    found = part.digest(offset)
    part.file.seek(offset)
    return found


def _store(
    target: Target, name: str, log: logs.Log, piece: bytes
) -> None:
    text = _text(piece)
    if log.masked:
        text = ''.join(map(masking.error, text.splitlines(keepends=True)))
    target.store.save(
        target.container,
        name,
        io.BytesIO(text.encode()),
        {'lines': str(len(text.splitlines()))},
        delete_after=target.expiry,
    )


def _text(piece: bytes) -> str:
    """Return valid text, which is not longer: clients decode it."""
    return piece.decode('utf-8', 'replace').replace('\ufffd', '?')


def _describe(
    target: Target,
    log: logs.Log,
    position: Position,
    files: Sequence[BinaryIO],
) -> None:
    """Store how far it is, for guest agents of releases."""
    header = b''
    if files:
        files[-1].seek(0)
        header = files[-1].readline(target.limit)
    about = {
        'log_name': log.name,
        'log_type': log.kind,
        'log_file': str(log.path),
        'log_size': position.offset,
        'log_header_digest': _md5(header),
    }
    target.store.save(
        target.container,
        metafile(target.prefix),
        io.BytesIO(json.dumps(about).encode()),
        {},
        delete_after=target.expiry,
    )


def metafile(prefix: str) -> str:
    """Return the name of the object that describes a log."""
    return f'{prefix}_metafile'


def discard(target: Target) -> None:
    """Remove all that is published."""
    store = target.store
    store.discard(store.location(target.container, f'{target.prefix}/log'))
    store.delete(store.location(target.container, metafile(target.prefix)))


def _object_name() -> str:
    return f'log-{timeutils.utcnow().isoformat(timespec="microseconds")}'


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
