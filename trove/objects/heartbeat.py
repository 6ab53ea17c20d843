# SPDX-License-Identifier: Apache-2.0
"""What guests say about themselves: the newest holds.

Messages may overtake each other, and come twice. Each kind of message of
each instance has a row with the time of the newest one, by the clock of the
guest. That may be wrong, and be set to another time: where nothing newer has
come for a while by the clock of the database, which is the only one that
ages are told by, the next message counts, whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import math

from oslo_log import log
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import rows
from trove.objects import spoken
from trove.objects import states

LOG = log.getLogger(__name__)

_METHOD = 'heartbeat'

# Seconds after the newest message in which an older one was overtaken by it.
# Later, the clock of the guest was set back: a guest that lives has sent newer
# ones meanwhile.
_OVERTAKEN = 30.0


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    """What the guest of an instance last said.

    :param status: how its database server is
    :param status_updated_at: when that was written, by the clock of the
        database
    :param silent: seconds since then, by that clock; below 0 if it was set
        back meanwhile
    :param sent: when the guest said it, by its own clock, in seconds since
        the epoch; None when it never did
    :param guest_version: the latest revision of the guest agent's interface
        that it understands; None when nobody knows
    """

    status: states.ServiceStatus
    status_updated_at: datetime.datetime | None
    sent: float | None
    guest_version: str | None
    silent: float | None = None


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
    """What is known of an instance, and what becomes of it.

    :param age: seconds since its guest was last heard, None before the first
    :param now: the time by the clock of the database
    """

    instance_id: str
    tenant_id: str
    task: states.Task
    status_row: str
    status: states.ServiceStatus | None
    sent: float | None
    version: str | None
    age: float | None
    now: datetime.datetime
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
        models.AgentHeartbeat.updated_at,
        clock.Now().label('read_at'),
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
        instance_id, status_row, code, sent, version, heard_at, now = row
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
            age=_seconds(now, heard_at),
            now=now,
        )
    return known


def _seconds(
    now: datetime.datetime, then: datetime.datetime | None
) -> float | None:
    return None if then is None else (now - then).total_seconds()


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
        if it.sent is not None and report.sent <= it.sent:
            if it.age is not None and 0 <= it.age <= _OVERTAKEN:
                LOG.info(
                    'Passed over a heartbeat of instance %s that a newer one '
                    'had overtaken.',
                    report.instance_id,
                )
                return False
            if report.sent < it.sent:
                LOG.warning(
                    'The clock of the guest of instance %s was set back by '
                    '%.0f seconds. Its heartbeats count as before; see that '
                    'its clock is right.',
                    report.instance_id,
                    it.sent - report.sent,
                )
        it.age = 0.0
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
                'updated_at': it.now,
            }
            for it in known
            if it.status is not None and 'status' in it.written
        ],
        ('status_id', 'status_description', 'updated_at'),
    )
    _write_versions(db, known)


def _write_versions(db: orm.Session, known: Iterable[_Known]) -> None:
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
                'updated_at': it.now,
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
            clock.Now(),
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
    code, updated_at, sent, version, now = row
    return Heartbeat(
        status=states.ServiceStatus.from_code(code),
        status_updated_at=updated_at,
        sent=float(sent) if sent is not None else None,
        guest_version=spoken.parse(version).revision,
        silent=_seconds(now, updated_at),
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
            .where(
                same_kind,
                sa.or_(
                    models.ConductorLastSeen.sent.is_(None),
                    models.ConductorLastSeen.sent < sent,
                ),
            )
            .values(sent=sent),
        ) > 0
    db.add(
        models.ConductorLastSeen(
            instance_id=instance_id, method_name=method, sent=sent
        )
    )
    db.flush()
    return True
