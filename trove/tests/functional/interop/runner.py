# SPDX-License-Identifier: Apache-2.0
"""The backup runner of release 26, run by the Python of that release.

It expects to be in a container. The first two arguments are the directory of
the data and another one: of the socket of a PostgreSQL, or for the files of a
MariaDB; its own ones follow. Its source tree is the current directory.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import types
from typing import Any

sys.path.insert(0, '.')
directory, other = sys.argv[1:3]
sys.argv[1:3] = []

main = importlib.import_module('backup.main')

# One of its options is read by an import.
main.CONF.register_cli_opts(main.cli_opts)
main.CONF(sys.argv[1:], project='trove-backup')
main.CONF.reset()

mariadb = importlib.import_module('backup.drivers.mariabackup')
mysql = importlib.import_module('backup.drivers.mysql_base')
postgres = importlib.import_module('backup.drivers.postgres')
postgresql = importlib.import_module('backup.utils.postgresql')

postgresql.PostgresConnection.__init__.__defaults__ = ('', other, 5432, None)
# What is in a directory of the container elsewhere.
mariadb.MariaBackup.prepare_cmd = mariadb.MariaBackup.prepare_cmd.replace(
    mariadb.DEFAULTS_FILE, '/dev/null'
)
mariadb.MariaBackupIncremental.incremental_prep = (
    mariadb.MariaBackupIncremental.incremental_prep.replace(
        mariadb.DEFAULTS_FILE, '/dev/null'
    )
)
mariadb.DEFAULTS_FILE = '/dev/null'
mysql.os = types.SimpleNamespace(
    makedirs=os.makedirs,
    path=types.SimpleNamespace(
        join=lambda _, name: os.path.join(other, name)
    ),
)


def here(runner: Any) -> Any:
    """Return a runner whose data are in the directory."""
    return functools.partial(runner, db_datadir=directory)


FULL = here(postgres.PgBasebackup)
INCREMENTAL = here(postgres.PgBasebackupIncremental)
MARIADB_FULL = here(mariadb.MariaBackup)
MARIADB_INCREMENTAL = here(mariadb.MariaBackupIncremental)

main.driver_mapping = {
    'pg_basebackup': '__main__.FULL',
    'pg_basebackup_inc': '__main__.INCREMENTAL',
    'mariabackup': '__main__.MARIADB_FULL',
    'mariabackup_inc': '__main__.MARIADB_INCREMENTAL',
}
main.main()
