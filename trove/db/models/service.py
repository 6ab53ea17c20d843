# SPDX-License-Identifier: Apache-2.0
"""Table of the running services."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class Service(base.Base):
    """A task manager or conductor that reports periodically.

    ``rpc_versions`` is JSON: the version of every interface it serves.
    """

    __tablename__ = 'services'
    __table_args__ = (
        sa.UniqueConstraint(
            'binary', 'host', name='uniq_services0binary0host'
        ),
    )

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    binary: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    host: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    rpc_versions: orm.Mapped[str] = orm.mapped_column(sa.Text(), default='{}')
    release: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    started_at: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    last_report: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
