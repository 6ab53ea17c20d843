# SPDX-License-Identifier: Apache-2.0
"""The database cluster on the disk, as PostgreSQL calls it.

Import nothing heavy here, see :mod:`trove.guestagent.datastores.home`.
"""

from __future__ import annotations

from collections.abc import Iterator
import pathlib

from oslo_config import cfg

from trove.guestagent.datastores import files
from trove.guestagent.datastores import home
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import server as servers


class Cluster(home.Home[servers.Server]):
    """Directories and programs of the cluster, and its creation.

    :param conf: uses the groups ``guestagent`` and ``postgresql``
    """

    kind = binaries.KIND
    # As in released guests, whose volumes are taken over.
    default_data_dir = '/var/lib/postgresql/data/pgdata'
    witness = 'PG_VERSION'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, conf.postgresql.postgresql_port)

    def make_server(
        self, found: programs.Programs, data_dir: pathlib.Path | None = None
    ) -> servers.Server:
        return servers.Server(
            found,
            data_dir or self.data_dir,
            self.config_dir,
            self.log_file,
            self.endpoint,
            self.account,
        )

    def find_beside(self, version: str) -> programs.Programs:
        """Find the programs of a version, whatever the data are of.

        :raises trove.common.exception.TroveError: there are none
        """
        return self._search(version, None)

    def candidates(self) -> Iterator[pathlib.Path]:
        return binaries.candidates()

    def data_major(self) -> str | None:
        try:
            text = files.read_foreign(self.data_dir / self.witness)
            return str(int(text.split('.')[0]))
        except (FileNotFoundError, ValueError):
            return None
