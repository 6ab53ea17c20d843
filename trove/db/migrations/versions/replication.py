# SPDX-License-Identifier: Apache-2.0
"""How replicas follow their primary, by their heartbeats."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = 'e60b3d81f5a4'
down_revision = 'a1d94e60b7c3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'replication_states',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('follows', sa.Boolean(), nullable=False),
        sa.Column('lag', sa.Float()),
        sa.Column('errant', sa.String(255)),
        sa.Column('error', sa.String(255)),
        sa.Column('updated_at', sa.DateTime(), nullable=False),
        if_not_exists=True,
    )
