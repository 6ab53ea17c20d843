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
from trove.objects import clock
from trove.objects import rows

LOG = log.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Service:
    """A task manager or conductor as it last reported.

    ``rpc_versions`` maps each interface that it serves to the latest
    version, as MAJOR.MINOR, that it understands.
    """

    binary: str
    host: str
    rpc_versions: dict[str, str]
    release: str | None
    started_at: datetime.datetime
    last_report: datetime.datetime


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
        known = rows.execute(
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
        rows.execute(
            db, sa.delete(models.Service).where(_is(binary, host))
        )


def list_() -> list[Service]:
    """Return all services, dead ones too, by binary and host."""
    query = sa.select(models.Service).order_by(
        models.Service.binary, models.Service.host
    )
    with session.reader() as db:
        return [_service(row) for row in db.scalars(query)]


def live(conf: cfg.ConfigOpts, binary: str | None = None) -> list[Service]:
    """Return the services that reported lately, all or those of a binary.

    It goes by the clock of the database, as the reports do.
    """
    with session.reader() as db:
        now = db.scalars(sa.select(clock.Now())).one()
        found = list_()
    since = now - datetime.timedelta(seconds=conf.service_down_time)
    return [
        service
        for service in found
        if service.last_report >= since and binary in (None, service.binary)
    ]


def lowest_version(
    conf: cfg.ConfigOpts, binary: str, interface: str
) -> str | None:
    """Return the highest version that all live services understand.

    :returns: MAJOR.MINOR, or None when no live one serves the interface
    """
    found = []
    for service in live(conf, binary):
        version = service.rpc_versions.get(interface)
        if version is None:
            continue
        try:
            found.append((_numbers(version), version))
        except ValueError:
            LOG.warning(
                '%s on %s reports "%s" as its version of the interface %s, '
                'which is not MAJOR.MINOR; it is passed over. Upgrade it.',
                service.binary,
                service.host,
                version,
                interface,
            )
    return min(found)[1] if found else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split('.'))


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
