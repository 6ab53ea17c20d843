# SPDX-License-Identifier: Apache-2.0
"""What a MariaDB lists of its parameters."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
from typing import Final

from trove.common import exception
from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import programs

#: Timeout in seconds for a bare server to start and to exit again.
_TIMEOUT: Final = 60
_FILE: Final = 'catalogue'
_TAIL: Final = 500
#: Bytes that are read at most.
_LONGEST: Final = 1 << 20


def read(found: programs.Programs, account: accounts.Account | None) -> str:
    """Return the table ``SYSTEM_VARIABLES``, with a header.

    A bare server writes it, without data, and exits.

    :param account: the user that runs it; None for the agent's own
    :raises trove.common.exception.DatastoreError: it does not
    """
    with tempfile.TemporaryDirectory(prefix='trove-') as name:
        directory = pathlib.Path(name)
        init = directory / 'init.sql'
        init.write_text(_statements(directory))
        if account is not None:
            account.own(directory)
            account.own(init)
        try:
            done = subprocess.run(
                _command(found, directory, init),
                capture_output=True,
                text=True,
                errors='replace',
                cwd='/',
                env={'LC_ALL': 'C.UTF-8', 'PATH': '/usr/bin:/bin'},
                timeout=_TIMEOUT,
                **(account.process_options() if account else {}),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(str(error)) from error
        try:
            return files.read_foreign(directory / _FILE, _LONGEST)
        except FileNotFoundError:
            raise _failed(done.stderr.strip()[-_TAIL:]) from None


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(
        action='list its parameters', reason=reason
    )


def _statements(directory: pathlib.Path) -> str:
    columns = mysql_settings.COLUMNS
    names = ', '.join(f"'{name}'" for name in columns)
    return (
        f'SELECT {names} UNION ALL SELECT {", ".join(columns)} '
        'FROM information_schema.SYSTEM_VARIABLES '
        f"INTO OUTFILE '{directory / _FILE}';\n"
        'SHUTDOWN;\n'
    )


def _command(
    found: programs.Programs, directory: pathlib.Path, init: pathlib.Path
) -> list[str]:
    return [
        found.program(found.kind.server),
        '--no-defaults',
        f'--datadir={directory}',
        f'--init-file={init}',
        '--skip-grant-tables',
        '--skip-networking',
        '--socket=socket',
        '--pid-file=pid',
        '--innodb-buffer-pool-size=8M',
        '--innodb-log-file-size=4M',
        '--innodb-flush-method=nosync',
    ]
