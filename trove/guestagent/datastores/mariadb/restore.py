# SPDX-License-Identifier: Apache-2.0
"""A database from backups, before its server is started."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import logging
import os
import pathlib
import re
import shutil
import tempfile
import time
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import files
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores import unpacking
from trove.guestagent.datastores.mariadb import tools
from trove.guestagent.datastores.mysql_common import replay
from trove.guestagent.datastores.mysql_common import role
from trove.guestagent.datastores.mysql_common import server as servers

LOG = logging.getLogger(__name__)

_ACTION: Final = 'restore the backup'
#: Of the tool: what the server was that it backed up. The second name is that
#: of MariaDB 11.1 and later.
_INFO: Final = 'xtrabackup_info', 'mariadb_backup_info'
#: Likewise: where it was in its binary log.
_POSITION: Final = 'xtrabackup_binlog_info', 'mariadb_backup_binlog_info'
_VERSION: Final = re.compile(
    r'^server_version = (\d+\.\d+)\.\d+(-MariaDB)?', re.MULTILINE
)
#: Of the tool: settings that InnoDB had.
_SETTINGS: Final = 'backup-my.cnf'
_HARMLESS: Final = re.compile(r'\[mysqld\]|innodb_\w+=(\./|[\w:;.]*)')
#: What makes a server follow another. The tool has none of it.
_FOLLOWING: Final = '*.info', role.MARK
_PIECE: Final = 4096


class Restore:
    """Makes a database of what was stored.

    :param timeout: seconds to replay the log of one backup
    :param stop_timeout: as of the option
    :param stall_timeout: likewise
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        timeout: float,
        stop_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._home = home
        self._timeout = timeout
        self._stop_timeout = stop_timeout
        self._stall_timeout = stall_timeout

    def restore(self, chain: Sequence[backups.Link], memory_mb: int) -> None:
        """Make the database of a full backup and those that continue it.

        What the agent made before is lost, and so is what came of this if it
        fails.

        :param memory_mb: what the tool may use
        :raises trove.common.exception.TroveError: it cannot be made
        """
        server = self._home.server()
        for name in tools.BACKUP, tools.STREAM:
            tools.find(server, name, _ACTION)
        server.stop(self._stop_timeout)
        with self._home.restoring():
            full = self._unpack(chain[0], self._home.data_dir)
            self._check_version(full)
            self._prepare_all(full, chain[1:], memory_mb)
            (full / _SETTINGS).unlink(missing_ok=True)
            for pattern in _FOLLOWING:
                for path in list(full.glob(pattern)):
                    path.unlink()
            for path in list(full.iterdir()):
                path.rename(self._home.data_dir / path.name)
            full.rmdir()

    def verify(
        self,
        chain: Sequence[backups.Link],
        directory: pathlib.Path,
        memory_mb: int,
    ) -> None:
        """Return when a backup could be restored.

        :param directory: an empty one, of the server's user
        :raises trove.common.exception.DatastoreError: it could not
        :raises trove.common.exception.NotSupported: there are no programs for
            that
        """
        programs = self._home.server().programs
        for name in tools.BACKUP, tools.STREAM:
            if not os.access(programs.program(name), os.X_OK):
                raise exception.NotSupported(
                    f'Backups cannot be verified here: there is no {name} in '
                    'the image. Install it, or restore the backup into a new '
                    'instance to prove it.'
                )
        full = self._unpack(chain[0], directory)
        found = self._version(full)
        if found != ('MariaDB', programs.major):
            raise exception.NotSupported(
                f'The backup is of {" ".join(found)}, and this instance has '
                f'MariaDB {programs.text}, whose tools cannot verify it. '
                'Restore it into a new instance to prove it.'
            )
        self._prepare_all(full, chain[1:], memory_mb)

    def _prepare_all(
        self,
        full: pathlib.Path,
        others: Sequence[backups.Link],
        memory_mb: int,
    ) -> None:
        """Have the log replayed, and those added that continue a backup."""
        prepare = [f'--target-dir={full}', f'--use-memory={memory_mb}M']
        self._prepare(prepare)
        for link in others:
            more = self._unpack(link, full.parent)
            self._prepare([*prepare, f'--incremental-dir={more}'])
            shutil.rmtree(more)

    def _unpack(
        self, link: backups.Link, place: pathlib.Path
    ) -> pathlib.Path:
        """Return the directory with the files of a backup.

        :param place: where it is made, on a volume with the room
        """
        LOG.info('Restoring %s', link.location)
        server = self._home.server()
        directory = pathlib.Path(
            tempfile.mkdtemp(prefix='restored-', dir=place)
        )
        if self._home.account is not None:
            self._home.account.own(directory)
        # As the server's user, they can do no harm elsewhere.
        pipeline.pour(
            _ACTION,
            unpacking.decompressed(_ACTION, link.read()),
            [
                tools.find(server, tools.STREAM, _ACTION),
                '--extract',
                f'--directory={directory}',
            ],
            stall_timeout=self._stall_timeout,
            **server.options(),
        )
        self._disarm(directory)
        return directory

    def _disarm(self, directory: pathlib.Path) -> None:
        """Have neither the tool nor the server led elsewhere."""
        for path in directory.rglob('*.isl'):
            raise _failed(
                f'a table of it is outside its data directory ({path.stem}). '
                'Restore another backup.'
            )
        path = directory / _SETTINGS
        try:
            text = files.read_foreign(path)
        except FileNotFoundError:
            return
        lines = filter(_HARMLESS.fullmatch, text.split('\n'))
        files.write(path, '\n'.join(lines) + '\n', self._home.account)

    def _version(self, directory: pathlib.Path) -> tuple[str, str]:
        found = None
        for name in _INFO:
            path = directory / name
            if path.exists():
                found = _VERSION.search(files.read_foreign(path))
        if found is None:
            raise _failed(
                'there is no full backup of MariaDB in it. Restore another '
                'backup.'
            )
        return 'MariaDB' if found[2] else 'MySQL', found[1]

    def _check_version(self, directory: pathlib.Path) -> None:
        title, version = self._version(directory)
        programs = self._home.server().programs
        if (title, version) != ('MariaDB', programs.major):
            raise _failed(
                f'it is of {title} {version}, and this instance has MariaDB '
                f'{programs.text}. Restore it into an instance with a '
                f'datastore version of {title} {version}.'
            )

    def _prepare(self, options: list[str]) -> None:
        """Have the tool replay the log, or add another backup."""
        server = self._home.server()
        command = [
            tools.find(server, tools.BACKUP, _ACTION),
            '--no-defaults',
            '--prepare',
            *options,
        ]
        with pipeline.Pipeline(
            _ACTION,
            command,
            check=_deadline(self._timeout),
            **server.options(),
        ) as pipe:
            while pipe.read(_PIECE):
                pass
            tools.require_done(pipe, _ACTION)


