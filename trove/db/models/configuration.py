# SPDX-License-Identifier: Apache-2.0
"""Tables of configuration groups."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Configuration(base.Base):
    """A configuration group: parameters to attach to instances."""

    __tablename__ = 'configurations'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    description: orm.Mapped[str | None] = orm.mapped_column(sa.String(256))
    tenant_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    datastore_version_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    deleted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )


class ConfigurationParameter(base.Base):
    """One parameter of a configuration group."""

    __tablename__ = 'configuration_parameters'

    configuration_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('configurations.id'), primary_key=True
    )
    configuration_key: orm.Mapped[str] = orm.mapped_column(
        sa.String(128), primary_key=True
    )
    configuration_value: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(128)
    )
    deleted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class PendingParameter(base.Base):
    """A parameter of an instance that works after its next restart only.

    Current while the task of the instance says that it needs one.
    """

    __tablename__ = 'pending_parameters'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    name: orm.Mapped[str] = orm.mapped_column(
        sa.String(128), primary_key=True
    )
