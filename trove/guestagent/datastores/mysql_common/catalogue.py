# SPDX-License-Identifier: Apache-2.0
"""What a MySQL or MariaDB lists of its parameters.

A server without networking writes the list into a file, and exits.
"""

from __future__ import annotations

from collections.abc import Sequence
import pathlib
import subprocess
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files

#: Timeout in seconds for a bare server to start and to exit again.
_TIMEOUT: Final = 60
_FILE: Final = 'catalogue'
_INIT: Final = 'init.sql'
_TAIL: Final = 500
#: Bytes that are read at most.
_LONGEST: Final = 1 << 20

#: Options of a server that only does this.
BARE: Final = (
    '--skip-networking',
    '--socket=socket',
    '--pid-file=pid',
    '--innodb-buffer-pool-size=8M',
)


class Listing:
    """A directory in which a server writes its list.

    :param account: the user that runs it; None for the agent's own
    """

    def __init__(
        self, directory: pathlib.Path, account: accounts.Account | None
    ) -> None:
        self.directory = directory
        self._account = account
        self._said = ''
        if account is not None:
            account.own(directory)

    def write_statements(self, table: str, columns: Sequence[str]) -> str:
        """Write the file for ``--init-file``, and return its path."""
        names = ', '.join(f"'{name}'" for name in columns)
        path = self.directory / _INIT
        path.write_text(
            f'SELECT {names} UNION ALL SELECT {", ".join(columns)} '
            f"FROM {table} INTO OUTFILE '{self.directory / _FILE}';\n"
            'SHUTDOWN;\n'
        )
        if self._account is not None:
            self._account.own(path)
        return str(path)

    def run(self, command: list[str]) -> None:
        """Run the server until it exits.

        :raises trove.common.exception.DatastoreError: it does not
        """
        account = self._account
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors='replace',
                cwd='/',
                env={
                    'LC_ALL': 'C.UTF-8',
                    'PATH': '/usr/bin:/bin',
                    # It would remove temporary tables of others.
                    'TMPDIR': str(self.directory),
                },
                timeout=_TIMEOUT,
                **(account.process_options() if account else {}),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(str(error)) from error
        self._said = done.stderr.strip()[-_TAIL:]

    def read(self) -> str:
        """Return what it wrote.

        :raises trove.common.exception.DatastoreError: nothing
        """
        try:
            return files.read_foreign(self.directory / _FILE, _LONGEST)
        except FileNotFoundError:
            raise _failed(self._said) from None


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(
        action='list its parameters', reason=reason
    )
