# SPDX-License-Identifier: Apache-2.0
"""Options of the database: those of oslo.db, a few defaults changed."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg
from oslo_db import options

#: Connections that a process opens, at most, unless the operator says
#: otherwise. It opens as many as it has needed at once: no more than it has
#: threads. Transactions take milliseconds, much of them in Python, which does
#: one thing at a time: more connections would not make a process quicker.
CONNECTIONS: Final = 10


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(options.database_opts, 'database')
    # Fail at once and connect at the next request instead of holding up
    # every request for 100 seconds while the database is away.
    conf.set_default('max_retries', 0, 'database')
    # oslo.db's own, 5 and 50, let two processes use up a PostgreSQL.
    conf.set_default('max_pool_size', CONNECTIONS, 'database')
    conf.set_default('max_overflow', 0, 'database')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Nothing: oslo.db lists its options itself, as ``oslo.db``."""
    return []
