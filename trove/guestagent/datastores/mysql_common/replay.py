# SPDX-License-Identifier: Apache-2.0
"""Replays an archived binary log, before anybody can connect."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import os
import pathlib
import shutil
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.mysql_common import archive as archives
from trove.guestagent.datastores.mysql_common import server as servers

_ACTION: Final = 'replay the log'
_PIECE: Final = 1 << 20
_DIRECTORY: Final = 'trove-log'
#: The offset of the first event of a file.
WHOLE: Final = 4
#: What a row of a table may have at most, as text.
_PACKET: Final = '1G'
#: The server of a replay: nobody reaches it but by its socket, and nothing
#: changes its data by itself. That of a replica can be written, too.
OPTIONS: Final = (
    '--skip-networking',
    f'--max-allowed-packet={_PACKET}',
    '--event-scheduler=OFF',
    '--read-only=OFF',
    '--loose-super-read-only=OFF',
)


@dataclasses.dataclass(frozen=True)
class Position:
    """Where the log goes on from a backup.

    :param file: such as ``mysql-bin.000007``
    :param offset: in bytes
    """

    file: str
    offset: int


class Replayer:
    """Replays a log into the server that runs.

    :param reader: the program that makes statements of a log
    :param client: the program that has them carried out
    :param stall_timeout: as of the option
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        reader: str,
        client: str,
        stall_timeout: float,
    ) -> None:
        self._home = home
        self._reader = reader
        self._client = client
        self._stall_timeout = stall_timeout

    def replay(self, log: archive.Replay, start: Position) -> None:
        """Replay what was written since a position.

        :raises trove.common.exception.TroveError: a part of it is missing,
            or the server refuses it
        """
        with self._directory() as directory:
            self._replay(log, start, directory)

    def replay_files(self, data: Generator[bytes, None, None]) -> None:
        """Replay whole files, from a compressed archive.

        :raises trove.common.exception.TroveError: the server refuses them
        """
        with self._directory() as directory:
            self._extract(data, directory, '--gzip')
            for name in sorted(os.listdir(directory), key=archives.number):
                self._carry_out(directory / name, WHOLE, None)

    @contextlib.contextmanager
    def _directory(self) -> Iterator[pathlib.Path]:
        directory = self._home.data_dir / _DIRECTORY
        directory.mkdir(mode=0o700)
        try:
            if self._home.account is not None:
                self._home.account.own(directory)
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _replay(
        self, log: archive.Replay, start: Position, directory: pathlib.Path
    ) -> None:
        wanted, first = archives.number(start.file), None
        for piece in log.pieces():
            path = self._unpack(piece, directory)
            found = archives.number(path.name)
            first = found if first is None else first
            if first > wanted:
                break
            if found >= wanted:
                offset = start.offset if found == wanted else WHOLE
                self._carry_out(path, offset, log.until)
            path.unlink()
        if first is None or first > wanted:
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'the archive does not have {start.file}, with which '
                'it goes on from the backup. Restore another backup.',
            )

    def _unpack(
        self, piece: Generator[bytes, None, None], directory: pathlib.Path
    ) -> pathlib.Path:
        self._extract(piece, directory)
        names = os.listdir(directory)
        if len(names) != 1:
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'a piece of it has {len(names)} files instead of one.',
            )
        return directory / names[0]

    def _extract(
        self,
        data: Generator[bytes, None, None],
        directory: pathlib.Path,
        *options: str,
    ) -> None:
        pipeline.pour(
            _ACTION,
            data,
            [
                'tar',
                '--extract',
                '--file=-',
                f'--directory={directory}',
                '--no-same-owner',
                '--no-overwrite-dir',
                *options,
            ],
            stall_timeout=self._stall_timeout,
            # As the server's user, it can do no harm elsewhere.
            **self._home.server().options(),
        )

    def _carry_out(
        self,
        path: pathlib.Path,
        offset: int,
        until: datetime.datetime | None,
    ) -> None:
        server = self._home.server()
        place = os.open(server.data_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with server.once(self._options(place)) as secret:
                with pipeline.Pipeline(
                    _ACTION,
                    self._reading(path, offset, until),
                    [
                        self._find(self._client),
                        f'--defaults-file=/proc/self/fd/{secret}',
                        # No statement is a command of the client.
                        '--binary-mode',
                    ],
                    pass_fds=[secret, place],
                    # A time without a zone is in that of the program.
                    **server.options(TZ='UTC'),
                ) as pipe:
                    while pipe.read(_PIECE):
                        pass
        finally:
            os.close(place)

    def _reading(
        self,
        path: pathlib.Path,
        offset: int,
        until: datetime.datetime | None,
    ) -> Sequence[str]:
        limit = []
        if until is not None:
            limit = [f'--stop-datetime={until:%Y-%m-%d %H:%M:%S}']
        return [
            self._find(self._reader),
            '--no-defaults',
            # The new instance has a log of its own, as after any restore.
            '--disable-log-bin',
            f'--start-position={offset}',
            *limit,
            os.fspath(path),
        ]

    def _options(self, place: int) -> str:
        return (
            '[client]\n'
            f'user = {servers.ADMINISTRATOR}\n'
            f'password = "{self._home.password()}"\n'
            f'socket = /proc/self/fd/{place}/{servers.SOCKET}\n'
            f'max_allowed_packet = {_PACKET}\n'
        )

    def _find(self, name: str) -> str:
        path = self._home.server().programs.program(name)
        if not os.access(path, os.X_OK):
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'there is no {path}. Install the client programs of '
                'the version of the server in its image.',
            )
        return path
