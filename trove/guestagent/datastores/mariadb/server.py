# SPDX-License-Identifier: Apache-2.0
"""MariaDB on this machine: its programs and its data."""

from __future__ import annotations

import re

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import home
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


class Home(home.Home):
    kind = KIND
    server_class = Server
    directories = _DIRECTORIES


candidates = Home.candidates
