# SPDX-License-Identifier: Apache-2.0
"""The process of the PostgreSQL server."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
import logging
import os
import pathlib
import signal

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import programs as installed
from trove.guestagent.datastores import server
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import server_errors

LOG = logging.getLogger(__name__)

#: Name of the server's own superuser, which the agent uses.
SUPERUSER = 'postgres'
#: Timeout in seconds for the processes of a killed server to exit.
_ORPHAN_TIMEOUT = 5.0

#: What it says before it writes to its own log.
_REDIRECTING = 'redirecting log output to logging collector'


class Server(server.Server):
    """A database cluster with its server on this machine.

    :param config_dir: the configuration files
    """

    title = 'PostgreSQL'
    pid_file = 'postmaster.pid'
    clean_signal = signal.SIGINT
    hard_signal = signal.SIGQUIT

    def __init__(
        self,
        programs: installed.Programs,
        data_dir: pathlib.Path,
        config_dir: pathlib.Path,
        log_file: pathlib.Path,
        endpoint: server.Endpoint,
        account: accounts.Account | None,
    ) -> None:
        super().__init__(programs, data_dir, log_file, endpoint, account)
        self._config_dir = config_dir

    def initialize(
        self,
        password: str,
        checksums: bool = True,
        segment: int | None = None,
    ) -> None:
        """Create a cluster.

        :param password: of the superuser
        :param checksums: whether pages of data have them
        :param segment: bytes of a segment of the log; usual ones if None
        """
        more = self._checksums(checksums)
        if segment is not None:
            more.append(f'--wal-segsize={segment >> 20}')
        done = self.run(
            lambda path: [*self._initdb(path), *more], f'{password}\n'
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='create a database cluster',
                reason=done.stderr.strip()[-server_errors.TAIL:],
            )

    def _initdb(self, password_file: str) -> list[str]:
        command = [
            self.programs.program('initdb'),
            f'--pgdata={self.data_dir}',
            f'--username={SUPERUSER}',
            f'--pwfile={password_file}',
            '--auth=scram-sha-256',
            '--encoding=UTF8',
            '--locale=C.UTF-8',
            '--no-sync',
        ]
        if self.programs.version >= (14,):
            command.append('--no-instructions')
        if self.programs.version >= (17,):
            command.append('--locale-provider=builtin')
        return command

    def _checksums(self, wanted: bool) -> list[str]:
        if wanted:
            return ['--data-checksums']
        # They are the default since.
        off = self.programs.version >= (18,)
        return ['--no-data-checksums'] if off else []

    def sync(self) -> None:
        done = self.run(
            lambda _: [
                self.programs.program('initdb'),
                f'--pgdata={self.data_dir}',
                '--sync-only',
            ],
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='write the new database cluster to the disk',
                reason=done.stderr.strip()[-server_errors.TAIL:],
            )

    def start(
        self,
        timeout: float,
        states: Collection[str] = ('ready', 'standby'),
        **settings: str,
    ) -> None:
        """Start the server and wait until it accepts connections.

        :param timeout: seconds, including recovery
        :param states: of a server that accepts connections, in its words
        :param settings: that override all others
        :raises trove.common.exception.DatastoreError: it does not start
        """
        self.launch(
            self._command(settings), lambda: self._state() in states, timeout
        )

    def _state(self) -> str | None:
        # The eighth line is the state, since PostgreSQL 10. The file of the
        # previous server was removed.
        found = self.read_pid_file()
        return found[7].strip() if len(found) > 7 else None

    def _command(self, changed: Mapping[str, str]) -> list[str]:
        settings = {
            'data_directory': self.data_dir,
            'config_file': self._config_dir / config.MAIN,
            'hba_file': self._config_dir / config.HBA,
            'listen_addresses': self.endpoint.address or '*',
            'port': self.endpoint.port,
            'unix_socket_directories': '',
            **changed,
        }
        command = [
            self.programs.program('postgres'),
            '-D',
            os.fspath(self.data_dir),
        ]
        # Command line options override all files and ALTER SYSTEM.
        for name, value in settings.items():
            command += ['-c', f'{name}={value}']
        return command

    def reload(self) -> None:
        """Make a running server read its configuration again."""
        pid = self.pid()
        if pid is not None:
            processes.send(pid, signal.SIGHUP)

    def clear(self) -> None:
        """Wait until the processes of a killed server have exited.

        They hold its shared memory, and a new server must not access the
        files before they have exited. They exit as soon as they notice the
        death of their parent; a busy one needs a signal.
        """
        for number in (None, signal.SIGQUIT, signal.SIGKILL):
            orphans = processes.all_in(self.data_dir)
            if not orphans:
                break
            if number is not None:
                LOG.warning(
                    'Processes %s of a killed PostgreSQL do not exit; '
                    'sending %s',
                    orphans,
                    number.name,
                )
                for pid in orphans:
                    processes.send(pid, number)
            processes.wait_for(
                lambda: not processes.all_in(self.data_dir),
                _ORPHAN_TIMEOUT,
            )
        # Its process id may belong to another database by now, and then the
        # server would refuse to start.
        (self.data_dir / self.pid_file).unlink(missing_ok=True)

    def check(self, text: str) -> None:
        """Have PostgreSQL parse settings without using them.

        :param text: in the syntax of postgresql.conf
        :raises trove.common.exception.BadRequest: PostgreSQL rejects them
        """
        done = self.run(self._parsing, text)
        if done.returncode != 0:
            raise exception.BadRequest(
                server_errors.first_errors(done.stderr)
            )

    def check_start(self) -> None:
        """Have PostgreSQL parse its configuration files.

        :raises OSError: its log cannot be written, or it is not installed
        :raises trove.common.exception.DatastoreError: it would not start
        """
        # Checks write access only; starting the server truncates it.
        open(self.log_file, 'ab', opener=files.private).close()
        main = os.fspath(self._config_dir / config.MAIN)
        done = self.run(lambda _: self._parsing(main))
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='restart',
                reason=f'{server_errors.first_errors(done.stderr)} The '
                'database was not stopped.',
            )

    def _parsing(self, config_file: str) -> list[str]:
        """Return the command that parses a file of settings only."""
        return [
            self.programs.program('postgres'),
            '-D',
            os.fspath(self.data_dir),
            '-c',
            f'config_file={config_file}',
            '-C',
            'port',
        ]

    def start_error(self) -> str:
        log, said = self.log_file, ''
        if self.log_file.exists():
            with self.log_file.open('rb') as stream:
                said = files.tail(stream, server_errors.TAIL)
        errors = server_errors.of_last_start(said)
        # It writes to the other one as soon as it says so; with a high
        # log_min_messages it does not say so.
        if not errors and (_REDIRECTING in said or not said):
            latest, end = server_errors.last_log(self.data_dir / 'log')
            errors = server_errors.of_last_start(end)
            log = latest or log
        error = errors[-1] if errors else said.strip()[-500:]
        return f'{error or "it exited at once"} (log: {log})'
