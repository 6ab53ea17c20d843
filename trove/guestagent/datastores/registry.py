# SPDX-License-Identifier: Apache-2.0
"""The registry of datastore drivers."""

from __future__ import annotations

from collections.abc import Callable
import importlib
from typing import Any

from oslo_config import cfg

from trove.common import datastores
from trove.common import drivers
from trove.guestagent.datastores import base

NAMESPACE = datastores.NAMESPACE


def _of(module: str, cls: str) -> Callable[[], type[base.Driver]]:
    """Return what imports a driver.

    An agent has one database, and needs no client library of another.
    """

    def find() -> type[base.Driver]:
        found = importlib.import_module(f'{__package__}.{module}')
        driver: type[base.Driver] = getattr(found, cls)
        return driver

    return find


#: What imports each, by name. Each is checked against the orders, see
#: trove/tests/unit/guestagent/test_orders.py.
DRIVERS: dict[str, Callable[[], type[base.Driver]]] = {
    'mariadb': _of('mariadb.driver', 'MariaDB'),
    'mysql': _of('mysql.driver', 'MySQL'),
    'postgresql': _of('postgresql.driver', 'PostgreSQL'),
}


def load(conf: cfg.ConfigOpts) -> base.Driver:
    """Return the driver that ``datastore_manager`` names.

    Other packages add drivers with an entry point of :data:`NAMESPACE`.

    :raises trove.common.exception.ConfigurationError: there is no such
        driver, or it cannot be loaded
    """
    name = conf.datastore_manager
    if name in DRIVERS:
        return DRIVERS[name]()(conf)
    found: Any = drivers.find(
        NAMESPACE,
        name or '',
        option='[DEFAULT] datastore_manager',
        parent=base.Driver,
        missing='no driver has this name. The task manager writes it into '
        'guest_info.conf from the manager of the datastore version; '
        f'available drivers: {", ".join(sorted(DRIVERS))}.',
    )
    loaded: base.Driver = found(conf)
    return loaded
