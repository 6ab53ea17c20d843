# SPDX-License-Identifier: Apache-2.0
"""Which parameters of an instance wait for a restart."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = 'a1d94e60b7c3'
down_revision = '8f2c61d5b0a7'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'pending_parameters',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(128), primary_key=True),
        if_not_exists=True,
    )
