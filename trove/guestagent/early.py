# SPDX-License-Identifier: Apache-2.0
"""Starts to create the database before the agent is loaded.

Creating an empty database takes about as long as loading the agent, the first
report to the control plane and the order to prepare; so it runs in parallel.
Import nothing heavy here.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import importlib
import threading
from typing import Any

from oslo_config import cfg

from trove.guestagent.datastores import home as homes


def _home(module: str, cls: str, conf: cfg.ConfigOpts) -> homes.Home[Any]:
    # Not imported above: the others take their time as well.
    found = importlib.import_module(f'{homes.__package__}.{module}')
    home: homes.Home[Any] = getattr(found, cls)(conf)
    return home


_HOMES: dict[str, Callable[[cfg.ConfigOpts], homes.Home[Any]]] = {
    'mariadb': functools.partial(_home, 'mariadb.server', 'Home'),
    'mysql': functools.partial(_home, 'mysql.server', 'Home'),
    'postgresql': functools.partial(_home, 'postgresql.cluster', 'Cluster'),
}


def begin(conf: cfg.ConfigOpts) -> threading.Thread | None:
    """Create the database in a thread, if the options allow it.

    Safe if it exists already, or is being created.
    """
    find = _HOMES.get(conf.datastore_manager)
    options = conf.guestagent
    if find is None or options.restored or not options.initialize_early:
        return None
    # Not in the thread: it would wait for the modules that this one loads.
    home = homes.find_ahead(find, conf)
    if home is None:
        return None
    thread = threading.Thread(
        target=homes.make_ahead, args=(home,), name='early', daemon=True
    )
    thread.start()
    return thread
