# SPDX-License-Identifier: Apache-2.0
"""Database options: those of oslo.db with a few other defaults."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg
from oslo_db import options

#: Default maximum of database connections per process. A process opens as
#: many as it uses concurrently, at most one per thread. Transactions take
#: milliseconds, mostly under the GIL, so more connections would not make a
#: process faster.
CONNECTIONS: Final = 10


WAITS: list[cfg.Opt] = [
    cfg.IntOpt(
        'lock_timeout',
        default=10,
        min=1,
        help='Timeout in seconds to wait for a row that another transaction '
        'has locked. After that the request is answered with 503 and changes '
        'nothing.',
    ),
    cfg.IntOpt(
        'statement_timeout',
        default=30,
        min=1,
        help='Timeout in seconds of one statement. The connection to a server '
        'that does not respond is closed five seconds later. MySQL enforces '
        'the timeout for reads only.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(options.database_opts, 'database')
    conf.register_opts(WAITS, 'database')
    # Fail at once and connect at the next request instead of holding up
    # every request for 100 seconds while the database is away.
    conf.set_default('max_retries', 0, 'database')
    # oslo.db's own, 5 and 50, let two processes use up a PostgreSQL.
    conf.set_default('max_pool_size', CONNECTIONS, 'database')
    conf.set_default('max_overflow', 0, 'database')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Only ours: oslo.db lists its options itself, as ``oslo.db``."""
    return [('database', WAITS)]
