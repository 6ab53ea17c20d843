# SPDX-License-Identifier: Apache-2.0
"""Tables of instances, their status and their workflows."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Instance(base.Base):
    """A database instance."""

    __tablename__ = 'instances'
    __table_args__ = (
        sa.Index('instances_cluster_id', 'cluster_id'),
        sa.Index('instances_deleted', 'deleted'),
        sa.Index('instances_tenant_id', 'tenant_id'),
        sa.Index('ix_instances_page', 'deleted', 'created', 'id'),
        sa.Index(
            'ix_instances_project_page',
            'tenant_id',
            'deleted',
            'created',
            'id',
        ),
        sa.Index('ix_instances_slave_of_id', 'slave_of_id'),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    name: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    hostname: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    compute_instance_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36)
    )
    task_id: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    task_description: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(255)
    )
    task_start_time: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    volume_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    flavor_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    volume_size: orm.Mapped[int | None] = orm.mapped_column(sa.Integer())
    tenant_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    server_status: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    datastore_version_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('datastore_versions.id', name='instances_ibfk_1'),
    )
    configuration_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36),
        sa.ForeignKey('configurations.id', name='instances_ibfk_2'),
    )
    slave_of_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('instances.id', name='instances_ibfk_3')
    )
    cluster_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(36), sa.ForeignKey('clusters.id', name='instances_ibfk_4')
    )
    shard_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(36))
    type: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    region_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    encrypted_key: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    access: orm.Mapped[str | None] = orm.mapped_column(sa.Text())
    ssl_mode: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    ssl_ref: orm.Mapped[str | None] = orm.mapped_column(sa.Text())


class InstanceFault(base.Base):
    """The error of a failed operation on an instance."""

    __tablename__ = 'instance_faults'
    __table_args__ = (
        sa.Index('ix_instance_faults_instance_id', 'instance_id'),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64), primary_key=True, default=uuidutils.generate_uuid
    )
    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(64),
        sa.ForeignKey('instances.id', ondelete='CASCADE', onupdate='CASCADE'),
    )
    message: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    details: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(base.MEDIUM_TEXT, lines=True)
    )
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


class ServiceStatus(base.Base):
    """Status of the database server of an instance."""

    __tablename__ = 'service_statuses'
    __table_args__ = (sa.Index('service_statuses_instance_id', 'instance_id'),)

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    instance_id: orm.Mapped[str] = orm.mapped_column(sa.String(36))
    status_id: orm.Mapped[int] = orm.mapped_column(sa.Integer())
    status_description: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    updated_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )


class AgentHeartbeat(base.Base):
    """The newest heartbeat of the guest agent of an instance."""

    __tablename__ = 'agent_heartbeats'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), index=True, unique=True
    )
    guest_agent_version: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255)), index=True
    )
    deleted: orm.Mapped[bool | None] = orm.mapped_column(
        sa.Boolean(), index=True, default=False
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    updated_at: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )


class InstanceCertificate(base.Base):
    """When the certificate of an instance that has one expires."""

    __tablename__ = 'instance_certificates'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    expires: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime())


class ReplicationState(base.Base):
    """How a replica follows its primary, by its newest heartbeat.

    Current while the instance is a replica and its guest reports.
    """

    __tablename__ = 'replication_states'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    follows: orm.Mapped[bool] = orm.mapped_column(sa.Boolean())
    lag: orm.Mapped[float | None] = orm.mapped_column(sa.Float())
    errant: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    error: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    updated_at: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime()
    )


class ConductorLastSeen(base.Base):
    """Time of the newest message of each method from an instance's guest."""

    __tablename__ = 'conductor_lastseen'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    method_name: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    sent: orm.Mapped[float | None] = orm.mapped_column(base.DOUBLE)


class RootHistory(base.Base):
    """The first enabling of root on an instance; ``id`` is the instance."""

    __tablename__ = 'root_enabled_history'

    id: orm.Mapped[str] = orm.mapped_column(sa.String(36), primary_key=True)
    user: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    created: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    deleted_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class InstanceAddress(base.Base):
    """An address at which the database server of an instance listens.

    Neither this table nor ``workflows`` has a foreign key: in databases that
    were upgraded many times, ``instances`` may have another character set
    than new tables get, and MySQL rejects a foreign key between the two.
    """

    __tablename__ = 'instance_addresses'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    address: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(64)), primary_key=True
    )
    type: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(16))
    )
    network: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(36))
    )


class Workflow(base.Base):
    """The unfinished job of a task manager for an instance.

    ``owner`` is the host of the task manager that runs it; ``details`` is
    JSON without secrets.
    """

    __tablename__ = 'workflows'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    action: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    step: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    owner: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    request_id: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    started: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    updated: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    details: orm.Mapped[str | None] = orm.mapped_column(sa.Text())
