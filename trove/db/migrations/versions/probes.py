# SPDX-License-Identifier: Apache-2.0
"""Times of the probes of guests."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = 'c47e09b1d3a8'
down_revision = '5b7d20e6a4c3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'guest_probes',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('asked_at', sa.DateTime(), nullable=False),
        sa.Column('answered', sa.Boolean(), nullable=False),
        sa.Column('token', sa.String(32)),
        if_not_exists=True,
    )
