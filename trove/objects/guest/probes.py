# SPDX-License-Identifier: Apache-2.0
"""The probes of guests that announce nothing.

One process probes a guest for all: see ``trove/peers/survey.py``.
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

#: Prefix of the text of a guest of which only a refusal is known.
REFUTED: Final = '- refuted'

#: Lifetime of a claim, and minimum interval between two claims of a guest, in
#: seconds.
CLAIM: Final = 60


class Claimed(NamedTuple):
    """Guests that only the caller probes.

    :param ids: of their instances
    :param after: the marker of the next page, None for the last one
    :param token: for :func:`release`
    """

    ids: list[str]
    after: str | None
    token: str = ''


@session.retry(duplicates=True)
def claim(after: str = '', page: int = 500) -> Claimed:
    """Claim guests of an unknown version that were not probed yet.

    A guest that did not answer is claimed again after its next message. One
    whose claim was not used is claimed again after :data:`CLAIM` seconds.

    :param after: id of the last instance of the previous page
    :param page: maximum number of guests; they take five statements
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
    """Release the claims of guests that were not probed.

    :returns: the number of guests
    """
    with session.writer() as db:
        # The claim counts as expired.
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
    # A time in the future is from before the clock was set back.
    return sa.not_(models.GuestProbe.asked_at.between(now - span, now + span))


def note(
    db: orm.Session,
    ids: Iterable[str],
    now: datetime.datetime,
    answered: bool,
) -> None:
    """Record that guests were probed.

    :param now: the time by the clock of the database
    :param answered: whether they answered
    """
    statements.put(
        db,
        models.GuestProbe,
        'instance_id',
        [_row(each, now, answered, None) for each in ids],
        ('asked_at', 'answered', 'token'),
    )


@session.retry(duplicates=True)
def record_unanswered(ids: Sequence[str]) -> None:
    """Record that guests did not answer; unknown instances are ignored."""
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


@session.retry(duplicates=True)
def record_life(instance_id: str) -> None:
    """Forget that a guest did not answer a probe: it has answered since."""
    with session.writer() as db:
        statements.execute(
            db,
            sa.delete(models.GuestProbe).where(
                models.GuestProbe.instance_id == instance_id,
                models.GuestProbe.answered.is_(False),
                models.GuestProbe.token.is_(None),
            ),
        )


def forget(db: orm.Session, instance_id: str) -> None:
    """Remove the last probe of a guest that is going to be replaced."""
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
