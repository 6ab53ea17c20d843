# SPDX-License-Identifier: Apache-2.0
"""Tables of clusters."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Cluster(base.Base):
    """Several instances that form one database."""

    __tablename__ = 'clusters'
    __table_args__ = (
        sa.Index('clusters_deleted', 'deleted'),
        sa.Index('clusters_tenant_id', 'tenant_id'),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    name: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    task_id: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    tenant_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    datastore_version_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('datastore_versions.id', name='clusters_ibfk_1'),
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    configuration_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('configurations.id', name='clusters_ibfk_2'),
    )
