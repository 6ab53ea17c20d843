# SPDX-License-Identifier: Apache-2.0
"""The MariaDB driver: what differs from MySQL."""

from __future__ import annotations

import hashlib
from typing import Any

from oslo_config import cfg

from trove.guestagent.datastores.mariadb import server as servers
from trove.guestagent.datastores.mysql_common import driver

#: The agent's statements are in no log of the server, and none waits long for
#: a lock.
_SESSION = (
    'sql_log_off = 1, slow_query_log = 0, lock_wait_timeout = 30, '
    'max_statement_time = 120'
)


class MariaDB(driver.MySQLDriver):
    """MariaDB 10.6 or later.

    :param conf: uses the groups ``guestagent`` and ``mariadb``; nothing is
        changed or searched for before the first operation
    """

    name = 'mariadb'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, servers.Home(conf), _SESSION)

    def identified(self, password: str) -> str:
        once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
        twice = hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
        return f"IDENTIFIED VIA mysql_native_password USING '*{twice}'"

    def own_settings(self) -> dict[str, Any]:
        return {
            'gtid_strict_mode': True,
            # The volume may have been mounted here.
            'ignore_db_dirs': 'lost+found',
        }
