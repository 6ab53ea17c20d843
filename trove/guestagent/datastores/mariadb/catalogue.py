# SPDX-License-Identifier: Apache-2.0
"""What a MariaDB lists of its parameters."""

from __future__ import annotations

import pathlib
import tempfile

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import catalogue


def read(found: programs.Programs, account: accounts.Account | None) -> str:
    """Return the table ``SYSTEM_VARIABLES``, with a header.

    A server without data knows it.

    :param account: the user that runs it; None for the agent's own
    :raises trove.common.exception.DatastoreError: it does not
    """
    with tempfile.TemporaryDirectory(prefix='trove-') as name:
        listing = catalogue.Listing(pathlib.Path(name), account)
        init = listing.write_statements(
            'information_schema.SYSTEM_VARIABLES', mysql_settings.COLUMNS
        )
        listing.run(
            [
                found.program(found.kind.server),
                '--no-defaults',
                f'--datadir={name}',
                f'--init-file={init}',
                '--skip-grant-tables',
                *catalogue.BARE,
                '--innodb-log-file-size=4M',
                '--innodb-flush-method=nosync',
            ]
        )
        return listing.read()
