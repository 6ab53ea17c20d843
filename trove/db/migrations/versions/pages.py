# SPDX-License-Identifier: Apache-2.0
"""Indexes for lists of instances in pages."""

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
        # MariaDB creates an index for a foreign key, PostgreSQL does not.
        'ix_instances_slave_of_id': ('slave_of_id',),
    },
    'instance_faults': {'ix_instance_faults_instance_id': ('instance_id',)},
}


def upgrade() -> None:
    # An interrupted run may have created some.
    inspector = sa.inspect(op.get_bind())
    for table, indexes in _INDEXES.items():
        known = {index['name'] for index in inspector.get_indexes(table)}
        for name, columns in indexes.items():
            if name not in known:
                op.create_index(name, table, list(columns))
