# SPDX-License-Identifier: Apache-2.0
"""The registry of datastore drivers."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from trove.common import datastores
from trove.common import drivers
from trove.guestagent.datastores import base
from trove.guestagent.datastores.mariadb import driver as mariadb
from trove.guestagent.datastores.mysql import driver as mysql
from trove.guestagent.datastores.postgresql import driver as postgresql

NAMESPACE = datastores.NAMESPACE

#: By name. Each is checked against the orders, see
#: trove/tests/unit/guestagent/test_orders.py.
DRIVERS: dict[str, type[base.Driver]] = {
    mariadb.MariaDB.name: mariadb.MariaDB,
    mysql.MySQL.name: mysql.MySQL,
    postgresql.PostgreSQL.name: postgresql.PostgreSQL,
}


def load(conf: cfg.ConfigOpts) -> base.Driver:
    """Return the driver that ``datastore_manager`` names.

    Other packages add drivers with an entry point of :data:`NAMESPACE`.

    :raises trove.common.exception.ConfigurationError: there is no such
        driver, or it cannot be loaded
    """
    name = conf.datastore_manager
    if name in DRIVERS:
        return DRIVERS[name](conf)
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
