# SPDX-License-Identifier: Apache-2.0
"""MariaDB by hand: a server with rows, its backup, and another made of that.

The options are those of the guest agent where they matter: what a backup is
compressed with. All else is the default of the programs, which are run as the
same user.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any

import pymysql

from benchmarks import create_instance
from trove.tests.fixtures import ports
from trove.tests.fixtures import waiting

_USER = 'nobody'
_TEXT = ', '.join(f"MD5(CONCAT(seq, '.{each}'))" for each in range(1, 31))
#: Some 250 MB, of which gzip leaves the half.
_FILL = f"""
CREATE TABLE filler (i INT PRIMARY KEY, text VARCHAR(960) CHARSET latin1)
SELECT seq AS i, CONCAT({_TEXT}) AS text FROM seq_1_to_220000
"""


def fill(database: str = 'filler', **login: Any) -> None:
    """Create a database with these rows."""
    with pymysql.connect(autocommit=True, **login) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE IF NOT EXISTS {database}')
            cursor.execute(f'USE {database}')
            cursor.execute(_FILL)


class Bare:
    """A server by hand, with its own defaults."""

    def __init__(self) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='by-hand-'))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.directory, _USER)
            self._user = {'user': _USER}
        self._stored = self.directory / 'backup.xbstream.gz'

    def _run(self, command: str, **variables: str) -> None:
        """Run a command of a shell; all parts of a pipe must succeed."""
        subprocess.run(
            ['bash', '-c', f'set -e -o pipefail; {command}'],
            check=True,
            cwd=self.directory,
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )

    @contextlib.contextmanager
    def _started(self, data: str) -> Iterator[str]:
        """Run a server; return its port."""
        port = str(ports.free_port())
        server = subprocess.Popen(
            ['mariadbd', '--no-defaults', f'--datadir={self.directory}/{data}']
            + [f'--port={port}', f'--socket={self.directory}/{data}.socket']
            + ['--bind-address=127.0.0.1'],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.directory,
            **self._user,
        )
        try:
            waiting.until(
                lambda: create_instance.accepts(port, 'mariadb'),
                'the server accepts',
                120,
                0.02,
            )
            yield port
        finally:
            server.terminate()
            server.wait(60)

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Run the server with the rows; remove all at the end."""
        try:
            self._run(
                'mariadb-install-db --no-defaults --datadir="$PWD/data" '
                '--skip-test-db --auth-root-authentication-method=normal'
            )
            with self._started('data') as port:
                fill(host='127.0.0.1', port=int(port), user='root')
                yield
        finally:
            shutil.rmtree(self.directory)

    def backup(self) -> float:
        """Seconds of ``mariadb-backup`` into a file."""
        start = time.perf_counter()
        self._run(
            'mariadb-backup --no-defaults --backup --stream=xbstream '
            '--user=root --socket="$PWD/data.socket" --datadir="$PWD/data" '
            '| gzip --fast >"$STORED"',
            STORED=str(self._stored),
        )
        return time.perf_counter() - start

    def restore(self) -> float:
        """Seconds until a server accepts that was made of it."""
        data = self.directory / 'restored'
        start = time.perf_counter()
        self._run(
            'mkdir -m 700 restored; '
            'gzip -dc "$STORED" | mbstream --extract --directory=restored; '
            'mariadb-backup --no-defaults --prepare --target-dir=restored',
            STORED=str(self._stored),
        )
        with self._started('restored'):
            seconds = time.perf_counter() - start
        shutil.rmtree(data)
        return seconds