def position(data_dir: pathlib.Path) -> str:
    """Return the position of restored data in the binary log, as GTIDs.

    :raises trove.common.exception.DatastoreError: the backup has none
    """
    fields = _position(data_dir)
    return fields[2] if len(fields) > 2 else ''


def log_start(data_dir: pathlib.Path) -> replay.Position:
    """Return where the log goes on from restored data.

    :raises trove.common.exception.DatastoreError: the backup does not tell
    """
    fields = _position(data_dir)
    if len(fields) < 2 or not re.fullmatch('[0-9]{1,20}', fields[1]):
        raise _failed('it tells no offset in the binary log')
    return replay.Position(fields[0], int(fields[1]))


def _position(data_dir: pathlib.Path) -> list[str]:
    """Return the file, the offset, and perhaps the GTIDs."""
    for name in _POSITION:
        path = data_dir / name
        if path.exists():
            return files.read_foreign(path).rstrip('\n').split('\t')
    raise _failed(
        'it does not tell its position in the binary log, so neither a '
        'replica nor a log can begin with it. Make a full backup of the '
        'primary.'
    )


def _deadline(seconds: float) -> Callable[[], None]:
    """Return what raises when that time is over."""
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise _failed(
                f'its log is not replayed after {seconds} s. Raise the option '
                '[guestagent] recovery_timeout.'
            )

    return check


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(action=_ACTION, reason=reason)
