# SPDX-License-Identifier: Apache-2.0
"""How replicas follow their primary, as their guests report it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import text
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import clock

#: Maximum characters of each text.
MAX_TEXT = 255


@dataclasses.dataclass(frozen=True)
class State:
    """A report of a replica.

    :param lag: seconds since it had all that its primary has; None: unknown
    :param errant: transactions that its primary does not have, cut
    :param error: why it does not follow, as the database server says
    :param reported: when, by the clock of the database
    """

    follows: bool
    lag: float | None = None
    errant: str = ''
    error: str = ''
    reported: datetime.datetime | None = None


def write(
    db: orm.Session,
    states: Sequence[tuple[str, State]],
    now: datetime.datetime,
) -> None:
    """Record reports of instances that are locked; the last one counts.

    :param now: by the clock of the database
    """
    rows = {
        instance_id: {
            'instance_id': instance_id,
            'follows': state.follows,
            'lag': state.lag,
            'errant': text.cut(state.errant, MAX_TEXT),
            'error': text.cut(state.error, MAX_TEXT),
            'updated_at': now,
        }
        for instance_id, state in states
    }
    statements.put(
        db,
        models.ReplicationState,
        'instance_id',
        list(rows.values()),
        ('follows', 'lag', 'errant', 'error', 'updated_at'),
    )


@session.retry
def states(
    instance_ids: Iterable[str], expiry: float
) -> dict[str, State]:
    """Return the reports of instances, of those that have a current one.

    :param expiry: seconds after which a report is not current
    """
    query = sa.select(models.ReplicationState, clock.Now()).where(
        models.ReplicationState.instance_id.in_(list(instance_ids))
    )
    with session.reader() as db:
        return {
            row.instance_id: State(
                follows=row.follows,
                lag=row.lag,
                errant=row.errant or '',
                error=row.error or '',
                reported=row.updated_at,
            )
            for row, now in db.execute(query)
            if abs(clock.age(now, row.updated_at)) <= expiry
        }


@session.retry
def has_reported(instance_id: str) -> bool:
    """Whether it has ever reported as one that is no primary."""
    with session.reader() as db:
        return db.get(models.ReplicationState, instance_id) is not None


@session.retry
def forget(instance_id: str) -> None:
    """Delete the report of an instance that is a primary now."""
    row = models.ReplicationState
    with session.writer() as db:
        statements.execute(
            db, sa.delete(row).where(row.instance_id == instance_id)
        )
