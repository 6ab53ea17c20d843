# SPDX-License-Identifier: Apache-2.0
"""Starts to create the database before the agent is loaded.

Creating an empty database takes about as long as loading the agent, the first
report to the control plane and the order to prepare; so it runs in parallel.
Import nothing heavy here.
"""

from __future__ import annotations

import threading
from typing import Any

from oslo_config import cfg

from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores.mariadb import server as mariadb
from trove.guestagent.datastores.mysql import server as mysql
from trove.guestagent.datastores.postgresql import cluster as postgresql

_HOMES: dict[str, type[homes.Home[Any]]] = {
    'mariadb': mariadb.Home,
    'mysql': mysql.Home,
    'postgresql': postgresql.Cluster,
}


def begin(conf: cfg.ConfigOpts) -> threading.Thread | None:
    """Create the database in a thread, if the options allow it.

    Safe if it exists already, or is being created.
    """
    home = _HOMES.get(conf.datastore_manager)
    if home is None or not conf.guestagent.initialize_early:
        return None
    thread = threading.Thread(
        target=homes.make_ahead, args=(home, conf), name='early', daemon=True
    )
    thread.start()
    return thread
