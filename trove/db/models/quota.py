# SPDX-License-Identifier: Apache-2.0
"""Tables of quotas and their usage."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Quota(base.Base):
    """The limit of a resource for a project."""

    __tablename__ = 'quotas'
    __table_args__ = (sa.UniqueConstraint('tenant_id', 'resource'),)

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    resource: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    hard_limit: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())


class QuotaUsage(base.Base):
    """The usage and the reservations of a resource by a project."""

    __tablename__ = 'quota_usages'
    __table_args__ = (sa.UniqueConstraint('tenant_id', 'resource'),)

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    in_use: orm.Mapped[int | None] = orm.mapped_column(sa.Integer(), default=0)
    reserved: orm.Mapped[int | None] = orm.mapped_column(
        sa.Integer(), default=0
    )
    resource: orm.Mapped[str] = orm.mapped_column(sa.String(255))


class Reservation(base.Base):
    """A change of a usage that is not committed yet."""

    __tablename__ = 'reservations'

    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    usage_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    delta: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    status: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
