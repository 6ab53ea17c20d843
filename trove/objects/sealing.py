# SPDX-License-Identifier: Apache-2.0
"""Which guests have shown that they know seals, and what is permitted.

The decisions are those of :mod:`trove.common.belief`; here is what has to
outlast the processes.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from typing import Any
from typing import Final
from typing import Literal

from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import belief
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import rows

#: What an operator may say of a guest.
Word = Literal['allow', 'hold', 'forbid']

#: Columns that a change may touch, besides the key.
CHANGED: Final = (
    *('proven_at', 'allowed', 'held', 'ended_at', 'ended_by'),
)

_MOST_REASON: Final = 2000


@dataclasses.dataclass(frozen=True)
class Sealing:
    """What is known, and permitted, of the guest of an instance.

    :param proven_at: since when it is known to know seals, in UTC; None: it
        is not
    :param allowed: an operator permits the form of released Trove
    :param held: that outlasts what the guest sends sealed
    :param allowed_at: when it was permitted last, by whom and why
    :param ended_at: when that ended, and by what; None: it holds, or never
        was
    """

    instance_id: str
    proven_at: datetime.datetime | None
    allowed: bool
    held: bool
    allowed_at: datetime.datetime | None
    allowed_by: str | None
    reason: str | None
    ended_at: datetime.datetime | None
    ended_by: str | None


def get(instance_id: str) -> Sealing | None:
    """Return what is known of one; None: nothing."""
    if '\0' in instance_id:
        return None
    with session.reader() as db:
        row = db.get(models.InstanceSealing, instance_id)
        return None if row is None else _sealing(row)


def permitted(ended: bool = False) -> list[Sealing]:
    """Return those for which the released form is permitted, by id.

    :param ended: also those for which that has ended
    """
    wanted = models.InstanceSealing.allowed.is_(True)
    if ended:
        wanted = models.InstanceSealing.allowed_at.is_not(None)
    query = (
        sa.select(models.InstanceSealing)
        .where(wanted)
        .order_by(models.InstanceSealing.instance_id)
    )
    with session.reader() as db:
        return [_sealing(row) for row in db.scalars(query)]


def of(db: orm.Session, instance_id: str, speaks: str | None) -> belief.Belief:
    """Return what is believed of a guest; its instance is locked.

    :param speaks: the revision that it is taken for
    """
    row = db.get(models.InstanceSealing, instance_id)
    if row is None:
        return belief.Belief(speaks)
    return belief.Belief(
        speaks, row.proven_at is not None, row.allowed, row.held
    )


def changes(
    instance_id: str,
    proven_at: datetime.datetime | None,
    before: belief.Belief,
    after: belief.Belief,
    by: str,
) -> dict[str, Any] | None:
    """Return the row of a guest of which something else is believed now.

    :param proven_at: what the row says of that
    :param by: what has changed it
    :returns: None when nothing of the row changes
    """
    if before[1:] == after[1:]:
        return None
    now = timeutils.utcnow()
    ends = before.allowed and not after.allowed
    return {
        'instance_id': instance_id,
        'proven_at': (proven_at or now) if after.proven else None,
        'allowed': after.allowed,
        'held': after.held,
        'ended_at': now if ends else None,
        'ended_by': by if ends else None,
    }


@session.retry(duplicates=True)
def say(instance_id: str, word: Word, who: str, why: str) -> Sealing:
    """Write down what an operator permits, or forbids, for a guest.

    :param who: 255 characters
    :param why: what it is good for
    :raises InstanceNotFound: there is none, or it is deleted
    :raises Conflict: it was never proven, so there is nothing to permit; or
        nothing is permitted that could be forbidden
    """
    with session.writer() as db:
        if '\0' in instance_id or rows.lock(db, instance_id) is None:
            raise exception.InstanceNotFound(id=instance_id)
        row = db.get(models.InstanceSealing, instance_id)
        if row is None or (row.proven_at is None and word != 'forbid'):
            raise exception.Conflict(
                f'The guest of instance {instance_id} has not sent anything '
                'sealed since its key was made: the form of released Trove '
                'is permitted for it anyway.'
            )
        if word == 'forbid' and not row.allowed:
            raise exception.Conflict(
                'The form of released Trove is not permitted for instance '
                f'{instance_id}: there is nothing to forbid.'
            )
        before = of(db, instance_id, None)
        after = belief.learn(before, word)
        now = timeutils.utcnow()
        row.allowed, row.held = after.allowed, after.held
        if after.allowed:
            row.allowed_at, row.allowed_by = now, who[:255]
            row.reason = why[:_MOST_REASON]
            row.ended_at = row.ended_by = None
        else:
            row.ended_at, row.ended_by = now, who[:255]
        # What is known of it is to be found out anew.
        rows.execute(
            db,
            sa.update(models.AgentHeartbeat)
            .where(models.AgentHeartbeat.instance_id == instance_id)
            .values(
                guest_agent_version=None,
                # It says when the guest last spoke by itself.
                updated_at=models.AgentHeartbeat.updated_at,
            ),
        )
        db.flush()
        return _sealing(row)


def record_rotated(db: orm.Session, instance_id: str) -> None:
    """Take note that a guest has taken a new key; its instance is locked."""
    row = db.get(models.InstanceSealing, instance_id)
    before = of(db, instance_id, None)
    values = changes(
        instance_id,
        None if row is None else row.proven_at,
        *(before, belief.learn(before, 'rotated'), 'a new key'),
    )
    if values is not None:
        rows.put(
            db, models.InstanceSealing, 'instance_id', [values], CHANGED
        )
        db.expire_all()


class Allowed:
    """The instances for which it is permitted; looked up now and then.

    :param seconds: for which they are remembered
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._found: tuple[dict[str, bool], float] | None = None

    def get(self, fresh: bool = False) -> dict[str, bool]:
        """Return their ids, and of each whether it is held.

        :param fresh: look it up now
        """
        known = self._found
        now = time.monotonic()
        if known is None or fresh or now - known[1] >= self._seconds:
            known = {each.instance_id: each.held for each in permitted()}, now
            self._found = known
        return known[0]


def _sealing(row: models.InstanceSealing) -> Sealing:
    return Sealing(
        **{
            field.name: getattr(row, field.name)
            for field in dataclasses.fields(Sealing)
        }
    )
