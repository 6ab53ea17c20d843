# SPDX-License-Identifier: Apache-2.0
"""The MySQL driver: what differs from MariaDB."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores.mysql import passwords
from trove.guestagent.datastores.mysql import server as servers
from trove.guestagent.datastores.mysql_common import driver

#: The agent's statements are not in the general log, and none waits long for
#: a lock.
_SESSION = (
    'sql_log_off = 1, lock_wait_timeout = 30, max_execution_time = 120000'
)


class MySQL(driver.MySQLDriver):
    """MySQL 8.0 or later.

    :param conf: uses the groups ``guestagent`` and ``mysql``; nothing is
        changed or searched for before the first operation
    """

    name = 'mysql'
    reload_tls = 'ALTER INSTANCE RELOAD TLS'
    settings = mysql_settings.MySQL()

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, servers.Home(conf), _SESSION)

    def identified(self, password: str) -> str:
        return passwords.identified(password)

    def own_settings(self) -> dict[str, Any]:
        return {
            'gtid_mode': 'ON',
            'enforce_gtid_consistency': 'ON',
            # A second port, which nobody would secure.
            'mysqlx': 'OFF',
            # Else SET PERSIST would override all of these files.
            'persisted_globals_load': False,
            'secure_file_priv': 'NULL',
        }
