# SPDX-License-Identifier: Apache-2.0
"""The registry of task managers and conductors.

Each reports from time to time. Who has not for ``service_down_time`` seconds
counts as dead, and no longer holds the others back to an old RPC version.
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

#: With this begins the host of a row that stands for services which do not
#: report by themselves and were found by probing: those of released Trove.
UNREGISTERED = '(unregistered)'


@dataclasses.dataclass(frozen=True)
class Service:
    """A task manager or conductor as it last reported.

    ``rpc_versions`` maps each interface that it serves to the latest
    revision that it understands, or to several of different majors with
    commas between them.
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
    """Write down that a service lives.

    :param started: it has just been started
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
    """Forget a service that is stopped, so that it counts no more."""
    with session.writer() as db:
        statements.execute(
            db, sa.delete(models.Service).where(_is(binary, host))
        )


def list_() -> list[Service]:
    """Return all services, dead ones too, by binary and host."""
    with session.reader() as db:
        return [_service(row) for row in db.scalars(_ALL)]


def live(conf: cfg.ConfigOpts, binary: str | None = None) -> list[Service]:
    """Return the services that reported lately, all or those of a binary.

    It goes by the clock of the database, as the reports do, and takes one
    query.
    """
    query = _ALL.add_columns(clock.Now().label('read_at'))
    if binary is not None:
        query = query.where(models.Service.binary == binary)
    most: float = conf.service_down_time
    with session.reader() as db:
        return [
            _service(row)
            for row, now in db.execute(query)
            # One that is still to come is of before the clock was set back.
            if abs(clock.age(now, row.last_report)) <= most
        ]


def live_versions(
    conf: cfg.ConfigOpts,
    binary: str,
    interface: str,
    registered: bool | None = None,
) -> list[str]:
    """Return what the live services say that they speak of an interface.

    :param registered: only those that report by themselves, or only those
        that do not
    :returns: each text once, sorted as texts: a revision, or several of
        different majors with commas between them; [] when no live service
        serves the interface
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
            'The row of %s on %s in table services is damaged; it counts as '
            'one that serves nothing until it reports again.',
            row.binary,
            row.host,
        )
        return {}
