# SPDX-License-Identifier: Apache-2.0
"""The process of a database server."""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import logging
import os
import pathlib
import signal
import subprocess
from typing import Any
from typing import ClassVar

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import programs as installed

LOG = logging.getLogger(__name__)

#: Timeout in seconds for a server to exit after the hard signal.
_HARD_TIMEOUT = 10


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Address and port of the server; ``address`` None is all addresses."""

    address: str | None
    port: int

    @property
    def host(self) -> str:
        """Return the address to connect to from this machine."""
        return self.address or '127.0.0.1'


class Server(abc.ABC):
    """A data directory with its database server on this machine.

    :param programs: the installation to run
    :param data_dir: the files of the database; the server works there
    :param log_file: for output before the server opens its own log
    :param account: the user that runs it; None for the agent's own
    """

    #: Its name in logs.
    title: ClassVar[str]
    #: In the data directory; the process id is its first line.
    pid_file: ClassVar[str]
    #: Disconnects all sessions and exits, with everything on the disk.
    clean_signal: ClassVar[signal.Signals]
    #: Exits at once; the server recovers at its next start.
    hard_signal: ClassVar[signal.Signals]

    def __init__(
        self,
        programs: installed.Programs,
        data_dir: pathlib.Path,
        log_file: pathlib.Path,
        endpoint: Endpoint,
        account: accounts.Account | None,
    ) -> None:
        self.programs = programs
        self.data_dir = data_dir
        self.endpoint = endpoint
        self.log_file = log_file
        self.account = account
        self._started: int | None = None

    @abc.abstractmethod
    def initialize(self, password: str) -> None:
        """Create an empty database in the empty data directory.

        It is durable after :meth:`sync` only.

        :param password: of the administrator; passed in memory, not in a
            file or on the command line
        """

    @abc.abstractmethod
    def sync(self) -> None:
        """Wait until all files of the database are on the disk.

        :raises trove.common.exception.DatastoreError: they are not
        """

    @abc.abstractmethod
    def start(self, timeout: float) -> None:
        """Start the server and wait until it accepts connections.

        :param timeout: seconds, including recovery
        :raises trove.common.exception.DatastoreError: it does not start
        """

    @abc.abstractmethod
    def start_error(self) -> str:
        """Return the error of a server that did not start."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Wait until what is left of a killed server has exited."""

    def pid(self) -> int | None:
        """Return the process id of the server of our data, or None."""
        started = self._started
        if started is not None and processes.is_child(started):
            return started
        try:
            pid = int(self.read_pid_file()[0])
        except (IndexError, ValueError):
            return None
        return pid if processes.works_in(pid, self.data_dir) else None

    def read_pid_file(self) -> list[str]:
        try:
            text = files.read_foreign(self.data_dir / self.pid_file)
        except FileNotFoundError:
            return []
        return text.split('\n')

    def launch(
        self,
        command: list[str],
        is_open: Callable[[], bool],
        timeout: float,
    ) -> None:
        """Run the server, unless it runs, and wait until it is open.

        The server survives the agent, as it leads a session of its own.

        :param is_open: whether a server that runs accepts connections
        :param timeout: seconds, including recovery
        :raises trove.common.exception.DatastoreError: it does not start
        """
        if self.pid() is None:
            self.clear()
        if self.pid() is None:
            self._spawn(command)
        if not processes.wait_for(
            lambda: self.pid() is None or is_open(), timeout
        ):
            raise exception.DatastoreError(
                action='start',
                reason=f'it does not accept connections after {timeout} s. '
                'If it recovers from a crash, wait and restart the '
                'instance, or raise the option [guestagent] start_timeout.',
            )
        if self.pid() is None:
            raise exception.DatastoreError(
                action='start', reason=self.start_error()
            )

    def _spawn(self, command: list[str]) -> None:
        with open(self.log_file, 'wb', opener=files.private) as log:
            self._started = processes.spawn(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self.options(),
            )
        LOG.info(
            'Started %s %s as process %d on %s:%d',
            self.title,
            self.programs.text,
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
            # The server would read variables of the agent's environment.
            'env': {
                'LC_ALL': 'C.UTF-8',
                'PATH': '/usr/bin:/bin',
                'HOME': os.fspath(self.data_dir),
                **environment,
            },
        }
        if self.account is not None:
            options |= self.account.process_options()
        return options

    def run(
        self, command: Callable[[str], list[str]], text: str = ''
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

        That is all processes of its user, as long as a program has it: what
        the server itself must not know is given :meth:`once`.

        :returns: its handle, to be passed on and read from /proc/self/fd
        """
        handle = os.memfd_create('input', 0)
        try:
            # MariaDB ignores a file that everybody may write.
            os.fchmod(handle, 0o600)
            os.write(handle, text.encode())
            os.lseek(handle, 0, os.SEEK_SET)
            if self.account is not None:
                os.fchown(handle, self.account.uid, self.account.gid)
            yield handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def once(self, text: str) -> Iterator[int]:
        """Give a program a file that is empty when it was read.

        :param text: fits into a pipe
        :returns: its handle, to be passed on and read from /proc/self/fd
        """
        handle, writer = os.pipe()
        try:
            with open(writer, 'wb') as stream:
                stream.write(text.encode())
            if self.account is not None:
                os.fchown(handle, self.account.uid, self.account.gid)
            yield handle
        finally:
            os.close(handle)

    def stop(self, timeout: float) -> None:
        """Disconnect all sessions, write everything to the disk, and exit.

        :param timeout: seconds; after them the server is killed, and
            recovers at its next start
        :raises trove.common.exception.DatastoreError: even that fails
        """
        pid = self.pid()
        if pid is None:
            return
        processes.send(pid, self.clean_signal)
        if not processes.wait_gone(pid, timeout):
            LOG.warning(
                '%s (process %d) did not stop within %s s; killing it, it '
                'will recover at its next start',
                self.title,
                pid,
                timeout,
            )
            processes.send(pid, self.hard_signal)
            if not processes.wait_gone(pid, _HARD_TIMEOUT):
                raise exception.DatastoreError(
                    action='stop',
                    reason=f'process {pid} does not exit. The server may '
                    'be waiting for a disk; check its system log.',
                )
