# SPDX-License-Identifier: Apache-2.0
"""Since which version MySQL has what this driver would rather use.

As its reference manuals say; ``test_versions`` has what they say of all
statements and options that are used.
"""

from __future__ import annotations

from typing import Final

Version = tuple[int, ...]

#: ``caching_sha2_password``.
CACHING_SHA2: Final = (8, 0, 4)
#: ``persisted_globals_load`` and ``binlog_expire_logs_seconds``; statements on
#: accounts while a database is made; ``log_replica_updates`` by default.
MODERN: Final = (8, 0, 4)
#: ``mysqlx`` is part of the server.
MYSQLX: Final = (8, 0, 12)
#: ``--validate-config`` and ``ALTER INSTANCE RELOAD TLS``.
CHECKED: Final = (8, 0, 16)
#: The clone plugin.
CLONE: Final = (8, 0, 17)
#: ``CHANGE REPLICATION SOURCE TO``, and ``REPLICA`` instead of ``SLAVE``.
REPLICA: Final = (8, 0, 23)
