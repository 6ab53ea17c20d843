# SPDX-License-Identifier: Apache-2.0
"""Backups of MariaDB, in the form of released Trove.

Both kinds are what ``mariadb-backup`` writes, compressed. An incremental one
has the pages of InnoDB that were changed since its parent, and all of what is
not InnoDB's.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import re
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.mariadb import tools
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import server as servers

#: Whom the tool is while it works.
ACCOUNT: Final = "'mysql.trove_backup'@localhost"
_USER: Final = 'mysql.trove_backup'
_GRANTS: Final = 'RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR'
_PASSWORD_LENGTH: Final = 36

_ACTION: Final = 'be backed up'
_LSN: Final = re.compile(r'[0-9]{1,20}')
_CHECKPOINT: Final = re.compile(
    rf"The latest check point \(for incremental\): '({_LSN.pattern})'"
)


class Backups:
    """Makes the backups of a server.

    :param identified: makes the clause of a password, which is not in it
    :param stall_timeout: seconds to wait for the next data
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        connector: connections.Connector,
        identified: Callable[[str], str],
        stall_timeout: float,
    ) -> None:
        self._home = home
        self._connector = connector
        self._identified = identified
        self._stall_timeout = stall_timeout

    @contextlib.contextmanager
    def make(self, request: backups.Request) -> Iterator[backups.Stream]:
        """Make a backup, see :meth:`.base.Driver.backup`."""
        server = self._home.server()
        command = [tools.find(server, tools.BACKUP, _ACTION)]
        since = _since(request.parent)
        self._refuse_elsewhere()
        with (
            self._account() as password,
            _directory(server) as place,
            server.secret(_options(password, place)) as secret,
        ):
            command += [
                f'--defaults-file=/proc/self/fd/{secret}',
                '--backup',
                '--stream=xbstream',
                f'--datadir={server.data_dir}',
                *since,
            ]
            with pipeline.Pipeline(
                _ACTION,
                command,
                ['gzip', '--fast'],
                pass_fds=[secret, place],
                stall_timeout=self._stall_timeout,
                check=request.check,
                **server.options(),
            ) as pipe:
                yield _Stream(pipe)

    def _refuse_elsewhere(self) -> None:
        names = [
            f'{path.parent.name}.{path.stem}'
            for path in self._home.data_dir.glob('*/*.isl')
        ]
        if names:
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'it has tables outside its data directory '
                f'({", ".join(sorted(names))[:200]}). Make them again '
                'without DATA DIRECTORY.',
            )

    @contextlib.contextmanager
    def _account(self) -> Iterator[str]:
        """Create the account of the tool; return its password."""
        password = passwords.generate(_PASSWORD_LENGTH)
        clause = self._identified(password)
        with self._connector.open(_ACTION) as connection:
            connection.execute('SET SESSION sql_log_bin = 0')
            connection.execute(f'CREATE OR REPLACE USER {ACCOUNT} {clause}')
            connection.execute(f'GRANT {_GRANTS} ON *.* TO {ACCOUNT}')
        try:
            yield password
        finally:
            # A server that is stopped drops it at its next start.
            with (
                contextlib.suppress(exception.DatastoreError),
                self._connector.open(_ACTION) as connection,
            ):
                connection.execute('SET SESSION sql_log_bin = 0')
                connection.execute(f'DROP USER IF EXISTS {ACCOUNT}')


def _since(parent: backups.Metadata | None) -> list[str]:
    """Return the option for a backup that continues another."""
    if parent is None:
        return []
    lsn = parent.get('lsn', '')
    if not _LSN.fullmatch(lsn):
        raise exception.DatastoreError(
            action=_ACTION,
            reason=f'the parent has no log sequence number (lsn: {lsn!r:.40})'
            '. Make a full backup.',
        )
    return [f'--incremental-lsn={lsn}']


def _options(password: str, place: int) -> str:
    """Return the option file of the tool.

    :param place: the open directory of the socket, as its path may be too
        long
    """
    return (
        '[mariadb-backup]\n'
        f'user = {_USER}\n'
        f'password = "{password}"\n'
        f'socket = /proc/self/fd/{place}/{servers.SOCKET}\n'
    )


@contextlib.contextmanager
def _directory(server: servers.Server) -> Iterator[int]:
    handle = os.open(server.data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


class _Stream:
    """What the tool writes, and what it says."""

    suffix = '.xbstream.gz'

    def __init__(self, pipe: pipeline.Pipeline) -> None:
        self.metadata: dict[str, str] = {}
        self._pipe = pipe

    def read(self, size: int) -> bytes:
        piece = self._pipe.read(size)
        if not piece:
            said = tools.require_done(self._pipe, _ACTION)
            found = _CHECKPOINT.search(said)
            if found is None:
                raise exception.DatastoreError(
                    action=_ACTION,
                    reason=f'{tools.BACKUP} is of a version that is not '
                    f'understood, it names no check point: {said[-500:]}',
                )
            self.metadata['lsn'] = found[1]
        return piece
