# SPDX-License-Identifier: Apache-2.0
"""Tables of release 26.0 that exist only to keep their rows."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class DNSRecord(base.Base):
    """The DNS record of an instance."""

    __tablename__ = 'dns_records'

    name: orm.Mapped[str] = orm.mapped_column(sa.String(255), primary_key=True)
    record_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))


class SecurityGroup(base.Base):
    """A security group of the network service."""

    __tablename__ = 'security_groups'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    description: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    user: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class SecurityGroupRule(base.Base):
    """One rule of a security group."""

    __tablename__ = 'security_group_rules'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    group_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey(
            'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
        ),
    )
    parent_group_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey(
            'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
        ),
    )
    protocol: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    from_port: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    to_port: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    cidr: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class SecurityGroupInstanceAssociation(base.Base):
    """A security group used by an instance."""

    __tablename__ = 'security_group_instance_associations'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    security_group_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey(
            'security_groups.id', ondelete='CASCADE', onupdate='CASCADE'
        ),
    )
    instance_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('instances.id', ondelete='CASCADE', onupdate='CASCADE'),
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class ServiceImage(base.Base):
    """The image of a service, before datastores had versions."""

    __tablename__ = 'service_images'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    service_name: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    image_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))


class UsageEvent(base.Base):
    """A notification about the usage of an instance."""

    __tablename__ = 'usage_events'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    instance_name: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    nova_instance_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    instance_size: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    nova_volume_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    volume_size: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    end_time: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
