# SPDX-License-Identifier: Apache-2.0
"""MariaDB on this machine: its programs and its data."""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
import re

from oslo_config import cfg

from trove.common import exception
from trove.guestagent.datastores import home
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import server

KIND = programs.Kind(
    title='MariaDB',
    group='mariadb',
    server='mariadbd',
    maker='mariadb-install-db',
    version=re.compile(r'Ver (\d+)\.(\d+)\.(\d+)-MariaDB'),
    major=2,
    install='Install the package mariadb-server',
)
_DIRECTORIES = ('/usr/sbin', '/usr/libexec', '/usr/local/sbin')


class Server(server.Server):
    """MariaDB 10.6 or later."""

    title = 'MariaDB'

    def initialize(self, password: str) -> None:
        # Without a password of its own: it gets one at each start.
        done = self.run(lambda _: self._install())
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='create a database',
                reason=(done.stderr or done.stdout).strip()[-2000:],
            )

    def _install(self) -> list[str]:
        return [
            self.programs.program(KIND.maker),
            '--no-defaults',
            f'--basedir={self.programs.directory.parent}',
            f'--datadir={self.data_dir}',
            '--auth-root-authentication-method=socket',
            f'--auth-root-socket-user={server.ADMINISTRATOR}',
            '--skip-test-db',
            '--skip-name-resolve',
            # Made durable when it is whole.
            '--innodb-flush-method=nosync',
            '--innodb-log-file-size=16M',
        ]


class Home(home.Home[server.Server]):
    """Directories and programs of the database, and its creation.

    :param conf: uses the groups ``guestagent`` and ``mariadb``
    """

    kind = KIND
    default_data_dir = '/var/lib/mysql/data'
    witness = 'ibdata1'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, conf.mariadb.mariadb_port)

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
