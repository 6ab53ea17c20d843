# SPDX-License-Identifier: Apache-2.0
"""Tables of modules."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Module(base.Base):
    """A file that is applied to new instances."""

    __tablename__ = 'modules'
    __table_args__ = (
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

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    type: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    contents: orm.Mapped[str] = orm.mapped_column(base.LONG_TEXT)
    description: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    datastore_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    datastore_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(64)
    )
    auto_apply: orm.Mapped[bool] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    visible: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=True)
    live_update: orm.Mapped[bool] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    md5: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    priority_apply: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    apply_order: orm.Mapped[int | None] = orm.mapped_column(
        sa.Integer(), default=5
    )
    is_admin: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )


class InstanceModule(base.Base):
    """A module applied to an instance."""

    __tablename__ = 'instance_modules'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64), primary_key=True, default=uuidutils.generate_uuid
    )
    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64),
        sa.ForeignKey('instances.id', ondelete='CASCADE', onupdate='CASCADE'),
    )
    module_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64),
        sa.ForeignKey('modules.id', ondelete='CASCADE', onupdate='CASCADE'),
    )
    md5: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class ReappliedModule(base.Base):
    """A module that is being applied again to the instances that have it."""

    __tablename__ = 'reapplied_modules'

    module_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64), primary_key=True
    )
    #: The project that asked for it.
    ordered_by: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    #: Only instances of this project; None: of all.
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    md5: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    include_clustered: orm.Mapped[bool] = orm.mapped_column(sa.Boolean())
    batch_size: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    #: In seconds.
    batch_delay: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    force: orm.Mapped[bool] = orm.mapped_column(sa.Boolean())
    #: The last instance that was tried; they are tried in the order of ids.
    after: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    tried: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    failed: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    #: When it goes on, by the clock of the database.
    next: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime())
