# SPDX-License-Identifier: Apache-2.0
"""Backups of MySQL, by its clone plugin.

The server copies itself into a directory beside its data, which is archived
then. XtraBackup, whose form released Trove stores, is in no Linux
distribution. What continues such a backup is :mod:`.increment`.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import tempfile
import threading
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.mysql import increment
from trove.guestagent.datastores.mysql import versions
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import server as servers

SUFFIX: Final = '.clone.tar.gz'

_ACTION: Final = 'be backed up'
_PREFIX: Final = 'trove-clone-'
_INSTALL: Final = "INSTALL PLUGIN clone SONAME 'mysql_clone.so'"
#: It is installed already.
_INSTALLED: Final = 1125
#: Tables that a clone has without their rows.
_OTHERS: Final = """
SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA
NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
"""
#: Seconds for the server to copy itself.
_TIMEOUT: Final = 24 * 3600
_CHECK_INTERVAL: Final = 1
#: What is left on the volume besides, as part of the copy.
_SPARE: Final = 1.1


class Backups:
    """Makes the backups of a server.

    :param stall_timeout: seconds to wait for the next data
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        connector: connections.Connector,
        stall_timeout: float,
    ) -> None:
        self._home = home
        self._connector = connector
        self._stall_timeout = stall_timeout
        self._increments = increment.Increments(home, connector)

    @contextlib.contextmanager
    def make(self, request: backups.Request) -> Iterator[backups.Stream]:
        """Make a backup, see :meth:`.base.Driver.backup`."""
        if request.parent is not None:
            with self._increments.make(request.parent, request) as stream:
                yield stream
            return
        server = self._home.server()
        if server.programs.version < versions.CLONE:
            raise _failed(
                f'MySQL {server.programs.text} cannot copy itself, nor make '
                'the data of a replica. Install MySQL '
                f'{".".join(map(str, versions.CLONE))} or later in the image, '
                'and export the databases to an instance of it.'
            )
        with self._directory() as directory:
            about = self._clone(directory / 'data', request)
            with pipeline.Pipeline(
                _ACTION,
                ['tar', '--create', f'--directory={directory}/data', '.'],
                ['gzip', '--fast'],
                stall_timeout=self._stall_timeout,
                check=request.check,
                **server.options(),
            ) as pipe:
                yield _Stream(pipe, about)

    @contextlib.contextmanager
    def _directory(self) -> Iterator[pathlib.Path]:
        """Make a directory on the volume, which the server refuses inside."""
        parent = self._home.data_dir.parent
        for left in parent.glob(f'{_PREFIX}*'):
            # Of an agent that was killed.
            shutil.rmtree(left, ignore_errors=True)
        needed = int(_size(self._home.data_dir) * _SPARE)
        free = shutil.disk_usage(parent).free
        if free < needed:
            raise _failed(
                f'a copy of it takes {needed >> 20} MiB of the volume for a '
                f'while, and {free >> 20} are free. Enlarge the volume.'
            )
        made = pathlib.Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            if self._home.account is not None:
                self._home.account.own(made)
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _clone(
        self, target: pathlib.Path, request: backups.Request
    ) -> dict[str, str]:
        """Have the server copy itself, unless the backup is given up.

        :returns: what the next backup needs to know
        """
        with self._connector.open(_ACTION) as connection:
            self._refuse_others(connection)
            connection.execute('SET SESSION sql_log_bin = 0')
            connection.try_to(_INSTALLED, _INSTALL)
            version = self._home.server().programs.text
            about = increment.metadata(connection, version)
        numbers: list[int] = []
        errors: list[exception.TroveError] = []

        def run() -> None:
            try:
                with self._connector.open(_ACTION, _TIMEOUT) as own:
                    ((number,),) = own.execute('SELECT CONNECTION_ID()')
                    numbers.append(int(number))
                    own.execute(
                        'CLONE LOCAL DATA DIRECTORY = %s', [str(target)]
                    )
            except exception.TroveError as error:
                errors.append(error)

        thread = threading.Thread(target=run, name='clone', daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_CHECK_INTERVAL)
                request.check()
        finally:
            if thread.is_alive() and numbers:
                self._kill(numbers[0])
            thread.join()
        if errors:
            raise errors[0]
        return about

    def _kill(self, number: int) -> None:
        with (
            contextlib.suppress(exception.DatastoreError),
            self._connector.open(_ACTION) as connection,
        ):
            connection.execute(f'KILL CONNECTION {number}')

    def _refuse_others(self, connection: connections.Connection) -> None:
        names = [str(name) for (name,) in connection.execute(_OTHERS)]
        if names:
            raise _failed(
                'it has tables that are not of the engine InnoDB '
                f'({", ".join(sorted(names))[:200]}), which a clone lacks. '
                'Change their engine with ALTER TABLE.'
            )


def _size(directory: pathlib.Path) -> int:
    """Return the bytes of files; binary logs are not cloned."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            if not name.startswith('mysql-bin.'):
                with contextlib.suppress(FileNotFoundError):
                    path = pathlib.Path(folder, name)
                    total += path.lstat().st_blocks * 512
    return total


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(action=_ACTION, reason=reason)


class _Stream:
    """The archive of a clone."""

    suffix = SUFFIX

    def __init__(
        self, pipe: pipeline.Pipeline, metadata: dict[str, str]
    ) -> None:
        self.metadata = metadata
        self._pipe = pipe

    def read(self, size: int) -> bytes:
        return self._pipe.read(size)
