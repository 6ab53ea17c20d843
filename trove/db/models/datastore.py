# SPDX-License-Identifier: Apache-2.0
"""Tables of datastores, their versions and capabilities."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Datastore(base.Base):
    """A kind of database server, for instance PostgreSQL."""

    __tablename__ = 'datastores'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(255), unique=True
    )
    default_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36)
    )


class DatastoreVersion(base.Base):
    """One installable version of a datastore."""

    __tablename__ = 'datastore_versions'
    __table_args__ = (
        sa.UniqueConstraint(
            'datastore_id', 'name', 'version', name='ds_versions'
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    datastore_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('datastores.id')
    )
    name: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    image_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    packages: orm.Mapped[str | None] = orm.mapped_column(sa.String(511))
    active: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    manager: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    image_tags: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    version: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    registry_ext: orm.Mapped[str] = orm.mapped_column(sa.Text(), default='')
    repl_strategy: orm.Mapped[str] = orm.mapped_column(sa.Text(), default='')


class DatastoreVersionMetadata(base.Base):
    """A flavor or volume type tied to a datastore version."""

    __tablename__ = 'datastore_version_metadata'
    __table_args__ = (
        sa.UniqueConstraint(
            'datastore_version_id',
            'key',
            'value',
            name='UQ_datastore_version_metadata_'
            'datastore_version_id_key_value',
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    datastore_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('datastore_versions.id', ondelete='CASCADE'),
    )
    key: orm.Mapped[str] = orm.mapped_column(sa.String(128))
    value: orm.Mapped[str | None] = orm.mapped_column(sa.String(128))
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    deleted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    updated_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class DatastoreConfigurationParameter(base.Base):
    """Type and range of a parameter of a datastore version."""

    __tablename__ = 'datastore_configuration_parameters'
    __table_args__ = (
        sa.UniqueConstraint(
            'datastore_version_id',
            'name',
            name='UQ_datastore_configuration_parameters_'
            'datastore_version_id_name',
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(sa.String(36), primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(128), primary_key=True)
    datastore_version_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('datastore_versions.id'), primary_key=True
    )
    restart_required: orm.Mapped[bool] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    max_size: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
    min_size: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
    data_type: orm.Mapped[str] = orm.mapped_column(sa.String(128))


class Capability(base.Base):
    """A capability of datastores."""

    __tablename__ = 'capabilities'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(255), unique=True
    )
    description: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    enabled: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )


class CapabilityOverride(base.Base):
    """A capability enabled or disabled for one datastore version."""

    __tablename__ = 'capability_overrides'
    __table_args__ = (
        sa.UniqueConstraint(
            'datastore_version_id',
            'capability_id',
            name='idx_datastore_capabilities_enabled',
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    datastore_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('datastore_versions.id')
    )
    capability_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('capabilities.id')
    )
    enabled: orm.Mapped[bool | None] = orm.mapped_column(sa.Boolean())
