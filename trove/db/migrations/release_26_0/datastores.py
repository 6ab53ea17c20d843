# SPDX-License-Identifier: Apache-2.0
"""Datastores and configuration groups."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

_LONG_TEXT = (
    sa.Text(4294967295)
    .with_variant(sa.Text(), 'postgresql')
    .with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
)


def _datastores() -> None:
    op.create_table(
        'datastores',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(255), unique=True),
        sa.Column('default_version_id', sa.String(36)),
    )


def _datastore_versions() -> None:
    op.create_table(
        'datastore_versions',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'datastore_id', sa.String(36), sa.ForeignKey('datastores.id')
        ),
        sa.Column('name', sa.String(255)),
        sa.Column('image_id', sa.String(36)),
        sa.Column('packages', sa.String(511)),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('manager', sa.String(255)),
        sa.Column('image_tags', sa.String(255)),
        sa.Column('version', sa.String(255)),
        sa.Column('registry_ext', sa.Text(), nullable=False),
        sa.Column('repl_strategy', sa.Text(), nullable=False),
        sa.UniqueConstraint(
            'datastore_id', 'name', 'version', name='ds_versions'
        ),
    )


def _datastore_version_metadata() -> None:
    op.create_table(
        'datastore_version_metadata',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id', ondelete='CASCADE'),
        ),
        sa.Column('key', sa.String(128), nullable=False),
        sa.Column('value', sa.String(128)),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column('updated_at', sa.DateTime()),
        sa.UniqueConstraint(
            'datastore_version_id',
            'key',
            'value',
            name='UQ_datastore_version_metadata_'
            'datastore_version_id_key_value',
        ),
    )


def _datastore_configuration_parameters() -> None:
    op.create_table(
        'datastore_configuration_parameters',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(128), primary_key=True),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id'),
            primary_key=True,
        ),
        sa.Column('restart_required', sa.Boolean(), nullable=False),
        sa.Column('max_size', sa.String(40)),
        sa.Column('min_size', sa.String(40)),
        sa.Column('data_type', sa.String(128), nullable=False),
        sa.UniqueConstraint(
            'datastore_version_id',
            'name',
            name='UQ_datastore_configuration_parameters_'
            'datastore_version_id_name',
        ),
    )


def _capabilities() -> None:
    op.create_table(
        'capabilities',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(255), unique=True),
        sa.Column('description', sa.String(255), nullable=False),
        sa.Column('enabled', sa.Boolean()),
    )


def _capability_overrides() -> None:
    op.create_table(
        'capability_overrides',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id'),
        ),
        sa.Column(
            'capability_id', sa.String(36), sa.ForeignKey('capabilities.id')
        ),
        sa.Column('enabled', sa.Boolean()),
        sa.UniqueConstraint(
            'datastore_version_id',
            'capability_id',
            name='idx_datastore_capabilities_enabled',
        ),
    )


def _configurations() -> None:
    op.create_table(
        'configurations',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(64), nullable=False),
        sa.Column('description', sa.String(256)),
        sa.Column('tenant_id', sa.String(36), nullable=False),
        sa.Column('datastore_version_id', sa.String(36), nullable=False),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
    )


def _configuration_parameters() -> None:
    op.create_table(
        'configuration_parameters',
        sa.Column(
            'configuration_id',
            sa.String(36),
            sa.ForeignKey('configurations.id'),
            primary_key=True,
        ),
        sa.Column('configuration_key', sa.String(128), primary_key=True),
        sa.Column('configuration_value', sa.String(128)),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
    )


def _backups() -> None:
    op.create_table(
        'backups',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('description', sa.String(512)),
        sa.Column('location', sa.String(1024)),
        sa.Column('backup_type', sa.String(32)),
        sa.Column('size', sa.Float()),
        sa.Column('tenant_id', sa.String(36)),
        sa.Column('state', sa.String(32), nullable=False),
        sa.Column('instance_id', sa.String(36)),
        sa.Column('checksum', sa.String(32)),
        sa.Column('backup_timestamp', sa.DateTime()),
        sa.Column('deleted', sa.Boolean()),
        sa.Column('created', sa.DateTime()),
        sa.Column('updated', sa.DateTime()),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column('parent_id', sa.String(36)),
        sa.Column(
            'datastore_version_id',
            sa.String(36),
            sa.ForeignKey('datastore_versions.id', name='backups_ibfk_1'),
        ),
        sa.Column('storage_driver', sa.Text()),
    )
    op.create_index('backups_deleted', 'backups', ['deleted'])
    op.create_index('backups_instance_id', 'backups', ['instance_id'])


def _backup_strategy() -> None:
    op.create_table(
        'backup_strategy',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('tenant_id', sa.String(36), nullable=False),
        sa.Column('instance_id', sa.String(36), nullable=False),
        sa.Column('backend', sa.String(255), nullable=False),
        sa.Column('swift_container', sa.String(255)),
        sa.Column('created', sa.DateTime()),
        sa.UniqueConstraint(
            'tenant_id',
            'instance_id',
            name='UQ_backup_strategy_tenant_id_instance_id',
        ),
    )
    op.create_index(
        'backup_strategy_tenant_id_instance_id',
        'backup_strategy',
        ['tenant_id', 'instance_id'],
    )


def _modules() -> None:
    # Release 26.0 cannot make these columns NOT NULL on SQLite.
    loose = op.get_bind().dialect.name == 'sqlite'
    op.create_table(
        'modules',
        sa.Column('id', sa.String(64), primary_key=True),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('type', sa.String(255), nullable=False),
        sa.Column('contents', _LONG_TEXT, nullable=False),
        sa.Column('description', sa.String(255)),
        sa.Column('tenant_id', sa.String(64)),
        sa.Column('datastore_id', sa.String(64)),
        sa.Column('datastore_version_id', sa.String(64)),
        sa.Column('auto_apply', sa.Boolean(), nullable=False),
        sa.Column('visible', sa.Boolean(), nullable=False),
        sa.Column('live_update', sa.Boolean(), nullable=False),
        sa.Column('md5', sa.String(32), nullable=False),
        sa.Column('created', sa.DateTime(), nullable=False),
        sa.Column('updated', sa.DateTime(), nullable=False),
        sa.Column('deleted', sa.Boolean(), nullable=False),
        sa.Column('deleted_at', sa.DateTime()),
        sa.Column('priority_apply', sa.Boolean(), nullable=loose),
        sa.Column('apply_order', sa.Integer(), nullable=loose),
        sa.Column('is_admin', sa.Boolean(), nullable=loose),
        sa.UniqueConstraint(
            'type',
            'tenant_id',
            'datastore_id',
            'datastore_version_id',
            'name',
            'deleted_at',
            name='UQ_type_tenant_datastore_datastore_version_name',
        ),
    )


def create() -> None:
    _datastores()
    _datastore_versions()
    _datastore_version_metadata()
    _datastore_configuration_parameters()
    _capabilities()
    _capability_overrides()
    _configurations()
    _configuration_parameters()
    _backups()
    _backup_strategy()
    _modules()
