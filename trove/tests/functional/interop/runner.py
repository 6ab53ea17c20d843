# SPDX-License-Identifier: Apache-2.0
"""The backup runner of release 26, run by the Python of that release.

It expects to be in a container: the directory of the data and that of the
server's socket are the first two arguments, its own ones follow. Its source
tree is the current directory.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

sys.path.insert(0, '.')
directory, socket = sys.argv[1:3]
sys.argv[1:3] = []

main = importlib.import_module('backup.main')

# One of its options is read by an import.
main.CONF.register_cli_opts(main.cli_opts)
main.CONF(sys.argv[1:], project='trove-backup')
main.CONF.reset()

postgres = importlib.import_module('backup.drivers.postgres')
postgresql = importlib.import_module('backup.utils.postgresql')

postgresql.PostgresConnection.__init__.__defaults__ = ('', socket, 5432, None)


class Full(postgres.PgBasebackup):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, db_datadir=directory, **kwargs)


class Incremental(postgres.PgBasebackupIncremental):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, db_datadir=directory, **kwargs)


main.driver_mapping.update(
    pg_basebackup='__main__.Full', pg_basebackup_inc='__main__.Incremental'
)
main.main()
