# SPDX-License-Identifier: Apache-2.0
"""Which guests are known to seal, and what operators allow."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '5b7d20e6a4c3'
down_revision = 'd8e41b7c2f95'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'instance_sealing',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('proven_at', sa.DateTime()),
        sa.Column('allowed', sa.Boolean(), nullable=False),
        sa.Column('held', sa.Boolean(), nullable=False),
        sa.Column('allowed_at', sa.DateTime()),
        sa.Column('allowed_by', sa.String(255)),
        sa.Column('reason', sa.Text()),
        sa.Column('ended_at', sa.DateTime()),
        sa.Column('ended_by', sa.String(255)),
        if_not_exists=True,
    )
