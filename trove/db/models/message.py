# SPDX-License-Identifier: Apache-2.0
"""Tables of messages: rejections, replays, probes, keys and seals.

None has a foreign key: in databases that were upgraded many times,
``instances`` may have another character set than new tables get, and MySQL
rejects a foreign key between the two.
"""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db.models import base


class RejectedMessage(base.Base):
    """A message that its receiver rejected.

    ``arguments`` is JSON with the secrets masked; ``sealed`` is the whole
    message, encrypted, if it can be replayed; ``task`` is JSON: the task of
    the instance that ended because of the rejection.
    """

    __tablename__ = 'rpc_rejected'

    id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True, default=uuidutils.generate_uuid
    )
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow
    )
    updated: orm.Mapped[datetime.datetime] = orm.mapped_column(
        sa.DateTime(), default=timeutils.utcnow, onupdate=timeutils.utcnow
    )
    interface: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(32))
    )
    peer: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(36))
    )
    sender: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(36))
    )
    instance_id: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(36)), index=True
    )
    host: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    method: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    version: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(16))
    )
    kind: orm.Mapped[str] = orm.mapped_column(base.UntrustedText(sa.String(8)))
    cause: orm.Mapped[str] = orm.mapped_column(
        base.UntrustedText(sa.String(16)), index=True
    )
    reason: orm.Mapped[str] = orm.mapped_column(base.UntrustedText(sa.Text()))
    request_id: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    project_id: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    user_id: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(64))
    )
    arguments: orm.Mapped[str] = orm.mapped_column(base.MEDIUM_TEXT)
    sealed: orm.Mapped[str | None] = orm.mapped_column(base.MEDIUM_TEXT)
    task: orm.Mapped[str | None] = orm.mapped_column(base.MEDIUM_TEXT)
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer(), default=1)
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16), index=True)


class SeenMessage(base.Base):
    """A sealed message that was accepted, to detect its replays.

    ``expires`` is in seconds since the epoch; older messages are refused for
    their age. ``token`` identifies the first delivery.
    """

    __tablename__ = 'rpc_replays'

    id: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    expires: orm.Mapped[int] = orm.mapped_column(sa.BigInteger(), index=True)
    token: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))


class InstanceKeys(base.Base):
    """The keys of a guest besides ``instances.encrypted_key``.

    Each is encrypted in the same way.
    """

    __tablename__ = 'instance_keys'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    next_key: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    previous_key: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    rotated_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )


class GuestProbe(base.Base):
    """The newest probe of the guest of an instance.

    ``answered`` is whether the guest answered; ``token`` identifies the
    probing process, None when the probe has ended.
    """

    __tablename__ = 'guest_probes'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    asked_at: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime())
    answered: orm.Mapped[bool] = orm.mapped_column(sa.Boolean())
    token: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))


class InstanceSealing(base.Base):
    """Whether the guest of an instance has proven that it knows seals.

    Also records who allowed the form of released Trove nevertheless, when
    and why; ``ended_at`` and ``ended_by`` are when and by whom that was
    revoked.
    """

    __tablename__ = 'instance_sealing'

    instance_id: orm.Mapped[str] = orm.mapped_column(
        sa.String(36), primary_key=True
    )
    proven_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    allowed: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    held: orm.Mapped[bool] = orm.mapped_column(sa.Boolean(), default=False)
    allowed_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    allowed_by: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
    reason: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.Text())
    )
    ended_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(
        sa.DateTime()
    )
    ended_by: orm.Mapped[str | None] = orm.mapped_column(
        base.UntrustedText(sa.String(255))
    )
