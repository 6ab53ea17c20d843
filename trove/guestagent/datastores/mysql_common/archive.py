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
import pathlib
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import files
from trove.guestagent.datastores import packed
from trove.guestagent.datastores.mysql_common import connection as connections

_ACTION: Final = 'hand over its log'


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
    def _open(self, name: str) -> Iterator[packed.Stream]:
        found = members(self._data_dir, name)
        with contextlib.closing(packed.Stream(found)) as stream:
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


def members(
    directory: pathlib.Path, name: str
) -> Generator[bytes, None, None]:
    """Yield a file of the log as it is in an archive."""
    try:
        with files.open_foreign(directory / name) as stream:
            yield from packed.member(name, stream)
    except FileNotFoundError:
        raise exception.DatastoreError(
            action=_ACTION, reason=f'{name} is not there any more.'
        ) from None
    except EOFError:
        raise exception.DatastoreError(
            action=_ACTION, reason=f'{name} became shorter meanwhile.'
        ) from None
