# SPDX-License-Identifier: Apache-2.0
"""MySQL on this machine: its programs and its data."""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
import re
from typing import Final

from oslo_config import cfg

from trove.common import exception
from trove.guestagent.datastores import home
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import server

KIND: Final = programs.Kind(
    title='MySQL',
    group='mysql',
    server='mysqld',
    maker='mysqld',
    # MariaDB may have a program of this name.
    version=re.compile(r'Ver (\d+)\.(\d+)\.(\d+)(?!\S*MariaDB)'),
    major=2,
    install='Install MySQL 8.0.23 or later',
)
_DIRECTORIES: Final = ('/usr/sbin', '/usr/libexec', '/usr/local/mysql/bin')
#: The directory of a package's default may not be there.
NO_FILES: Final = '--secure-file-priv=NULL'


class Server(server.Server):
    """MySQL 8.0 or later."""

    title = 'MySQL'

    def initialize(self, password: str) -> None:
        # The agent's account is made at each start.
        done = self.run(self._making, 'DROP USER root@localhost;\n')
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
            '--auto-generate-certs=OFF',
        ]

    def _validating(self, config_file: str) -> list[str]:
        return [
            self._program(),
            f'--defaults-file={config_file}',
            '--validate-config',
            NO_FILES,
            # With warnings: of values that it would change.
            '--log-error-verbosity=2',
        ]


class Home(home.Home[server.Server]):
    """Directories and programs of the database, and its creation.

    :param conf: uses the groups ``guestagent`` and ``mysql``
    """

    kind = KIND
    default_data_dir = '/var/lib/mysql/data'
    witness = 'ibdata1'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, conf.mysql.mysql_port)

    def make_server(self, found: programs.Programs) -> Server:
        return Server(
            found,
            self.data_dir,
            self.config_dir,
            self.log_file,
            self.endpoint,
            self.account,
        )

    def candidates(self) -> Iterator[pathlib.Path]:
        return candidates()

    def data_major(self) -> str | None:
        """Return None: any version can use the data of an older one."""
        return None


def candidates() -> Iterator[pathlib.Path]:
    """Yield directories that may have the programs, preferred first."""
    return (pathlib.Path(name) for name in _DIRECTORIES)
