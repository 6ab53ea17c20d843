# SPDX-License-Identifier: Apache-2.0
"""Counts of what an operator watches, each by one or two queries."""

from __future__ import annotations

import collections
import datetime
from typing import Any
from typing import Final

from oslo_config import cfg
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.instance import states

#: Intervals without a complete backup after which a schedule is overdue.
_OVERDUE: Final = 2
#: Seconds that a replica may be behind.
_LAG: Final = 60
_TIME: Final = '%Y-%m-%dT%H:%M:%S.%fZ'

_DAY: Final = 86400
_USED: Final = sa.func.coalesce(
    models.QuotaUsage.in_use, 0
) + sa.func.coalesce(models.QuotaUsage.reserved, 0)

_EXIST: Final = models.Instance.deleted.is_not(True)


def _rows(query: sa.Executable) -> list[Any]:
    with session.reader() as db:
        return list(db.execute(query))


def instances() -> dict[str, int]:
    """Return the number of instances of each status.

    One that is backed up counts by its status before.
    """
    kinds = models.Instance.task_id, models.Instance.server_status
    found: collections.Counter[str] = collections.Counter()
    for code, server_status, number in _rows(
        sa.select(*kinds, sa.func.count()).where(_EXIST).group_by(*kinds)
    ):
        status = states.status(
            deleted=False,
            task=states.Task.from_code(code),
            server_status=server_status,
            backing_up=False,
        )
        found[status] += number
    return found


def jobs() -> dict[str, int]:
    """Return the number of jobs by what they do.

    One that is ``queued`` has been taken by no task manager yet, one that is
    ``waiting`` waits there for others of its project.
    """
    row = models.Workflow
    state = sa.case(
        (row.owner.is_(None), 'queued'),
        (row.step.is_(None), 'waiting'),
        else_='running',
    )
    found = _rows(sa.select(state, sa.func.count()).group_by(state))
    return {str(name): int(number) for name, number in found}


def idle_jobs() -> dict[str, float]:
    """Return for how many seconds the slowest job has not advanced.

    :returns: by its action
    """
    row = models.Workflow
    query = sa.select(
        row.action, sa.func.min(row.updated), clock.Now()
    ).group_by(row.action)
    return {
        action: max(0.0, clock.age(now, since))
        for action, since, now in _rows(query)
    }


def backups_made() -> dict[str, int]:
    """Return the number of backups of each status."""
    query = (
        sa.select(models.Backup.state, sa.func.count())
        .where(models.Backup.deleted.is_not(True))
        .group_by(models.Backup.state)
    )
    return {state or '': number for state, number in _rows(query)}


def overdue_schedules() -> int:
    """Return the number of schedules without a backup for two intervals."""
    schedule, backup = models.BackupSchedule, models.Backup
    with session.reader() as db:
        now = clock.now(db)
        limits = {
            hours: now - datetime.timedelta(hours=_OVERDUE * hours)
            for hours in db.scalars(sa.select(schedule.interval).distinct())
        }
        if not limits:
            return 0
        recent = sa.exists().where(
            backup.instance_id == schedule.instance_id,
            backup.deleted.is_not(True),
            backup.state.in_(backups.USABLE),
            backup.created >= sa.case(limits, value=schedule.interval),
        )
        query = (
            sa.select(sa.func.count())
            .select_from(schedule)
            .join(models.Instance, models.Instance.id == schedule.instance_id)
            .where(
                _EXIST,
                models.Instance.created
                < sa.case(limits, value=schedule.interval),
                ~recent,
            )
        )
        return db.scalars(query).one()


def archive_lag() -> float | None:
    """Return the seconds that the slowest archived log is behind.

    Its newest archived change may be in a former series, before a gap. A log
    of which nothing is archived yet goes on from its oldest backup.

    :returns: None when none is archived, or goes on from a backup
    """
    archive, series = models.LogArchive, models.LogSeries
    backup, begins = models.Backup, models.BackupLog
    newest = sa.select(sa.func.max(series.latest)).where(
        series.instance_id == archive.instance_id
    )
    oldest = (
        sa.select(sa.func.min(begins.complete))
        .join(backup, backup.id == begins.backup_id)
        .where(
            backup.instance_id == archive.instance_id,
            backup.state.in_(backups.USABLE),
            backup.deleted.is_not(True),
            begins.series == archive.series,
        )
    )
    reached = (
        sa.select(
            sa.func.coalesce(
                newest.scalar_subquery(), oldest.scalar_subquery()
            ).label('until')
        )
        .select_from(archive)
        .join(models.Instance, models.Instance.id == archive.instance_id)
        .where(archive.wanted, _EXIST)
        .subquery()
    )
    ((until, now),) = _rows(
        sa.select(sa.func.min(reached.c.until), clock.Now())
    )
    if until is None:
        return None
    since = datetime.datetime.strptime(until, _TIME)
    return max(0.0, clock.age(now, since))


def certificate_days() -> float | None:
    """Return the days until the first certificate of an instance expires.

    :returns: below 0 when it has; None without certificates
    """
    certificate = models.InstanceCertificate
    query = (
        sa.select(sa.func.min(certificate.expires), clock.Now())
        .join(models.Instance, models.Instance.id == certificate.instance_id)
        .where(_EXIST)
    )
    ((first, now),) = _rows(query)
    if first is None:
        return None
    return float((first - now).total_seconds()) / _DAY


def quotas_used() -> dict[str, int]:
    """Return what all projects use and have reserved, by resource."""
    usage = models.QuotaUsage
    query = sa.select(usage.resource, sa.func.sum(_USED)).group_by(
        usage.resource
    )
    return {resource: int(used) for resource, used in _rows(query)}


def quotas_filled(conf: cfg.ConfigOpts) -> dict[str, float]:
    """Return the largest part of its quota that a project uses.

    :returns: 1.0 for all of it; by resource, without unlimited ones
    """
    usage, own = models.QuotaUsage, models.Quota
    usual = {each: quota.usual_limit(conf, each) for each in quota.RESOURCES}
    limit = sa.func.coalesce(
        own.hard_limit, sa.case(usual, value=usage.resource)
    )
    query = (
        sa.select(usage.resource, sa.func.max(_USED * 1.0 / limit))
        .outerjoin(
            own,
            (own.tenant_id == usage.tenant_id)
            & (own.resource == usage.resource),
        )
        .where(limit > 0, usage.resource.in_(quota.RESOURCES))
        .group_by(usage.resource)
    )
    return {resource: float(part) for resource, part in _rows(query)}


def replica_state(
    conf: cfg.ConfigOpts, now: datetime.datetime
) -> sa.Case[str]:
    """Return ``state`` of ``trove_replicas`` as an expression."""
    state = models.ReplicationState
    expiry = datetime.timedelta(seconds=conf.agent_heartbeat_expiry)
    return sa.case(
        (state.updated_at.is_(None), 'unknown'),
        (~state.updated_at.between(now - expiry, now + expiry), 'unknown'),
        (state.follows.is_(False), 'stopped'),
        (state.lag > _LAG, 'behind'),
        else_='follows',
    )


def replicas(conf: cfg.ConfigOpts) -> dict[str, int]:
    """Return how many replicas follow, are behind, stopped or unknown."""
    state = models.ReplicationState
    with session.reader() as db:
        kind = replica_state(conf, clock.now(db))
        query = (
            sa.select(kind, sa.func.count())
            .select_from(models.Instance)
            .outerjoin(state, state.instance_id == models.Instance.id)
            .where(_EXIST, models.Instance.slave_of_id.is_not(None))
            .group_by(kind)
        )
        return {row[0]: row[1] for row in db.execute(query)}
