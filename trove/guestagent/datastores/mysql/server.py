# SPDX-License-Identifier: Apache-2.0
"""MySQL on this machine: its programs and its data."""

from __future__ import annotations

import re
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql import versions
from trove.guestagent.datastores.mysql_common import home
from trove.guestagent.datastores.mysql_common import server

KIND: Final = programs.Kind(
    title='MySQL',
    group='mysql',
    server='mysqld',
    maker='mysqld',
    # MariaDB may have a program of this name.
    version=re.compile(r'Ver (\d+)\.(\d+)\.(\d+)(?!\S*MariaDB)'),
    major=2,
    install='Install MySQL 8.0 or later',
)
_DIRECTORIES: Final = ('/usr/sbin', '/usr/libexec', '/usr/local/mysql/bin')
#: The directory of a package's default may not be there.
NO_FILES: Final = '--secure-file-priv=NULL'


class Server(server.Server):
    """MySQL 5.7, 8.0 or later."""

    title = 'MySQL'

    def initialize(self, password: str) -> None:
        # The agent's account is made at each start.
        statement = 'DROP USER root@localhost;\n'
        if self.programs.version < versions.MODERN:
            # It has no statements on accounts yet.
            statement = "DELETE FROM mysql.user WHERE User = 'root';\n"
        done = self.run(self._making, statement)
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='create a database',
                reason=(done.stderr or done.stdout).strip()[-2000:],
            )

    def _making(self, statements: str) -> list[str]:
        return [
            self._program(),
            '--no-defaults',
            '--initialize-insecure',
            f'--datadir={self.data_dir}',
            f'--init-file={statements}',
            NO_FILES,
            # Made durable when it is whole.
            '--innodb-flush-method=nosync',
            '--loose-innodb-redo-log-capacity=32M',
            '--skip-log-bin',
            # The agent makes one that names the address.
            '--loose-auto-generate-certs=OFF',
        ]

    def _parsing(self, config_file: str) -> list[str]:
        # MySQL 5.7 looks at the directory even then.
        return [*super()._parsing(config_file), NO_FILES]

    def _validating(self, config_file: str) -> list[str]:
        if self.programs.version < versions.CHECKED:
            return super()._validating(config_file)
        return [
            self._program(),
            f'--defaults-file={config_file}',
            '--validate-config',
            NO_FILES,
            # With warnings: of values that it would change.
            '--log-error-verbosity=2',
        ]


class Home(home.Home):
    kind = KIND
    server_class = Server
    directories = _DIRECTORIES


candidates = Home.candidates
