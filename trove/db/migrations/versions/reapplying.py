# SPDX-License-Identifier: Apache-2.0
"""Modules that are being reapplied."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '7b31e8d40c96'
down_revision = '7a1f5c94e2d8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'reapplied_modules',
        sa.Column('module_id', sa.String(64), primary_key=True),
        sa.Column('ordered_by', sa.String(36), nullable=False),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('md5', sa.String(32)),
        sa.Column('include_clustered', sa.Boolean(), nullable=False),
        sa.Column('batch_size', sa.Integer(), nullable=False),
        sa.Column('batch_delay', sa.Integer(), nullable=False),
        sa.Column('force', sa.Boolean(), nullable=False),
        sa.Column('after', sa.String(36), nullable=False),
        sa.Column('tried', sa.Integer(), nullable=False),
        sa.Column('failed', sa.Integer(), nullable=False),
        sa.Column('next', sa.DateTime(), nullable=False),
        if_not_exists=True,
    )
