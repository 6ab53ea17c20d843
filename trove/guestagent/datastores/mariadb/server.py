# SPDX-License-Identifier: Apache-2.0
"""MariaDB on this machine: its programs and its data."""

from __future__ import annotations

import os
import pathlib
import re

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import templates
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
#: Of the program that makes a database.
_OPTIONS = (
    '--auth-root-authentication-method=socket',
    f'--auth-root-socket-user={server.ADMINISTRATOR}',
    '--skip-test-db',
    '--skip-name-resolve',
    # Made durable when it is whole.
    '--innodb-flush-method=nosync',
    '--innodb-log-file-size=16M',
)
_DIRECTORIES = ('/usr/sbin', '/usr/libexec', '/usr/local/sbin')


class Server(server.Server):
    """MariaDB 10.6 or later."""

    title = 'MariaDB'
    #: Of new databases, if they are copied.
    template: templates.Template | None = None

    def initialize(self, password: str) -> None:
        # Without a password of its own: it gets one at each start. So all
        # new ones are alike.
        template = self.template
        try:
            if template and template.fill(self.data_dir, self.account):
                return
        except OSError as error:
            raise exception.DatastoreError(
                action='copy a new database', reason=str(error)
            ) from error
        done = self.run(lambda _: self._install())
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='create a database',
                reason=(done.stderr or done.stdout).strip()[-2000:],
            )
        if template is not None:
            template.take(self.data_dir)

    def sync(self) -> None:
        super().sync()
        if self.template is not None:
            self.template.keep()

    def make_template(self, directory: pathlib.Path) -> None:
        """Have new databases copied from there, if others were made."""
        program = self.programs.program(KIND.server)
        found = os.stat(program)
        self.template = templates.Template(
            directory,
            program,
            f'{found.st_size} {found.st_mtime_ns}',
            *_OPTIONS,
        )

    def _install(self) -> list[str]:
        return [
            self.programs.program(KIND.maker),
            '--no-defaults',
            f'--basedir={self.programs.directory.parent}',
            f'--datadir={self.data_dir}',
            *_OPTIONS,
        ]


class Home(home.Home):
    kind = KIND
    server_class = Server
    directories = _DIRECTORIES

    def make_server(self, found: programs.Programs) -> server.Server:
        made = super().make_server(found)
        directory = self.conf.guestagent.templates_dir
        if directory and isinstance(made, Server):
            made.make_template(pathlib.Path(directory))
        return made


candidates = Home.candidates
