# SPDX-License-Identifier: Apache-2.0
"""The binary log, handed over as files that are complete.

The server keeps it for some days, whether it is archived or not, so an archive
that fails takes no more of the volume.
"""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
import contextlib
import datetime
import functools
import os
import pathlib
import tarfile
from typing import Final
import zlib

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import files
from trove.guestagent.datastores.mysql_common import connection as connections

_ACTION: Final = 'hand over its log'
_PIECE: Final = 1 << 20


class Archive:
    """Hands over the binary log of a server."""

    def __init__(
        self, data_dir: pathlib.Path, connector: connections.Connector
    ) -> None:
        self._data_dir = data_dir
        self._connector = connector

    def close(self, after: str | None) -> archive.Closed:
        """Return what is complete, see :class:`.archive.Archiving`."""
        # What it says of changes are whole seconds.
        until = self.time().replace(microsecond=0)
        with self._connector.open(_ACTION) as connection:
            connection.execute('FLUSH LOCAL BINARY LOGS')
            rows = connection.execute('SHOW BINARY LOGS')
        # The last one is being written.
        complete = sorted((str(row[0]) for row in rows), key=number)[:-1]
        if after is None:
            return self._closed(until, complete[-1:])
        new = [each for each in complete if number(each) > number(after)]
        if not new or number(new[0]) == number(after) + 1:
            return self._closed(until, new)
        return self._closed(until, complete[-1:], continues=False)

    def _closed(
        self,
        until: datetime.datetime,
        names: list[str],
        continues: bool = True,
    ) -> archive.Closed:
        pieces = [
            archive.Piece(name, functools.partial(self._open, name))
            for name in names
        ]
        return archive.Closed(until, pieces, continues)

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[Stream]:
        with contextlib.closing(Stream(self._data_dir, name)) as stream:
            yield stream

    def time(self) -> datetime.datetime:
        """Return the time by the clock of the server, in UTC."""
        with self._connector.open(_ACTION) as connection:
            ((found,),) = connection.execute('SELECT UTC_TIMESTAMP(6)')
        if not isinstance(found, datetime.datetime):
            raise exception.DatastoreError(
                action=_ACTION, reason=f'{str(found)[:80]!r} is no time.'
            )
        return found


def number(name: str) -> int:
    """Return the number of a file of the log, such as ``mysql-bin.000007``.

    :raises trove.common.exception.DatastoreError: it is none
    """
    digits = name.rpartition('.')[2]
    if not (digits.isascii() and digits.isdigit()) or '/' in name:
        raise exception.DatastoreError(
            action=_ACTION, reason=f'{name[:80]!r} is no file of a log.'
        )
    return int(digits)


class Stream:
    """A file as a compressed archive."""

    def __init__(self, directory: pathlib.Path, name: str) -> None:
        self._pieces = _compressed(directory, name)
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
    directory: pathlib.Path, name: str
) -> Generator[bytes, None, None]:
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        stream = files.open_foreign(directory / name)
    except FileNotFoundError:
        raise exception.DatastoreError(
            action=_ACTION, reason=f'{name} is not there any more.'
        ) from None
    with stream:
        about = tarfile.TarInfo(name)
        state = os.fstat(stream.fileno())
        about.size, about.mtime = state.st_size, int(state.st_mtime)
        about.mode = 0o600
        yield compressor.compress(about.tobuf(tarfile.USTAR_FORMAT))
        left = about.size
        while left and (piece := stream.read(min(left, _PIECE))):
            left -= len(piece)
            yield compressor.compress(piece)
    if left:
        raise exception.DatastoreError(
            action=_ACTION, reason=f'{name} became shorter meanwhile.'
        )
    yield compressor.compress(
        bytes(-about.size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
    )
    yield compressor.flush()
