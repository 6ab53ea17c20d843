# SPDX-License-Identifier: Apache-2.0
"""The process of a MySQL or MariaDB server."""

from __future__ import annotations

from collections.abc import Callable
import os
import pathlib
import signal
from typing import Any

from trove.common import exception
from trove.common import text as texts
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import programs as installed
from trove.guestagent.datastores import server
from trove.guestagent.datastores.mysql_common import config

#: The agent's own administrator, as in all releases.
ADMINISTRATOR = 'os_admin'
#: In the data directory, which only the server's user can change.
SOCKET = 'trove.sock'
LOG_FILE = 'mysqld.log'
#: Bytes that are read of the end of a log.
_TAIL = 8000
#: Timeout in seconds for a server that another agent has begun to start.
_STARTING_TIMEOUT = 30


class Server(server.Server):
    """A data directory with its MySQL or MariaDB on this machine.

    :param config_dir: the configuration files
    """

    pid_file = 'trove.pid'
    clean_signal = signal.SIGTERM
    # It has no shared memory, and no other processes.
    hard_signal = signal.SIGKILL

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
        #: Whether the administrator can connect; set by the driver.
        self.answers: Callable[[], bool] = lambda: False

    def sync(self) -> None:
        files.sync_tree(self.data_dir)

    def start(self, timeout: float, *options: str) -> None:
        """Start the server and wait until it accepts connections.

        :param timeout: seconds, including recovery
        :param options: of the command line, which override all others
        :raises trove.common.exception.DatastoreError: it does not start
        """
        self.launch([*self._command(), *options], self.answers, timeout)

    def clear(self) -> None:
        """Wait for a server that starts and has not written its pid file.

        The agent that started it may have died: two servers on the same
        data would wait for each other. A backup tool works there, too, and
        is not waited for.
        """
        processes.wait_for(
            lambda: self.pid() is not None
            or not any(
                map(processes.leads_session, processes.all_in(self.data_dir))
            ),
            _STARTING_TIMEOUT,
            interval=0.1,
        )
        if self.pid() is None:
            # It may be another's, who can write it, but not this server.
            (self.data_dir / self.pid_file).unlink(missing_ok=True)

    def options(self, **environment: str) -> dict[str, Any]:
        return super().options(
            UMASK='0600',
            UMASK_DIR='0700',
            TMPDIR=os.fspath(self._temporary()),
            **environment,
        )

    def _temporary(self) -> pathlib.Path:
        """Return a directory for the temporary tables of this server only.

        MariaDB begins with the removal of all that it finds there: it would
        take those of other servers in ``/tmp``.
        """
        path = self._config_dir.with_name(f'{self._config_dir.name}-tmp')
        path.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            self.account.own(path)
        return path

    def _command(self) -> list[str]:
        return [
            self._program(),
            f'--defaults-file={self._config_dir / config.MAIN}',
            # Command line options override all files.
            f'--datadir={self.data_dir}',
            f'--log-error={self.data_dir / LOG_FILE}',
            f'--pid-file={self.pid_file}',
            f'--socket={SOCKET}',
            f'--bind-address={self.endpoint.address or "*"}',
            f'--port={self.endpoint.port}',
        ]

    def _program(self) -> str:
        return self.programs.program(self.programs.kind.server)

    def check(self, text: str) -> None:
        """Have the server parse settings without using them.

        :param text: an option file
        :raises trove.common.exception.BadRequest: the server rejects one, or
            would change its value
        """
        done = self.run(self._validating, text)
        said = config.errors(done.stderr)
        if done.returncode != 0 or said:
            raise exception.BadRequest(
                texts.cut(
                    ' '.join(f'{each.rstrip(".")}.' for each in said), 1000
                )
                or f'{self.title} rejects these settings.'
            )

    def check_start(self) -> None:
        """Have the server parse its configuration files.

        :raises OSError: its log cannot be written, or it is not installed
        :raises trove.common.exception.DatastoreError: it would not start
        """
        # Checks write access only; starting the server truncates it.
        open(self.log_file, 'ab', opener=files.private).close()
        main = os.fspath(self._config_dir / config.MAIN)
        done = self.run(lambda _: self._validating(main))
        if done.returncode != 0:
            said = texts.cut('; '.join(config.errors(done.stderr)), 1000)
            raise exception.DatastoreError(
                action='restart',
                reason=f'{said or "it rejects its settings"}. The database '
                'was not stopped.',
            )

    def values(self) -> dict[str, str]:
        """Return the settings that the server would have if started now."""
        main = os.fspath(self._config_dir / config.MAIN)
        return config.read_help(self.run(lambda _: self._parsing(main)).stdout)

    def names(self) -> frozenset[str]:
        """Return the names of its settings."""
        return frozenset(config.read_help(self.run(self._parsing).stdout))

    def _parsing(self, config_file: str) -> list[str]:
        """Return the command that parses a file of settings only."""
        return [
            self._program(),
            f'--defaults-file={config_file}',
            '--verbose',
            '--help',
        ]

    def _validating(self, config_file: str) -> list[str]:
        """Return the command that fails, or says it, if they are wrong."""
        return self._parsing(config_file)

    def start_error(self) -> str:
        # Until it opens its own log, the server writes to the first.
        logs = [self.log_file, self.data_dir / LOG_FILE]
        for path in logs:
            try:
                with files.open_foreign(path) as stream:
                    text = files.tail(stream, _TAIL)
            except OSError:
                continue
            # Of the last start only.
            last = text.rpartition('starting as process')[2]
            said = config.errors(last)
            if said and '[ERROR]' in last:
                return f'{texts.cut("; ".join(said), 500)} (log: {path})'
        return f'it exited at once (log: {logs[-1]})'
