# SPDX-License-Identifier: Apache-2.0
"""Tables of backups."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Backup(base.Base):
    """A backup of an instance."""

    __tablename__ = 'backups'
    __table_args__ = (
        sa.Index('backups_deleted', 'deleted'),
        sa.Index('backups_instance_id', 'instance_id'),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    name: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    description: orm.Mapped[str | None] = orm.mapped_column(sa.String(512))
    location: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(1024))
    )
    backup_type: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(32))
    )
    size: orm.Mapped[float | None] = orm.mapped_column(sa.Float())
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    state: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(32))
    )
    instance_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    checksum: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(32))
    )
    backup_timestamp: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    parent_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    datastore_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('datastore_versions.id', name='backups_ibfk_1'),
    )
    storage_driver: orm.Mapped[str | None] = orm.mapped_column(sa.Text())


class BackupStrategy(base.Base):
    """The storage container for the backups of a project or an instance."""

    __tablename__ = 'backup_strategy'
    __table_args__ = (
        sa.Index(
            'backup_strategy_tenant_id_instance_id', 'tenant_id', 'instance_id'
        ),
        sa.UniqueConstraint(
            'tenant_id',
            'instance_id',
            name='UQ_backup_strategy_tenant_id_instance_id',
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    tenant_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    instance_id: orm.Mapped[str] = orm.mapped_column(sa.String(36), default='')
    backend: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    swift_container: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )


class LogArchive(base.Base):
    """Whether the log of an instance is archived, and who looks after it.

    Times are of the clock of the database, ``expires`` is in seconds since
    the epoch.
    """

    __tablename__ = 'log_archives'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    tenant_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    wanted: orm.Mapped[bool] = orm.mapped_column(sa.Boolean())
    #: The series that was ordered; gaps begin later ones.
    series: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    checked: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    ordered: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    expires: orm.Mapped[float | None] = orm.mapped_column(sa.Float())


class LogSeries(base.Base):
    """Objects of an archived log, without a gap: those that there are.

    ``latest`` is a text, as some databases have whole seconds only.
    """

    __tablename__ = 'log_series'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    series: orm.Mapped[int] = orm.mapped_column(
        sa.Integer(), primary_key=True, autoincrement=False
    )
    storage_driver: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    container: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    first: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    last: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    latest: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))


class BackupLog(base.Base):
    """Where the log begins that goes on from a backup."""

    __tablename__ = 'backup_logs'

    backup_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    series: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    number: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    #: When it was complete, by the clock of the database server.
    complete: orm.Mapped[str] = orm.mapped_column(sa.String(32))


class BackupSchedule(base.Base):
    """When backups of an instance are made by themselves."""

    __tablename__ = 'backup_schedules'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    tenant_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    storage_driver: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    container: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    #: In hours.
    interval: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    full_every: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    keep: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    keep_days: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    #: By the clock of the database.
    next: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime())
    made: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    #: Whether each is verified when it is complete.
    verify: orm.Mapped[bool | None] = orm.mapped_column(sa.Boolean())
    #: When those that are kept no longer were looked for.
    retained: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class BackupVerification(base.Base):
    """Whether a backup can be restored, as its guest agent has found."""

    __tablename__ = 'backup_verifications'

    backup_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    reason: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(1024))
    )
    #: How often it was ordered.
    tries: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    #: By the clock of the database.
    changed: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime())


class ScheduledBackup(base.Base):
    """A backup that was made by a schedule, which may delete it."""

    __tablename__ = 'scheduled_backups'

    backup_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
