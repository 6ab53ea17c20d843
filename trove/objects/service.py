# SPDX-License-Identifier: Apache-2.0
"""The registry of task managers and conductors.

Each service reports periodically. One without a report for
``service_down_time`` seconds counts as dead, and does not lower the cap of its
topic any more.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

from oslo_config import cfg
from oslo_log import log
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import clock

LOG = log.getLogger(__name__)

#: Prefix of the host in a row for services of released Trove, which do not
#: report and were found by probing.
UNREGISTERED = '(unregistered)'


@dataclasses.dataclass(frozen=True)
class Service:
    """A task manager or conductor as it last reported.

    ``rpc_versions`` maps each interface that it serves to the latest revision
    that it understands, or to one per major, separated by commas.
    """

    binary: str
    host: str
    rpc_versions: dict[str, str]
    release: str | None
    started_at: datetime.datetime
    last_report: datetime.datetime

    @property
    def registered(self) -> bool:
        """Whether it reports by itself."""
        return not self.host.startswith(UNREGISTERED)


@session.retry(duplicates=True)
def report(
    binary: str,
    host: str,
    rpc_versions: dict[str, str],
    release: str | None,
    *,
    started: bool = False,
) -> None:
    """Record that a service is alive.

    :param rpc_versions: as in :class:`Service`
    :param release: of its package, None when unknown
    :param started: it was just started
    """
    now = clock.Now()
    values: dict[str, Any] = {
        'rpc_versions': json.dumps(rpc_versions, sort_keys=True),
        'release': release,
        'last_report': now,
    }
    if started:
        values['started_at'] = now
    with session.writer() as db:
        known = statements.execute(
            db,
            sa.update(models.Service)
            .where(_is(binary, host))
            .values(**values),
        )
        if not known:
            db.add(models.Service(binary=binary, host=host, **values))


def remove(binary: str, host: str) -> None:
    """Remove a service that is stopped."""
    with session.writer() as db:
        statements.execute(
            db, sa.delete(models.Service).where(_is(binary, host))
        )


def list_() -> list[Service]:
    """Return all services, also dead ones, by binary and host."""
    with session.reader() as db:
        return [_service(row) for row in db.scalars(_ALL)]


def live(conf: cfg.ConfigOpts, binary: str | None = None) -> list[Service]:
    """Return the live services, all or those of a binary, by one query.

    Ages are measured by the clock of the database, as in the reports.
    """
    query = _ALL.add_columns(clock.Now().label('read_at'))
    if binary is not None:
        query = query.where(models.Service.binary == binary)
    most: float = conf.service_down_time
    with session.reader() as db:
        return [
            _service(row)
            for row, now in db.execute(query)
            # A report of the future was made before the clock was set back.
            if abs(clock.age(now, row.last_report)) <= most
        ]


def live_versions(
    conf: cfg.ConfigOpts,
    binary: str,
    interface: str,
    registered: bool | None = None,
) -> list[str]:
    """Return the versions of an interface that live services report.

    :param registered: only services that report themselves, or only those
        that do not; None: both
    :returns: each text once, sorted as text: a revision, or one per major,
        separated by commas; [] when no live service serves the interface
    """
    return sorted(
        {
            service.rpc_versions[interface]
            for service in live(conf, binary)
            if interface in service.rpc_versions
            and registered in (None, service.registered)
        }
    )


_ALL = sa.select(models.Service).order_by(
    models.Service.binary, models.Service.host
)


def _is(binary: str, host: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        models.Service.binary == binary, models.Service.host == host
    )


def _service(row: models.Service) -> Service:
    return Service(
        binary=row.binary,
        host=row.host,
        rpc_versions=_versions(row),
        release=row.release,
        started_at=row.started_at,
        last_report=row.last_report,
    )


def _versions(row: models.Service) -> dict[str, str]:
    try:
        versions = json.loads(row.rpc_versions)
        return {str(name): str(value) for name, value in versions.items()}
    except (ValueError, AttributeError):
        LOG.warning(
            'Ignoring the malformed versions of %s on %s in table services '
            'until its next report. Restart it if it is running.',
            row.binary,
            row.host,
        )
        return {}
