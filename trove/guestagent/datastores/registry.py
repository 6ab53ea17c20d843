# SPDX-License-Identifier: Apache-2.0
"""Which driver runs which datastore."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg
from stevedore import driver as stevedore
from stevedore import exception as stevedore_exception

from trove.common import exception
from trove.guestagent.datastores import base
from trove.guestagent.datastores.postgresql import driver as postgresql

NAMESPACE = 'trove.guestagent.datastores'

#: By name. Each is checked against the orders, see
#: trove/tests/unit/guestagent/test_orders.py.
DRIVERS: dict[str, type[base.Driver]] = {
    postgresql.PostgreSQL.name: postgresql.PostgreSQL,
}


def load(conf: cfg.ConfigOpts) -> base.Driver:
    """Return the driver that ``datastore_manager`` names.

    Another package adds one with an entry point of :data:`NAMESPACE`.

    :raises trove.common.exception.ConfigurationError: nobody has it
    """
    name = conf.datastore_manager
    if name in DRIVERS:
        return DRIVERS[name](conf)
    try:
        found: Any = stevedore.DriverManager(NAMESPACE, name or '').driver
    except stevedore_exception.NoMatches:
        raise exception.ConfigurationError(
            option='[DEFAULT] datastore_manager',
            value=name or '',
            remedy='no driver has this name. The task manager writes it into '
            'guest_info.conf from the manager of the datastore version; '
            f'known here: {", ".join(sorted(DRIVERS))}.',
        ) from None
    loaded: base.Driver = found(conf)
    return loaded
