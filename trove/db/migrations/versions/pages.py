# SPDX-License-Identifier: Apache-2.0
"""Indexes that a page of instances is read from."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '8f2c61d5b0a7'
down_revision = 'c47e09b1d3a8'
branch_labels = None
depends_on = None

_INDEXES: dict[str, dict[str, tuple[str, ...]]] = {
    'instances': {
        'ix_instances_page': ('deleted', 'created', 'id'),
        'ix_instances_project_page': ('tenant_id', 'deleted', 'created', 'id'),
        # MariaDB has one for a foreign key by itself, PostgreSQL none.
        'ix_instances_slave_of_id': ('slave_of_id',),
    },
    'instance_faults': {'ix_instance_faults_instance_id': ('instance_id',)},
}


def upgrade() -> None:
    # One that an interrupted run has made is there already.
    inspector = sa.inspect(op.get_bind())
    for table, indexes in _INDEXES.items():
        known = {index['name'] for index in inspector.get_indexes(table)}
        for name, columns in indexes.items():
            if name not in known:
                op.create_index(name, table, list(columns))
