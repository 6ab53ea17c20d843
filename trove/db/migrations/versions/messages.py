# SPDX-License-Identifier: Apache-2.0
"""Rejected messages, replay protection, and keys of guests."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

from trove.db.models import base

revision = 'd8e41b7c2f95'
down_revision = '0c6f3a9be4d1'
branch_labels = None
depends_on = None


_INDEXED = {
    'rpc_rejected': ('cause', 'instance_id', 'state'),
    'rpc_replays': ('expires',),
}


def upgrade() -> None:
    op.create_table(
        'rpc_rejected',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('interface', sa.String(32), nullable=False),
        sa.Column('peer', sa.String(36)),
        sa.Column('sender', sa.String(36)),
        sa.Column('instance_id', sa.String(36)),
        sa.Column('host', sa.String(255), nullable=False),
        sa.Column('method', sa.String(255), nullable=False),
        sa.Column('version', sa.String(16), nullable=False),
        sa.Column('kind', sa.String(8), nullable=False),
        sa.Column('cause', sa.String(16), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('request_id', sa.String(64)),
        sa.Column('project_id', sa.String(64)),
        sa.Column('user_id', sa.String(64)),
        sa.Column('arguments', base.MEDIUM_TEXT, nullable=False),
        sa.Column('sealed', base.MEDIUM_TEXT),
        sa.Column('task', base.MEDIUM_TEXT),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        'rpc_replays',
        sa.Column('id', sa.String(64), primary_key=True),
        sa.Column('expires', sa.BigInteger(), nullable=False),
        sa.Column('token', sa.String(32)),
        if_not_exists=True,
    )
    op.create_table(
        'instance_keys',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('next_key', sa.String(255)),
        sa.Column('previous_key', sa.String(255)),
        sa.Column('rotated_at', sa.DateTime()),
        if_not_exists=True,
    )
    _create_indexes()


def _create_indexes() -> None:
    # An interrupted run may have created some, and MySQL has no
    # CREATE INDEX IF NOT EXISTS.
    inspector = sa.inspect(op.get_bind())
    for table, columns in _INDEXED.items():
        known = {index['name'] for index in inspector.get_indexes(table)}
        for column in columns:
            name = f'ix_{table}_{column}'
            if name not in known:
                op.create_index(name, table, [column])
