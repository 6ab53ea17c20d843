# SPDX-License-Identifier: Apache-2.0
"""Executed by alembic; trove.db.migration passes the connection."""

from __future__ import annotations

from alembic import context

from trove.db import models

context.configure(
    connection=context.config.attributes['connection'],
    target_metadata=models.Base.metadata,
    # SQLite rolls back the creation of tables, but alembic assumes not.
    transactional_ddl=context.config.attributes['transactional'],
)
with context.begin_transaction():
    context.run_migrations()
