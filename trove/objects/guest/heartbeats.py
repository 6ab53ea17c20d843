# SPDX-License-Identifier: Apache-2.0
"""Records the heartbeats of guests; the newest one counts.

Messages may overtake each other, and arrive twice. Each kind of message of
each instance has a row with the time of the newest one, by the clock of the
guest. That clock may be wrong, and may be set back. So after some time without
a newer message, by the clock of the database, the next message counts whatever
its time is.

A sealed message with an older time is refused instead: it may be a replay, and
guests that seal keep a time that does not go back. One exception: when the
newest time is in the future, the guest's clock was wrong, and the guest may
have lost its state since.
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
from trove.objects.guest import replication
from trove.objects.guest import server_version
from trove.objects.guest import trouble
from trove.objects.instance import states

LOG = log.getLogger(__name__)

_Known = _known.Known

# Seconds after the newest message in which an older one is stale. Later ones
# mean that the clock of the guest was set back: a live guest has sent newer
# ones meanwhile.
_STALE_WINDOW = 30.0

# Maximum clock skew of a guest ahead of the database, in seconds; more than
# that of the guest itself (``guestagent/monotonic_time.py``).
_MAX_SKEW = 300.0


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    """The last heartbeat of a guest.

    :param status: of its database server
    :param status_updated_at: when it was recorded, by the clock of the
        database
    :param sent: when it was sent, by the guest's clock, in seconds since the
        epoch; None when there was none
    :param guest_version: the latest revision of the guest agent's interface
        that it understands; None when unknown
    :param silent: seconds since ``status_updated_at``; negative after the
        clock of the database was set back
    """

    status: states.ServiceStatus
    status_updated_at: datetime.datetime | None
    sent: float | None
    guest_version: str | None
    silent: float | None = None


@dataclasses.dataclass(frozen=True)
class Report:
    """A heartbeat to record.

    :param guest_version: the revision, or one per major, separated by commas;
        then a space and the release of the package, for instance
        '1.5 27.0.0'. None revokes an earlier announcement: the guest agent
        was rolled back to a release that announces nothing. The result of a
        probe is kept.
    :param sent: by the guest's clock, in seconds since the epoch; None: it
        counts as new
    :param sealed: the message was sealed with the guest's key
    :param seals: the announced revision supports seals
    :param check: called with the project of the instance before the write,
        maybe more than once; when it raises, nothing is written
    :param server_version: of the running database server, such as '18.6'
    :param replication: how a replica follows; None of others
    :param trouble: why the database does not run as it should, else ''
    """

    instance_id: str
    status: states.ServiceStatus | None
    guest_version: str | None
    sent: float | None
    sealed: bool = False
    seals: bool = False
    check: Callable[[str], None] | None = None
    server_version: str | None = None
    replication: replication.State | None = None
    trouble: str = ''


@session.retry(duplicates=True)
def record_heartbeats(reports: Sequence[Report]) -> list[bool | Exception]:
    """Record heartbeats, by five statements for any number.

    One more is for those of replicas.

    :returns: for each whether it was recorded, False when it is stale or the
        instance is unknown or deleted; or the exception that its check raised
    """
    with session.writer() as db:
        ids = {report.instance_id for report in reports}
        known = _known.lock(db, ids)
        results = [_take(known, report) for report in reports]
        _write(db, known.values())
        follow = [
            (report.instance_id, report.replication)
            for report, result in zip(reports, results, strict=True)
            if result is True and report.replication is not None
        ]
        if follow:
            replication.write(db, follow, known[follow[0][0]].now)
        for report, result in zip(reports, results, strict=True):
            if result is True:
                it = known[report.instance_id]
                trouble.compare(db, it, report.trouble)
                server_version.compare(db, it, report.server_version)
        return results


def _take(known: dict[str, _Known], report: Report) -> bool | Exception:
    it = known.get(report.instance_id)
    if it is None:
        seldom.warning(
            LOG,
            report.instance_id,
            'Ignoring a heartbeat of instance %s, which does not exist or is '
            'deleted. If there are more, delete its server.',
            report.instance_id,
        )
        return False
    if report.check is not None:
        try:
            report.check(it.tenant_id)
        except Exception as error:  # noqa: BLE001
            # Only the caller of this report gets it.
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
    """Return whether a heartbeat counts that is not newer; log the reason."""
    if it.age is not None and 0 <= it.age <= _STALE_WINDOW:
        LOG.info(
            'Ignoring stale heartbeat of instance %s: a newer one arrived '
            'before.',
            report.instance_id,
        )
        return False
    now = it.now.replace(tzinfo=datetime.UTC).timestamp()
    if report.sealed and known < now + _MAX_SKEW:
        seldom.warning(
            LOG,
            report.instance_id,
            'Refused a heartbeat of instance %s that is %.0f seconds older '
            'than its newest one: it may be a replay. Find out who else has '
            'access to the message broker. If the guest agent lost its '
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
            'seconds. Its heartbeats count as before. Check its clock.',
            report.instance_id,
            known - sent,
        )
    return True


def _hear(it: _Known, report: Report, newer: bool) -> None:
    """Update the belief about a guest from its announcement.

    :param newer: the heartbeat is not a copy of an earlier one
    """
    before = belief.Belief(
        it.version, it.proven_at is not None, it.allowed, it.held
    )
    says = guest_versions.heard(it.version, report.guest_version)
    after = belief.learn(
        before,
        'sealed' if report.sealed else 'released',
        says,
        # A sealed heartbeat without an announcement is evidence as well.
        seals=report.seals or report.guest_version is None,
    )
    if before.allowed and not newer:
        # Only a new message ends an operator's permission.
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
    # Written even without a change: updated_at shows that the guest is alive.
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
    """Return the last heartbeat of an instance's guest, by one query.

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
    """Record the time of a message; return False when it is stale.

    Lock the instance, or call it in a function with
    ``session.retry(duplicates=True)``.

    :param method: the kind of message
    :param sent: by the guest's clock, in seconds since the epoch; None: the
        message counts as new
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
