# SPDX-License-Identifier: Apache-2.0
"""Incremental backups of MySQL: its binary log since another backup.

Its clone plugin copies all or nothing, but each backup tells the file of the
binary log that was written when it was begun. An incremental one has this file
and those after it. Their transactions are replayed on the restored parent,
which skips those that it has, by their GTIDs.
"""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
import contextlib
import pathlib
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import packed
from trove.guestagent.datastores.mysql_common import archive
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import server as servers

SUFFIX: Final = '.binlog.tar.gz'
#: What is known of a backup: the version of the server, such as 9.7.4.
VERSION: Final = 'server-version'
#: Likewise: the file of the binary log that was written when it was begun.
LOG: Final = 'binlog-file'
#: Likewise: the server whose log that is.
SERVER: Final = 'server-uuid'

_ACTION: Final = 'be backed up'


def metadata(
    connection: connections.Connection, version: str
) -> dict[str, str]:
    """Return what the next backup needs to know of this one.

    It is asked for before the backup is begun.
    """
    ((server,),) = connection.execute('SELECT @@GLOBAL.server_uuid')
    log = connection.execute('SHOW BINARY LOGS')[-1][0]
    return {VERSION: version, LOG: str(log), SERVER: str(server)}


class Increments:
    """Makes incremental backups of a server."""

    def __init__(
        self,
        home: homes.Home[servers.Server],
        connector: connections.Connector,
    ) -> None:
        self._home = home
        self._connector = connector

    @contextlib.contextmanager
    def make(
        self, parent: backups.Metadata, request: backups.Request
    ) -> Iterator[backups.Stream]:
        """Make a backup that continues another one."""
        with self._connector.open(_ACTION) as connection:
            connection.execute('FLUSH LOCAL BINARY LOGS')
            about = metadata(connection, self._home.server().programs.text)
            _require(about, parent)
            rows = connection.execute('SHOW BINARY LOGS')
        names = _between(
            [str(row[0]) for row in rows], parent[LOG], about[LOG]
        )
        members = _members(self._home.data_dir, names, request)
        with contextlib.closing(_Stream(members, about)) as stream:
            yield stream


class _Stream(packed.Stream):
    """The archive of the files."""

    suffix = SUFFIX

    def __init__(
        self, members: Generator[bytes, None, None], about: dict[str, str]
    ) -> None:
        super().__init__(members)
        self.metadata = about


def _members(
    directory: pathlib.Path, names: list[str], request: backups.Request
) -> Generator[bytes, None, None]:
    for name in names:
        for piece in archive.members(directory, name):
            request.check()
            yield piece


def _require(about: backups.Metadata, parent: backups.Metadata) -> None:
    """Refuse a parent that is not of this server."""
    if not (parent.get(LOG) and parent.get(SERVER)):
        raise _failed(
            'the parent does not tell its file of the binary log. Make a '
            'full backup.'
        )
    if parent[SERVER] != about[SERVER]:
        raise _failed(
            'the parent is of another server, with a binary log of its own. '
            'Make a full backup.'
        )


def _between(names: list[str], first: str, end: str) -> list[str]:
    """Return the files from one on, without that which is written now."""
    numbers = {archive.number(name): name for name in names}
    wanted = range(archive.number(first), archive.number(end))
    gone = [number for number in wanted if number not in numbers]
    if not wanted or gone:
        raise _failed(
            f'the binary log does not go back to {first} of the parent any '
            'more. Make a full backup, and incremental ones more often.'
        )
    return [numbers[number] for number in wanted]


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(action=_ACTION, reason=reason)
