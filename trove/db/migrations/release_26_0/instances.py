# SPDX-License-Identifier: Apache-2.0
"""Instances and what belongs to them."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

_MEDIUM_TEXT = sa.Text(65535).with_variant(sa.Text(), 'postgresql')


def _clusters() -> None:
    op.create_table(
        'clusters',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('task_id', sa.Integer(), nullable=False),
        sa.Column('tenant_id', sa.String(36), nullable=False),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id', name='clusters_ibfk_1'),
            nullable=False,
        ),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column(
            'configuration_id',
            sa.String(36),
            sa.ForeignKey('configurations.id', name='clusters_ibfk_2'),
        ),
    )
    op.create_index('clusters_deleted', 'clusters', ['deleted'])
    op.create_index('clusters_tenant_id', 'clusters', ['tenant_id'])


def _instances() -> None:
    op.create_table(
        'instances',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('name', sa.String(255)),
        sa.Column('hostname', sa.String(255)),
        sa.Column('compute_instance_id', sa.String(36)),
        sa.Column('task_id', sa.Integer()),
        sa.Column('task_description', sa.String(255)),
        sa.Column('task_start_time', sa.DateTime()),
        sa.Column('volume_id', sa.String(36)),
        sa.Column('flavor_id', sa.String(255)),
        sa.Column('volume_size', sa.Integer()),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('server_status', sa.String(64)),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id', name='instances_ibfk_1'),
        ),
        sa.Column(
            'configuration_id',
            sa.String(36),
            sa.ForeignKey('configurations.id', name='instances_ibfk_2'),
        ),
        sa.Column(
            'slave_of_id',
            sa.String(36),
            sa.ForeignKey('instances.id', name='instances_ibfk_3'),
        ),
        sa.Column(
            'cluster_id',
            sa.String(36),
            sa.ForeignKey('clusters.id', name='instances_ibfk_4'),
        ),
        sa.Column('shard_id', sa.String(36)),
        sa.Column('type', sa.String(64)),
        sa.Column('region_id', sa.String(255)),
        sa.Column('encrypted_key', sa.String(255)),
        sa.Column('access', sa.Text()),
        sa.Column('ssl_mode', sa.String(16)),
        sa.Column('ssl_ref', sa.Text()),
    )
    op.create_index('instances_cluster_id', 'instances', ['cluster_id'])
    op.create_index('instances_deleted', 'instances', ['deleted'])
    op.create_index('instances_tenant_id', 'instances', ['tenant_id'])


def _instance_faults() -> None:
    op.create_table(
        'instance_faults',
        sa.Column('id', sa.String(64), primary_key=True),
        sa.Column(
            'instance_id',
            sa.String(64),
            sa.ForeignKey(
                'instances.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
            nullable=False,
        ),
        sa.Column('message', sa.String(255), nullable=False),
        sa.Column('details', _MEDIUM_TEXT, nullable=False),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _instance_modules() -> None:
    op.create_table(
        'instance_modules',
        sa.Column('id', sa.String(64), primary_key=True),
        sa.Column(
            'instance_id',
            sa.String(64),
            sa.ForeignKey(
                'instances.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
            nullable=False,
        ),
        sa.Column(
            'module_id',
            sa.String(64),
            sa.ForeignKey(
                'modules.id', ondelete='CASCADE', onupdate='CASCADE'
            ),
            nullable=False,
        ),
        sa.Column('md5', sa.String(32), nullable=False),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _service_statuses() -> None:
    op.create_table(
        'service_statuses',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('instance_id', sa.String(36), nullable=False),
        sa.Column('status_id', sa.Integer(), nullable=False),
        sa.Column('status_description', sa.String(64), nullable=False),
        sa.Column('updated_at', sa.DateTime()),
    )
    op.create_index(
        'service_statuses_instance_id', 'service_statuses', ['instance_id']
    )


def _agent_heartbeats() -> None:
    op.create_table(
        'agent_heartbeats',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'instance_id',
            sa.String(36),
            index=True,
            unique=True,
            nullable=False,
        ),
        sa.Column('guest_agent_version', sa.String(255), index=True),
        sa.Column('deleted', sa.Boolean(), index=True),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column('updated_at', sa.DateTime(), nullable=False),
    )


def _conductor_lastseen() -> None:
    op.create_table(
        'conductor_lastseen',
        sa.Column('instance_id', sa.String(36), primary_key=True),
        sa.Column('method_name', sa.String(36), primary_key=True),
        sa.Column('sent', sa.Float(precision=32)),
    )


def _root_enabled_history() -> None:
    op.create_table(
        'root_enabled_history',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('user', sa.String(255)),
        sa.Column('created', sa.DateTime()),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _quotas() -> None:
    op.create_table(
        'quotas',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('resource', sa.String(255), nullable=False),
        sa.Column('hard_limit', sa.Integer()),
        sa.UniqueConstraint('tenant_id', 'resource'),
    )


def _quota_usages() -> None:
    op.create_table(
        'quota_usages',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('in_use', sa.Integer()),
        sa.Column('reserved', sa.Integer()),
        sa.Column('resource', sa.String(255), nullable=False),
        sa.UniqueConstraint('tenant_id', 'resource'),
    )


def _reservations() -> None:
    op.create_table(
        'reservations',
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('usage_id', sa.String(36)),
        sa.Column('delta', sa.Integer(), nullable=False),
        sa.Column('status', sa.String(36)),
    )


def create() -> None:
    _clusters()
    _instances()
    _instance_faults()
    _instance_modules()
    _service_statuses()
    _agent_heartbeats()
    _conductor_lastseen()
    _root_enabled_history()
    _quotas()
    _quota_usages()
    _reservations()
