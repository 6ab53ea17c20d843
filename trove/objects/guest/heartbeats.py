# SPDX-License-Identifier: Apache-2.0
"""What guests say about themselves: the newest holds.

Messages may overtake each other, and come twice. Each kind of message of
each instance has a row with the time of the newest one, by the clock of the
guest. That may be wrong, and be set to another time: where nothing newer has
come for a while by the clock of the database, which is the only one that
ages are told by, the next message counts, whatever it says.

Not so what is sealed: it may be a copy, and its guest keeps a time that does
not go back. Only where the newest is of a time that is still to come may its
guest have lost that, with a clock that was wrong before.
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

from trove.common import belief
from trove.common import seldom
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import clock
from trove.objects import sealing
from trove.objects.guest import _known
from trove.objects.guest import guest_versions
from trove.objects.guest import server_version
from trove.objects.instance import states

LOG = log.getLogger(__name__)

_Known = _known.Known

# Seconds after the newest message in which an older one was overtaken by it.
# Later, the clock of the guest was set back: a guest that lives has sent newer
# ones meanwhile.
_OVERTAKEN = 30.0

# Seconds by which the clock of a guest may be ahead of that of the database
# and still be right; more than a guest's own
# (``guestagent/monotonic_time.py``).
_AHEAD = 300.0


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
    :param sealed: it came sealed with the guest's key
    :param server_version: of the database server that runs, such as '18.6'
    :param seals: what it announces knows seals
    :param check: called with the project of the instance before anything is
        written, maybe more than once; when it raises, nothing is written
    """

    instance_id: str
    status: states.ServiceStatus | None
    guest_version: str | None
    sent: float | None
    sealed: bool = False
    seals: bool = False
    check: Callable[[str], None] | None = None
    server_version: str | None = None


@session.retry(duplicates=True)
def record_heartbeats(reports: Sequence[Report]) -> list[bool | Exception]:
    """Write down what guests say, by five statements however many they are.

    :returns: for each whether it was written; False when it is stale, or
        the instance unknown or deleted; what its check raised
    """
    with session.writer() as db:
        ids = {report.instance_id for report in reports}
        known = _known.lock(db, ids)
        results = [_take(known, report) for report in reports]
        _write(db, known.values())
        for report, result in zip(reports, results, strict=True):
            if result is True:
                it = known[report.instance_id]
                server_version.compare(db, it, report.server_version)
        return results


def _take(known: dict[str, _Known], report: Report) -> bool | Exception:
    it = known.get(report.instance_id)
    if it is None:
        seldom.warning(
            LOG,
            report.instance_id,
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
    newer = _is_newer(report.sent, it.sent)
    if report.sent is not None and math.isfinite(report.sent):
        if it.sent is not None and report.sent <= it.sent:
            if not _counts(it, it.sent, report, report.sent):
                return False
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
    _hear(it, report, newer)
    it.written.add('version')
    return True


def _counts(it: _Known, known: float, report: Report, sent: float) -> bool:
    """Say whether one counts that is no newer than the newest, and log it."""
    if it.age is not None and 0 <= it.age <= _OVERTAKEN:
        LOG.info(
            'Passed over a heartbeat of instance %s that a newer one had '
            'overtaken.',
            report.instance_id,
        )
        return False
    now = it.now.replace(tzinfo=datetime.UTC).timestamp()
    if report.sealed and known < now + _AHEAD:
        seldom.warning(
            LOG,
            report.instance_id,
            'Refused a heartbeat of instance %s that is %.0f seconds older '
            'than its newest one: it may be a copy. Find out who else has '
            'access to the message broker. If the guest agent has lost its '
            'state_dir and its clock was set back, correct its clock.',
            report.instance_id,
            known - sent,
        )
        return False
    if sent < known:
        seldom.warning(
            LOG,
            report.instance_id,
            'The clock of the guest of instance %s was set back by %.0f '
            'seconds. Its heartbeats count as before; see that its clock is '
            'right.',
            report.instance_id,
            known - sent,
        )
    return True


def _hear(it: _Known, report: Report, newer: bool) -> None:
    """Believe what a guest says that it speaks, as far as that goes.

    :param newer: it is no copy of what came before
    """
    before = belief.Belief(
        it.version, it.proven_at is not None, it.allowed, it.held
    )
    says = guest_versions.heard(it.version, report.guest_version)
    after = belief.learn(
        before,
        'sealed' if report.sealed else 'released',
        says,
        # Who says nothing of it has sealed this.
        seals=report.seals or report.guest_version is None,
    )
    if before.allowed and not newer:
        # What an operator permits ends with what is new.
        after = before
    it.version = after.speaks
    it.sealing = sealing.changes(
        it.instance_id, it.proven_at, before, after, 'a sealed heartbeat'
    )


def _write(db: orm.Session, known: Iterable[_Known]) -> None:
    statements.put(
        db,
        models.ConductorLastSeen,
        ('instance_id', 'method_name'),
        [
            {
                'instance_id': it.instance_id,
                'method_name': _known.METHOD,
                'sent': it.sent,
            }
            for it in known
            if 'sent' in it.written
        ],
        ('sent',),
    )
    statements.put(
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
    statements.put(
        db,
        models.InstanceSealing,
        'instance_id',
        [it.sealing for it in known if it.sealing is not None],
        sealing.CHANGED,
    )


def _write_versions(db: orm.Session, known: Iterable[_Known]) -> None:
    # Written even when nothing has changed: it says that it lives.
    statements.put(
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
                models.ConductorLastSeen.method_name == _known.METHOD,
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
        guest_version=guest_versions.parse(version).revision,
        silent=_known.seconds(now, updated_at),
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
        return statements.execute(
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


def _is_newer(sent: float | None, known: float | None) -> bool:
    return sent is None or known is None or sent > known
