# SPDX-License-Identifier: Apache-2.0
"""Services, the jobs of task managers and the addresses of instances."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0c6f3a9be4d1'
down_revision = '95418fe2a1c8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'services',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('binary', sa.String(64), nullable=False),
        sa.Column('host', sa.String(255), nullable=False),
        sa.Column('rpc_versions', sa.Text(), nullable=False),
        sa.Column('release', sa.String(64)),
        sa.Column('started_at', sa.DateTime(), nullable=False),
        sa.Column('last_report', sa.DateTime(), nullable=False),
        sa.UniqueConstraint(
            'binary', 'host', name='uniq_services0binary0host'
        ),
        if_not_exists=True,
    )
    op.create_table(
        'instance_addresses',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('address', sa.String(64), primary_key=True),
        sa.Column('type', sa.String(16), nullable=False),
        sa.Column('network', sa.String(36)),
        if_not_exists=True,
    )
    op.create_table(
        'workflows',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('action', sa.String(64), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('step', sa.String(64)),
        sa.Column('owner', sa.String(255)),
        sa.Column('request_id', sa.String(64)),
        sa.Column('started', sa.DateTime()),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('details', sa.Text()),
        if_not_exists=True,
    )
