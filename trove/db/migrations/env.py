# SPDX-License-Identifier: Apache-2.0
"""Run by alembic; trove.db.migration hands in the connection."""

from __future__ import annotations

from alembic import context

from trove.db import models

context.configure(
    connection=context.config.attributes['connection'],
    target_metadata=models.Base.metadata,
    # SQLite can undo the creation of tables, which alembic does not expect.
    transactional_ddl=context.config.attributes['transactional'],
)
with context.begin_transaction():
    context.run_migrations()
