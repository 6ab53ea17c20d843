# SPDX-License-Identifier: Apache-2.0
"""Options of the database: those of oslo.db, one default changed."""

from __future__ import annotations

from oslo_config import cfg
from oslo_db import options


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(options.database_opts, 'database')
    # Fail at once and connect at the next request instead of holding up
    # every request for 100 seconds while the database is away.
    conf.set_default('max_retries', 0, 'database')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Nothing: oslo.db lists its options itself, as ``oslo.db``."""
    return []
