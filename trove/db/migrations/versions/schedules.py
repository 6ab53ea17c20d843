# SPDX-License-Identifier: Apache-2.0
"""Backups that are made by themselves."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = 'c20f6a8d73e5'
down_revision = '5e9c07d2b148'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'backup_schedules',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('tenant_id', sa.String(36), nullable=False),
        sa.Column('storage_driver', sa.String(255), nullable=False),
        sa.Column('container', sa.String(255), nullable=False),
        sa.Column('interval', sa.Integer(), nullable=False),
        sa.Column('full_every', sa.Integer(), nullable=False),
        sa.Column('keep', sa.Integer()),
        sa.Column('keep_days', sa.Integer()),
        sa.Column('next', sa.DateTime(), nullable=False),
        sa.Column('made', sa.Integer(), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        'scheduled_backups',
        sa.Column('backup_id', sa.String(36), primary_key=True),
        if_not_exists=True,
    )
