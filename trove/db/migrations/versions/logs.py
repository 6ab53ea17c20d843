# SPDX-License-Identifier: Apache-2.0
"""Archived logs of changes, from which a time can be restored."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '5e9c07d2b148'
down_revision = 'e60b3d81f5a4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'log_archives',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('tenant_id', sa.String(36), nullable=False),
        sa.Column('wanted', sa.Boolean(), nullable=False),
        sa.Column('series', sa.Integer(), nullable=False),
        sa.Column('checked', sa.DateTime()),
        sa.Column('ordered', sa.DateTime()),
        sa.Column('expires', sa.Float()),
        if_not_exists=True,
    )
    op.create_table(
        'log_series',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column(
            'series', sa.Integer(), primary_key=True, autoincrement=False
        ),
        sa.Column('storage_driver', sa.String(255), nullable=False),
        sa.Column('container', sa.String(255), nullable=False),
        sa.Column('first', sa.Integer(), nullable=False),
        sa.Column('last', sa.Integer(), nullable=False),
        sa.Column('latest', sa.String(32)),
        if_not_exists=True,
    )
    op.create_table(
        'backup_logs',
        sa.Column('backup_id', sa.String(36), primary_key=True),
        sa.Column('series', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('complete', sa.String(32), nullable=False),
        if_not_exists=True,
    )
