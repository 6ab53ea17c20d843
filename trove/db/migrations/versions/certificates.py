# SPDX-License-Identifier: Apache-2.0
"""When the certificates of instances expire."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '4d0e9a71c5b2'
down_revision = '7b31e8d40c96'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'instance_certificates',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('expires', sa.DateTime(), nullable=False),
        if_not_exists=True,
    )
