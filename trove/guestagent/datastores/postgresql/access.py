# SPDX-License-Identifier: Apache-2.0
"""Has a running server read its configuration, and waits for it."""

from __future__ import annotations

from typing import Any
from typing import Final

from trove.guestagent.datastores import processes
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import connection as connections

_ACTION: Final = 'read its configuration'
_LOADED: Final = 'SELECT pg_conf_load_time()'
_RELOAD: Final = 'SELECT pg_conf_load_time(), pg_reload_conf()'
#: Seconds for the server to read its configuration.
_TIMEOUT: Final = 10


def let_in(
    cluster: clusters.Cluster, connector: connections.Connector
) -> None:
    """Have a server that an older agent started let in who may connect."""
    if config.update_hba(cluster.config_dir, cluster.account):
        reload(connector)


def reload(connector: connections.Connector) -> None:
    """Have the server read its files, and wait until it has."""
    with connector.open(_ACTION) as connection:
        row = connection.execute(_RELOAD).fetchone()
        before = row[0] if row else None
    processes.wait_for(lambda: _loaded(connector) > before, _TIMEOUT)


def _loaded(connector: connections.Connector) -> Any:
    """When the configuration was read that a new session has."""
    with connector.open(_ACTION) as connection:
        row = connection.execute(_LOADED).fetchone()
    return row[0] if row else None
