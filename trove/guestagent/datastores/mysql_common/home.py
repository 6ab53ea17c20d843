# SPDX-License-Identifier: Apache-2.0
"""Directories of MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
from typing import ClassVar

from oslo_config import cfg

from trove.guestagent.datastores import home
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql_common import server


class Home(home.Home[server.Server]):
    """Directories and programs of the database, and its creation.

    :param conf: uses the groups ``guestagent`` and that of the kind
    """

    default_data_dir = '/var/lib/mysql/data'
    witness = 'ibdata1'
    server_class: ClassVar[type[server.Server]]
    #: Directories that may have the programs, preferred first.
    directories: ClassVar[tuple[str, ...]]

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        group = self.kind.group
        super().__init__(conf, conf[group][f'{group}_port'])

    def make_server(self, found: programs.Programs) -> server.Server:
        return self.server_class(
            found,
            self.data_dir,
            self.config_dir,
            self.log_file,
            self.endpoint,
            self.account,
        )

    @classmethod
    def candidates(cls) -> Iterator[pathlib.Path]:
        return (pathlib.Path(name) for name in cls.directories)

    def data_major(self) -> str | None:
        """Return None: any version can use the data of an older one."""
        return None
