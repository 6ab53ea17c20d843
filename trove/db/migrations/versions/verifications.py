# SPDX-License-Identifier: Apache-2.0
"""Backups that are verified, and when schedules were applied last."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '7a1f5c94e2d8'
down_revision = 'c20f6a8d73e5'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'backup_verifications',
        sa.Column('backup_id', sa.String(36), primary_key=True),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('reason', sa.String(1024)),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('changed', sa.DateTime(), nullable=False),
        if_not_exists=True,
    )
    known = {
        each['name']
        for each in sa.inspect(op.get_bind()).get_columns('backup_schedules')
    }
    for column in (
        sa.Column('verify', sa.Boolean()),
        sa.Column('retained', sa.DateTime()),
    ):
        if column.name not in known:
            op.add_column('backup_schedules', column)
