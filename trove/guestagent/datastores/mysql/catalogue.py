# SPDX-License-Identifier: Apache-2.0
"""What a MySQL lists of its parameters."""

from __future__ import annotations

import pathlib
import tempfile

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import catalogue


def read(found: programs.Programs, account: accounts.Account | None) -> str:
    """Return the table ``variables_metadata``, with a header.

    Only a server with data has it, so these are made first: seconds.

    :param account: the user that runs it; None for the agent's own
    :raises trove.common.exception.DatastoreError: it does not, as those
        before MySQL 9
    """
    with tempfile.TemporaryDirectory(prefix='trove-') as name:
        listing = catalogue.Listing(pathlib.Path(name), account)
        init = listing.write_statements(
            'performance_schema.variables_metadata',
            mysql_settings.MYSQL_COLUMNS,
        )
        bare = [
            found.program(found.kind.server),
            '--no-defaults',
            f'--datadir={name}/data',
            f'--secure-file-priv={name}',
            '--innodb-flush-method=nosync',
            '--skip-log-bin',
            *catalogue.BARE,
        ]
        listing.run([*bare, '--initialize-insecure'])
        listing.run([*bare, f'--init-file={init}', '--mysqlx=OFF'])
        return listing.read()
