# SPDX-License-Identifier: Apache-2.0
"""What guests say about themselves: the newest holds.

Messages may overtake each other, and come twice. Each kind of message of
each instance has a row with the time of the newest one.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import math
import time

from oslo_log import log
from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.objects import rows
from trove.objects import spoken
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
    :param guest_version: the latest revision of the guest agent's interface
        that it understands; None when nobody knows
    """

    status: states.ServiceStatus
    status_updated_at: datetime.datetime | None
    sent: float | None
    guest_version: str | None


@dataclasses.dataclass(frozen=True)
class Report:
    """What the guest of an instance says.

    :param guest_version: the revision, or several of different majors with
        commas between them, and after a space the release of its package,
        for instance '1.5 27.0.0'. None takes back what it announced before:
        an agent that was rolled back to a release that does not announce
        must not be taken for what it was. What a probe found stays.
    :param sent: by the guest's clock, in seconds since the epoch; None
        makes it count as new
    :param check: called with the project of the instance before anything is
        written, maybe more than once; when it raises, nothing is written
    """

    instance_id: str
    status: states.ServiceStatus | None
    guest_version: str | None
    sent: float | None
    check: Callable[[str], None] | None = None


@dataclasses.dataclass
class _Known:
    """What is known of an instance, and what becomes of it."""

    instance_id: str
    tenant_id: str
    task: states.Task
    status_row: str
    status: states.ServiceStatus | None
    sent: float | None
    version: str | None
    written: set[str] = dataclasses.field(default_factory=set)


@session.retry(duplicates=True)
def record_heartbeats(reports: Sequence[Report]) -> list[bool | Exception]:
    """Write down what guests say, by five statements however many they are.

    :returns: for each whether it was written; False when it is stale, or
        the instance unknown or deleted; what its check raised
    """
    with session.writer() as db:
        known = _lock(db, {report.instance_id for report in reports})
        results = [_take(known, report) for report in reports]
        _write(db, known.values())
        return results


_LOCKED = (
    sa.select(
        models.Instance.id, models.Instance.tenant_id, models.Instance.task_id
    )
    .where(
        models.Instance.id.in_(sa.bindparam('ids', expanding=True)),
        models.Instance.deleted.is_not(True),
    )
    .order_by(models.Instance.id)
    .with_for_update()
)

_NOW_KNOWN = (
    sa.select(
        models.Instance.id,
        models.ServiceStatus.id,
        models.ServiceStatus.status_id,
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
    .where(models.Instance.id.in_(sa.bindparam('ids', expanding=True)))
    .order_by(models.Instance.id, models.ServiceStatus.id.desc())
)


def _lock(db: orm.Session, ids: set[str]) -> dict[str, _Known]:
    """Lock instances that are not deleted; return what is known of each."""
    # The first statement: MariaDB answers the next by what it sees then.
    locked = db.execute(_LOCKED, {'ids': sorted(ids)}).all()
    if not locked:
        return {}
    owners = {row.id: row for row in locked}
    known = {}
    for row in db.execute(_NOW_KNOWN, {'ids': list(owners)}):
        instance_id, status_row, code, sent, version = row
        owner = owners[instance_id]
        status = states.ServiceStatus.from_code(code)
        # Of several service statuses the first one counts: it comes last.
        known[instance_id] = _Known(
            instance_id=instance_id,
            tenant_id=owner.tenant_id or '',
            task=states.Task.from_code(owner.task_id),
            status_row=status_row or uuidutils.generate_uuid(),
            status=status if status_row else None,
            sent=sent,
            version=version,
        )
    return known


def _take(known: dict[str, _Known], report: Report) -> bool | Exception:
    it = known.get(report.instance_id)
    if it is None:
        LOG.warning(
            'A heartbeat came from the guest of instance %s, which does '
            'not exist or is deleted. If they go on, end that server.',
            report.instance_id,
        )
        return False
    if report.check is not None:
        try:
            report.check(it.tenant_id)
        except Exception as error:  # noqa: BLE001
            # Its caller gets it, not those whose reports go along.
            return error
    if report.sent is not None and math.isfinite(report.sent):
        if not _newer(report.sent, it.sent):
            LOG.info(
                'Passed over a heartbeat of instance %s that a newer one '
                'had overtaken.',
                report.instance_id,
            )
            return False
        it.sent = report.sent
        it.written.add('sent')
    if report.status is not None:
        it.status = (
            states.heard(it.status, report.status, it.task)
            if it.status is not None
            else report.status
        )
        it.written.add('status')
    it.version = spoken.heard(it.version, report.guest_version)
    it.written.add('version')
    return True


def _write(db: orm.Session, known: Iterable[_Known]) -> None:
    now = timeutils.utcnow()
    rows.put(
        db,
        models.ConductorLastSeen,
        ('instance_id', 'method_name'),
        [
            {
                'instance_id': it.instance_id,
                'method_name': _METHOD,
                'sent': it.sent,
            }
            for it in known
            if 'sent' in it.written
        ],
        ('sent',),
    )
    rows.put(
        db,
        models.ServiceStatus,
        'id',
        [
            {
                'id': it.status_row,
                'instance_id': it.instance_id,
                'status_id': it.status.code,
                'status_description': it.status.description,
                'updated_at': now,
            }
            for it in known
            if it.status is not None and 'status' in it.written
        ],
        ('status_id', 'status_description', 'updated_at'),
    )
    _write_versions(db, known, now)


def _write_versions(
    db: orm.Session, known: Iterable[_Known], now: datetime.datetime
) -> None:
    # Written even when nothing has changed: it says that it lives.
    rows.put(
        db,
        models.AgentHeartbeat,
        'instance_id',
        [
            {
                'id': uuidutils.generate_uuid(),
                'instance_id': it.instance_id,
                'guest_agent_version': it.version,
                'deleted': False,
                'deleted_at': None,
                'updated_at': now,
            }
            for it in known
            if 'version' in it.written
        ],
        ('guest_agent_version', 'deleted', 'deleted_at', 'updated_at'),
    )


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
        guest_version=spoken.parse(version).revision,
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


def _newer(sent: float, known: float | None) -> bool:
    """Decide as :func:`_older` does, when what is known has been read."""
    if known is None or known < sent:
        return True
    limit = time.time() + _AHEAD
    return sent <= limit < known
