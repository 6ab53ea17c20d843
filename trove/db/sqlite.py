# SPDX-License-Identifier: Apache-2.0
"""Connections to a file of SQLite.

oslo.db opens one for each transaction, prepares it with four statements, and
the last one that is closed removes the log of the database. That takes longer
than most transactions, so a few are kept here. There is no maximum: one that
waits for the write lock, for up to BUSY_TIMEOUT, has a connection meanwhile,
and readers need not wait for any lock.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import dialects
from sqlalchemy import engine

#: Timeout in seconds for a transaction to get the write lock.
BUSY_TIMEOUT = 30

#: Connections that are kept open.
_KEPT = 5

#: The name of :class:`Pooled` for SQLAlchemy.
_PLUGIN = 'trove.sqlite'


class Pooled(engine.CreateEnginePlugin):
    """Gives an engine the pool that oslo.db takes from it.

    With the options for its size, which therefore do not apply. A child
    process gets connections of its own: oslo.db checks for whom each was
    opened.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        # No ping before each use: there is no server that may be away.
        kwargs.update(
            poolclass=sa.QueuePool,
            pool_size=_KEPT,
            max_overflow=-1,
            pool_pre_ping=False,
        )

    def update_url(self, url: sa.URL) -> sa.URL:
        return url


dialects.plugins.register(_PLUGIN, __name__, Pooled.__name__)


def pooled(url: str | None) -> str | None:
    """Return the URL with which an engine pools its connections.

    :param url: of any database; only that of a file of SQLite is changed
    """
    parsed = sa.make_url(url) if url else None
    if parsed is None or parsed.get_backend_name() != 'sqlite':
        return url
    dialect: Any = parsed.get_dialect()
    if dialect.get_pool_class(parsed) is not sa.QueuePool:
        return url  # in memory
    return parsed.update_query_dict(
        {'plugin': _PLUGIN}, append=True
    ).render_as_string(hide_password=False)


def prepare(connection: Any, record: Any) -> None:
    """Prepare a new connection."""
    connection.execute(f'PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000}')
    # Otherwise readers and the writer wait for each other.
    connection.execute('PRAGMA journal_mode = WAL')


def begin_writing(connection: sa.Connection) -> None:
    """Lock the database for writing, in a transaction that has just begun.

    oslo.db begins a deferred one. Where that begins with a read and another
    one has written since, it fails with SQLITE_BUSY without a wait.
    """
    connection.exec_driver_sql('ROLLBACK')
    connection.exec_driver_sql('BEGIN IMMEDIATE')
