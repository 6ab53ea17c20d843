# SPDX-License-Identifier: Apache-2.0
"""What guests say about themselves: the newest holds.

Messages may overtake each other, and come twice. Each kind of message of
each instance has a row with the time of the newest one.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import time

from oslo_log import log
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.objects import rows
from trove.objects import states

LOG = log.getLogger(__name__)

_METHOD = 'heartbeat'

# How far ahead of ours, in seconds, the clock of a guest may be believed to
# be. A time beyond it in the database comes from a clock that was wrong, and
# must not make us deaf until it has passed.
_AHEAD = 60.0


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    """What the guest of an instance last said.

    :param status: how its database server is
    :param status_updated_at: when that was written, by our clock
    :param sent: when the guest said it, by its own clock, in seconds since
        the epoch; None when it never did
    :param guest_version: the latest version of the guest agent's interface
        that it understands; None when it does not say
    """

    status: states.ServiceStatus
    status_updated_at: datetime.datetime | None
    sent: float | None
    guest_version: str | None


@session.retry(duplicates=True)
def record_heartbeat(
    instance_id: str,
    *,
    status: states.ServiceStatus | None,
    guest_version: str | None,
    sent: float | None,
) -> bool:
    """Write down what the guest of an instance says.

    :param guest_version: None takes back what it said before: an agent that
        was rolled back to a release that does not say it must not be taken
        for what it was
    :param sent: by the guest's clock, in seconds since the epoch; None
        makes it count as new
    :returns: False when it is stale, or the instance unknown or deleted:
        then nothing was written
    """
    with session.writer() as db:
        instance = rows.lock(db, instance_id)
        if instance is None:
            LOG.warning(
                'A heartbeat came from the guest of instance %s, which does '
                'not exist or is deleted. If they go on, end that server.',
                instance_id,
            )
            return False
        if not is_newest(db, instance_id, _METHOD, sent):
            LOG.info(
                'Passed over a heartbeat of instance %s that a newer one '
                'had overtaken.',
                instance_id,
            )
            return False
        if status is not None:
            known = rows.service_status(db, instance_id)
            if known is not None:
                status = states.heard(
                    states.ServiceStatus.from_code(known.status_id),
                    status,
                    states.Task.from_code(instance.task_id),
                )
            rows.write_service_status(db, instance_id, status)
        _write_version(db, instance_id, guest_version)
        return True


def heartbeat(instance_id: str) -> Heartbeat | None:
    """Return what the guest of an instance last said, by one query.

    :returns: None when there is no such instance, or it is deleted
    """
    query = (
        sa.select(
            models.ServiceStatus.status_id,
            models.ServiceStatus.updated_at,
            models.ConductorLastSeen.sent,
            models.AgentHeartbeat.guest_agent_version,
        )
        .select_from(models.Instance)
        .outerjoin(
            models.ServiceStatus,
            models.ServiceStatus.instance_id == models.Instance.id,
        )
        .outerjoin(
            models.ConductorLastSeen,
            sa.and_(
                models.ConductorLastSeen.instance_id == models.Instance.id,
                models.ConductorLastSeen.method_name == _METHOD,
            ),
        )
        .outerjoin(
            models.AgentHeartbeat,
            models.AgentHeartbeat.instance_id == models.Instance.id,
        )
        .where(
            models.Instance.id == instance_id,
            models.Instance.deleted.is_not(True),
        )
        .order_by(models.ServiceStatus.id)
        .limit(1)
    )
    with session.reader() as db:
        row = db.execute(query).first()
    if row is None:
        return None
    code, updated_at, sent, version = row
    return Heartbeat(
        status=states.ServiceStatus.from_code(code),
        status_updated_at=updated_at,
        sent=float(sent) if sent is not None else None,
        guest_version=version,
    )


def guest_version(instance_id: str) -> str | None:
    """Return the version that the guest of an instance last announced.

    :returns: MAJOR.MINOR; None when it announced none, which says nothing
        about what it understands
    """
    with session.reader() as db:
        return db.scalar(
            sa.select(models.AgentHeartbeat.guest_agent_version).where(
                models.AgentHeartbeat.instance_id == instance_id
            )
        )


def is_newest(
    db: orm.Session, instance_id: str, method: str, sent: float | None
) -> bool:
    """Remember a message; False when a newer or the same one came before.

    The instance is to be locked, or the caller to be one with
    ``session.retry(duplicates=True)``.
    """
    if sent is None or not math.isfinite(sent):
        return True
    same_kind = sa.and_(
        models.ConductorLastSeen.instance_id == instance_id,
        models.ConductorLastSeen.method_name == method,
    )
    known = db.scalar(
        sa.select(models.ConductorLastSeen.instance_id).where(same_kind)
    )
    if known is not None:
        return rows.execute(
            db,
            sa.update(models.ConductorLastSeen)
            .where(same_kind, _older(sent))
            .values(sent=sent),
        ) > 0
    db.add(
        models.ConductorLastSeen(
            instance_id=instance_id, method_name=method, sent=sent
        )
    )
    db.flush()
    return True


def _older(sent: float) -> sa.ColumnElement[bool]:
    limit = time.time() + _AHEAD
    older = sa.or_(
        models.ConductorLastSeen.sent.is_(None),
        models.ConductorLastSeen.sent < sent,
    )
    if sent <= limit:
        older = sa.or_(older, models.ConductorLastSeen.sent > limit)
    return older


def _write_version(
    db: orm.Session, instance_id: str, version: str | None
) -> None:
    row = db.scalar(
        sa.select(models.AgentHeartbeat).where(
            models.AgentHeartbeat.instance_id == instance_id
        )
    )
    if row is None:
        row = models.AgentHeartbeat(instance_id=instance_id)
        db.add(row)
    row.guest_agent_version = version
    row.deleted = False
    row.deleted_at = None
    # Written even when nothing else has changed: it says that it lives.
    orm.attributes.flag_modified(row, 'guest_agent_version')
    db.flush()
