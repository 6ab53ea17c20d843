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


WAITS: list[cfg.Opt] = [
    cfg.IntOpt(
        'lock_timeout',
        default=10,
        min=1,
        help='Seconds to wait for a row that another transaction holds. Then '
        'a request is answered with 503, and nothing of it is done.',
    ),
    cfg.IntOpt(
        'statement_timeout',
        default=30,
        min=1,
        help='Seconds that one statement may take. Five seconds later the '
        'connection to a server that says nothing is given up. With MySQL '
        'the server itself limits only what reads.',
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
