# SPDX-License-Identifier: Apache-2.0
"""The process of the PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import logging
import os
import pathlib
import signal
import subprocess
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import processes
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import server_errors

LOG = logging.getLogger(__name__)

#: Name of the server's own superuser, which the agent uses.
SUPERUSER = 'postgres'
#: Timeout in seconds for the processes of a killed server to exit.
_ORPHAN_TIMEOUT = 5.0


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Address and port of the server; ``address`` None is all addresses."""

    address: str | None
    port: int

    @property
    def host(self) -> str:
        """Return the address to connect to from this machine."""
        return self.address or '127.0.0.1'


class Server:
    """A database cluster with its server on this machine.

    :param programs: the PostgreSQL to run
    :param data_dir: the cluster's files
    :param config_dir: the configuration files
    :param log_file: for output before the server opens its own log
    :param account: the user that runs it; None for the agent's own
    """

    def __init__(
        self,
        programs: binaries.Binaries,
        data_dir: pathlib.Path,
        config_dir: pathlib.Path,
        log_file: pathlib.Path,
        endpoint: Endpoint,
        account: accounts.Account | None,
    ) -> None:
        self.programs = programs
        self.data_dir = data_dir
        self.endpoint = endpoint
        self._config_dir = config_dir
        self._log_file = log_file
        self._account = account
        self._started: int | None = None

    def initialize(self, password: str) -> None:
        """Create an empty cluster in the empty data directory.

        It is durable after :meth:`sync` only.

        :param password: of the superuser; passed in memory, not in a file
            or on the command line
        """
        done = self._run(self._initdb, f'{password}\n')
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='create a database cluster',
                reason=done.stderr.strip()[-server_errors.TAIL:],
            )

    def _run(
        self, command: Callable[[str], list[str]], text: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program with a file that no other process can open.

        :param command: returns the command for the path of the file
        """
        with self.secret(text) as handle:
            return subprocess.run(
                command(f'/proc/self/fd/{handle}'),
                pass_fds=[handle],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors='replace',
                **self.options(),
            )

    @contextlib.contextmanager
    def secret(self, text: str) -> Iterator[int]:
        """Give programs of the server a file that only they can see.

        :returns: its handle, to be passed on and read from /proc/self/fd
        """
        handle = os.memfd_create('input', 0)
        try:
            os.fchmod(handle, 0o600)
            os.write(handle, text.encode())
            os.lseek(handle, 0, os.SEEK_SET)
            if self._account is not None:
                os.fchown(handle, self._account.uid, self._account.gid)
            yield handle
        finally:
            os.close(handle)

    def _initdb(self, password_file: str) -> list[str]:
        command = [
            self.programs.program('initdb'),
            f'--pgdata={self.data_dir}',
            f'--username={SUPERUSER}',
            f'--pwfile={password_file}',
            '--auth=scram-sha-256',
            '--encoding=UTF8',
            '--locale=C.UTF-8',
            '--data-checksums',
            '--no-sync',
        ]
        if self.programs.major >= 14:
            command.append('--no-instructions')
        if self.programs.major >= 17:
            command.append('--locale-provider=builtin')
        return command

    def sync(self) -> None:
        """Wait until all files of the cluster are on the disk.

        :raises trove.common.exception.DatastoreError: they are not
        """
        done = self._run(
            lambda _: [
                self.programs.program('initdb'),
                f'--pgdata={self.data_dir}',
                '--sync-only',
            ],
            '',
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='write the new database cluster to the disk',
                reason=done.stderr.strip()[-server_errors.TAIL:],
            )

    def pid(self) -> int | None:
        """Return the process id of the server of our data, or None."""
        started = self._started
        if started is not None and processes.is_child(started):
            return started
        try:
            pid = int(self._pid_file()[0])
        except (IndexError, ValueError):
            return None
        return pid if processes.works_in(pid, self.data_dir) else None

    def _pid_file(self) -> list[str]:
        try:
            text = files.read_foreign(self.data_dir / 'postmaster.pid')
        except FileNotFoundError:
            return []
        return text.split('\n')

    def start(
        self,
        timeout: float,
        states: Collection[str] = ('ready', 'standby'),
        **settings: str,
    ) -> None:
        """Start the server and wait until it accepts connections.

        The server survives the agent, as it leads a session of its own.

        :param timeout: seconds, including recovery
        :param states: of a server that accepts connections, in its words
        :param settings: that override all others
        :raises trove.common.exception.DatastoreError: it does not start
        """
        if self.pid() is None:
            self._clear_orphans()
            self._spawn(settings)
        if not processes.wait_for(lambda: self._settled(states), timeout):
            raise exception.DatastoreError(
                action='start',
                reason=f'it does not accept connections after {timeout} s. '
                'If it recovers from a crash, wait and restart the '
                'instance, or raise the option [guestagent] start_timeout.',
            )
        if self.pid() is None:
            raise exception.DatastoreError(
                action='start', reason=self._start_error()
            )

    def _settled(self, states: Collection[str]) -> bool:
        """Return whether the server is ready, or has exited."""
        if self.pid() is None:
            return True
        # The eighth line is the state, since PostgreSQL 10. The file of the
        # previous server was removed.
        found = self._pid_file()
        return len(found) > 7 and found[7].strip() in states

    def _spawn(self, changed: Mapping[str, str]) -> None:
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
        with open(self._log_file, 'wb', opener=files.private) as log:
            self._started = processes.spawn(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self.options(),
            )
        LOG.info(
            'Started PostgreSQL %d.%d as process %d on %s:%d',
            *self.programs.version,
            self._started,
            self.endpoint.address or '*',
            self.endpoint.port,
        )

    def options(self, **environment: str) -> dict[str, Any]:
        """How programs of the server are run, for subprocess.Popen.

        :param environment: variables besides those that all of them have
        """
        options: dict[str, Any] = {
            'cwd': '/',
            'umask': 0o077,
            # The server would read PG* variables of the agent's environment.
            'env': {
                'LC_ALL': 'C.UTF-8',
                'PATH': '/usr/bin:/bin',
                'HOME': os.fspath(self.data_dir),
                **environment,
            },
        }
        if self._account is not None:
            options |= self._account.process_options()
        return options

    def stop(self, timeout: float) -> None:
        """Disconnect all sessions, write a checkpoint, and exit.

        :param timeout: seconds; after them the server is stopped without a
            checkpoint, and recovers at its next start
        :raises trove.common.exception.DatastoreError: even that fails
        """
        pid = self.pid()
        if pid is None:
            return
        processes.send(pid, signal.SIGINT)
        if not processes.wait_gone(pid, timeout):
            LOG.warning(
                'PostgreSQL (process %d) did not stop within %s s; stopping '
                'it without a checkpoint, it will recover at its next start',
                pid,
                timeout,
            )
            processes.send(pid, signal.SIGQUIT)
            if not processes.wait_gone(pid, 10):
                raise exception.DatastoreError(
                    action='stop',
                    reason=f'process {pid} does not exit. The server may '
                    'be waiting for a disk; check its system log.',
                )

    def reload(self) -> None:
        """Make a running server read its configuration again."""
        pid = self.pid()
        if pid is not None:
            processes.send(pid, signal.SIGHUP)

    def _clear_orphans(self) -> None:
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
        (self.data_dir / 'postmaster.pid').unlink(missing_ok=True)

    def check(self, text: str) -> None:
        """Have PostgreSQL parse settings without using them.

        :param text: in the syntax of postgresql.conf
        :raises trove.common.exception.BadRequest: PostgreSQL rejects them
        """
        done = self._run(
            lambda path: [
                self.programs.program('postgres'),
                '-D',
                os.fspath(self.data_dir),
                '-c',
                f'config_file={path}',
                '-C',
                'port',
            ],
            text,
        )
        if done.returncode != 0:
            raise exception.BadRequest(
                reason=server_errors.first_errors(done.stderr)
            )

    def check_start(self) -> None:
        """Have PostgreSQL parse its configuration files.

        :raises OSError: its log cannot be written, or it is not installed
        :raises trove.common.exception.DatastoreError: it would not start
        """
        # Checks write access only; starting the server truncates it.
        open(self._log_file, 'ab', opener=files.private).close()
        done = self._run(
            lambda _: [
                self.programs.program('postgres'),
                '-D',
                os.fspath(self.data_dir),
                '-c',
                f'config_file={self._config_dir / config.MAIN}',
                '-C',
                'port',
            ],
            '',
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='restart',
                reason=f'{server_errors.first_errors(done.stderr)} The '
                'database was not stopped.',
            )

    def _start_error(self) -> str:
        """Return the error of a server that did not start."""
        texts = ['']
        if self._log_file.exists():
            with self._log_file.open('rb') as stream:
                texts = [server_errors.tail(stream)]
        latest, end = server_errors.last_log(self.data_dir / 'log')
        texts.append(end)
        lines = [
            line
            for line in '\n'.join(texts).splitlines()
            if 'FATAL:' in line or 'ERROR:' in line or 'PANIC:' in line
        ]
        error = lines[-1] if lines else texts[0].strip()[-500:]
        log = latest or self._log_file
        return f'{error or "it exited at once"} (log: {log})'
