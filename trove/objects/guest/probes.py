# SPDX-License-Identifier: Apache-2.0
"""When guests that announce nothing were asked what they speak.

One process asks and all know that it did: see ``trove/peers/survey.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
import datetime
from typing import Final
from typing import NamedTuple

from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import clock

#: Begins the text of a guest of which nothing but its refusal is known.
REFUTED: Final = '- refuted'

#: Seconds in which a claimed guest is asked, and in which no guest is claimed
#: again.
CLAIM: Final = 60


class Claimed(NamedTuple):
    """Guests of a page that the caller is to ask, and nobody else will.

    :param after: where the next page begins; None: there is none
    :param token: for :func:`release`
    """

    ids: list[str]
    after: str | None
    token: str = ''


@session.retry(duplicates=True)
def claim(after: str = '', page: int = 500) -> Claimed:
    """Claim guests of which nothing is known and nobody has asked yet.

    One that did not answer is claimed again once it was heard, one whose
    claim came to nothing after :data:`CLAIM` seconds.

    :param after: from this instance on, by id
    :param page: instances, at most; it takes five statements for them
    """
    token = uuidutils.generate_uuid(dashed=False)
    with session.writer() as db:
        now = clock.now(db)
        found = db.execute(
            _DUE.where(models.Instance.id > after, _due(now))
            .order_by(models.Instance.id)
            .limit(page)
        ).all()
        if not found:
            return Claimed([], None)
        ids = [row.id for row in found]
        new = [row.id for row in found if row.asked_at is None]
        values = [_row(each, now, False, token) for each in new]
        statements.put(db, models.GuestProbe, 'instance_id', values, ())
        statements.execute(
            db,
            sa.update(models.GuestProbe)
            .where(
                models.GuestProbe.instance_id.in_(set(ids) - set(new)),
                _is_old(now),
            )
            .values(asked_at=now, answered=False, token=token),
        )
        mine = db.scalars(
            sa.select(models.GuestProbe.instance_id).where(
                models.GuestProbe.instance_id.in_(ids),
                models.GuestProbe.token == token,
            )
        )
        more = len(found) == page
        return Claimed(sorted(mine), ids[-1] if more else None, token)


@session.retry
def release(claimed: Claimed) -> int:
    """Let others ask, now, those that were claimed and are not asked.

    :returns: how many
    """
    with session.writer() as db:
        # As if the claim were over.
        long_ago = clock.now(db) - datetime.timedelta(seconds=CLAIM + 1)
        return statements.execute(
            db,
            sa.update(models.GuestProbe)
            .where(
                models.GuestProbe.instance_id.in_(claimed.ids),
                models.GuestProbe.token == claimed.token,
            )
            .values(asked_at=long_ago),
        )


_DUE = (
    sa.select(models.Instance.id, models.GuestProbe.asked_at)
    .outerjoin(
        models.AgentHeartbeat,
        models.AgentHeartbeat.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.GuestProbe, models.GuestProbe.instance_id == models.Instance.id
    )
    .where(
        models.Instance.deleted.is_not(True),
        sa.or_(
            models.AgentHeartbeat.guest_agent_version.is_(None),
            models.AgentHeartbeat.guest_agent_version.startswith(
                REFUTED, autoescape=True
            ),
        ),
    )
)


def _due(now: datetime.datetime) -> sa.ColumnElement[bool]:
    probe = models.GuestProbe
    return sa.or_(
        probe.instance_id.is_(None),
        sa.and_(
            _is_old(now),
            sa.or_(
                probe.token.is_not(None),
                probe.answered.is_(True),
                models.AgentHeartbeat.updated_at > probe.asked_at,
            ),
        ),
    )


def _is_old(now: datetime.datetime) -> sa.ColumnElement[bool]:
    span = datetime.timedelta(seconds=CLAIM)
    # What is still to come is of before the clock was set back.
    return sa.not_(models.GuestProbe.asked_at.between(now - span, now + span))


def note(
    db: orm.Session,
    ids: Iterable[str],
    now: datetime.datetime,
    answered: bool,
) -> None:
    """Write down that guests were asked just now."""
    statements.put(
        db,
        models.GuestProbe,
        'instance_id',
        [_row(each, now, answered, None) for each in ids],
        ('asked_at', 'answered', 'token'),
    )


@session.retry(duplicates=True)
def record_unanswered(ids: Sequence[str]) -> None:
    """Write down that guests did not answer.

    Of instances that do not exist nothing is written.
    """
    with session.writer() as db:
        there = db.scalars(
            sa.select(models.Instance.id)
            .where(
                models.Instance.id.in_(ids),
                models.Instance.deleted.is_not(True),
            )
            .order_by(models.Instance.id)
        ).all()
        note(db, there, clock.now(db), answered=False)


def forget(db: orm.Session, instance_id: str) -> None:
    """Let a guest be asked anew: it is going to be another one."""
    statements.execute(
        db,
        sa.delete(models.GuestProbe).where(
            models.GuestProbe.instance_id == instance_id
        ),
    )


def _row(
    instance_id: str,
    now: datetime.datetime,
    answered: bool,
    token: str | None,
) -> dict[str, object]:
    return {
        'instance_id': instance_id,
        'asked_at': now,
        'answered': answered,
        'token': token,
    }
