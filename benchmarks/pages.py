# SPDX-License-Identifier: Apache-2.0
"""A page of 100 instances: of 10,000 against of 100, on both databases.

Each of the two servers has two databases, one with 100 instances of one
project and one with 10,000; the same number again is deleted. Their pages
are read in turns, by what the API reads them with, and the quickest of each
are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable
import datetime
import sys
import time
from typing import Any

from oslo_config import cfg
import sqlalchemy as sa

from benchmarks import _report
from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.fixtures import database

FEW, MANY = 100, 10_000
LIMIT = 1.2
PAGE = 100
#: Turns, and pages that are read in each.
TURNS, TIMES = 10, 10
PROJECT = 'measured'
_BEGAN = datetime.datetime(2026, 1, 1)
_USER = trove_context.TroveContext(user_id='u', project_id=PROJECT)
_ADMIN = trove_context.make_admin_context(user_id='a', project_id='admin')


def fill(number: int) -> str:
    """Write instances down; return the id of one with 99 behind it."""
    datastores.save('postgresql')
    version = datastores.save_version(
        'postgresql', '18', manager='postgresql', image_id='i', version='18'
    )
    rows = [
        {
            'id': f'{(each * 7919) % 1_000_003:036d}',
            'name': f'db{each}',
            'tenant_id': PROJECT,
            'created': _BEGAN + datetime.timedelta(minutes=each // 4),
            'datastore_version_id': version.id,
            'task_id': states.Task.NONE.code,
            'server_status': 'ACTIVE',
            'deleted': each % 2 == 1,
        }
        for each in range(2 * number)
    ]
    statuses = [
        {
            'instance_id': row['id'],
            'status_id': 1,
            'status_description': 'healthy',
        }
        for row in rows
    ]
    beats = [{'instance_id': row['id']} for row in rows]
    with session.writer() as db:
        db.execute(sa.insert(models.Instance), rows)
        db.execute(sa.insert(models.ServiceStatus), statuses)
        db.execute(sa.insert(models.AgentHeartbeat), beats)
    return str(rows[number - PAGE]['id'])


def looks(marker: str) -> dict[str, Callable[[], Any]]:
    def user(after: str | None = None) -> Callable[[], Any]:
        return lambda: instances.list_(
            _USER, limit=PAGE, marker=after, include_clustered=False
        )

    return {
        'first page': user(),
        'last page': user(marker),
        'page of all projects, deleted ones too': lambda: instances.list_(
            _ADMIN, limit=PAGE, all_projects=True, deleted=None
        ),
    }


def measure(kind: str, few: Any, many: Any) -> list[_report.Figure]:
    sizes = {FEW: few, MANY: many}
    markers = {}
    for number, one in sizes.items():
        session.configure(database.make_conf(one.url))
        markers[number] = fill(number)
        if kind == 'PostgreSQL':
            # What its autovacuum does within a minute.
            with session.engine().begin() as connection:
                connection.execute(sa.text('ANALYZE'))
        session.dispose()
    taken: dict[str, dict[int, list[float]]] = {}
    for _ in range(TURNS):
        for number, one in sizes.items():
            session.configure(database.make_conf(one.url))
            for name, look in looks(markers[number]).items():
                values = taken.setdefault(name, {FEW: [], MANY: []})
                values[number].append(_time(look))
            session.dispose()
    return [
        _figure(f'{kind}: {name}', values) for name, values in taken.items()
    ]


def _time(look: Callable[[], Any]) -> float:
    look()
    values = []
    for _ in range(TIMES):
        start = time.perf_counter()
        look()
        values.append(time.perf_counter() - start)
    return min(values)


def _figure(name: str, values: dict[int, list[float]]) -> _report.Figure:
    for number in (FEW, MANY):
        print(f'{name}, {number}: {_report.spread(values[number], "ms", 1e3)}')
    return _report.Figure(
        f'{name}, of {MANY} against of {FEW}',
        min(values[MANY]) / min(values[FEW]),
        limit=LIMIT,
    )


def main() -> int:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    figures = []
    for kind in (database.MariaDB, database.PostgreSQL):
        with kind() as few, kind() as many:
            figures += measure(kind.__name__, few, many)
    return _report.conclude(figures)


if __name__ == '__main__':
    sys.exit(main())
