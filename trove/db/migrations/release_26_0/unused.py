# SPDX-License-Identifier: Apache-2.0
"""Tables that exist only to keep their rows."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


def _security_groups() -> None:
    op.create_table(
        'security_groups',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(255)),
        sa.Column('description', sa.String(255)),
        sa.Column('user', sa.String(255)),
        sa.Column('tenant_id', sa.String(255)),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _security_group_rules() -> None:
    op.create_table(
        'security_group_rules',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'group_id',
            sa.String(36),
            sa.ForeignKey(
                'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
        ),
        sa.Column(
            'parent_group_id',
            sa.String(36),
            sa.ForeignKey(
                'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
        ),
        sa.Column('protocol', sa.String(255)),
        sa.Column('from_port', sa.Integer()),
        sa.Column('to_port', sa.Integer()),
        sa.Column('cidr', sa.String(255)),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _security_group_instance_associations() -> None:
    op.create_table(
        'security_group_instance_associations',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'security_group_id',
            sa.String(36),
            sa.ForeignKey(
                'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
        ),
        sa.Column(
            'instance_id',
            sa.String(36),
            sa.ForeignKey(
                'instances.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
        ),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _dns_records() -> None:
    op.create_table(
        'dns_records',
        sa.Column('name', sa.String(255), primary_key=True),
        sa.Column('record_id', sa.String(64)),
    )


def _service_images() -> None:
    op.create_table(
        'service_images',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('service_name', sa.String(255)),
        sa.Column('image_id', sa.String(255)),
    )


def _usage_events() -> None:
    op.create_table(
        'usage_events',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('instance_name', sa.String(36)),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('nova_instance_id', sa.String(36)),
        sa.Column('instance_size', sa.Integer()),
        sa.Column('nova_volume_id', sa.String(36)),
        sa.Column('volume_size', sa.Integer()),
        sa.Column('end_time', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
    )


def create() -> None:
    _security_groups()
    _security_group_rules()
    _security_group_instance_associations()
    _dns_records()
    _service_images()
    _usage_events()
