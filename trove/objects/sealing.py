# SPDX-License-Identifier: Apache-2.0
"""Which peers have shown that they know seals, and what is permitted.

A peer is the guest of an instance, or one of :data:`SERVICES`. The decisions
are those of :mod:`trove.common.belief`; here is what has to outlast the
processes.
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
from trove.db import statements
from trove.objects import _rows
from trove.objects.guest import probes

#: What services are permitted: by the name of the interface whose topic they
#: share, for what is sent to them; ``api`` for what task managers take, which
#: no registry knows all senders of.
SERVICES: Final = ('api', 'conductor', 'taskmanager')
SENDERS: Final = 'api'

#: What an operator may say of a peer.
Word = Literal['allow', 'hold', 'forbid']

#: Columns that a change may touch, besides the key.
CHANGED: Final = ('proven_at', 'allowed', 'held', 'ended_at', 'ended_by')

_MOST_REASON: Final = 2000


@dataclasses.dataclass(frozen=True)
class Sealing:
    """What is known, and permitted, of a peer.

    :param instance_id: the guest of this one, or one of :data:`SERVICES`
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
    return belief.Belief(speaks) if row is None else _believed(row, speaks)


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


def all_services() -> dict[str, belief.Belief]:
    """Return what is believed of each of :data:`SERVICES`, by one query."""
    found = dict.fromkeys(SERVICES, belief.Belief())
    query = sa.select(models.InstanceSealing).where(
        models.InstanceSealing.instance_id.in_(SERVICES)
    )
    with session.reader() as db:
        for row in db.scalars(query):
            found[row.instance_id] = _believed(row, None)
    return found


def of_services(name: str) -> belief.Belief:
    """Return what is believed of one of :data:`SERVICES`."""
    with session.reader() as db:
        return of(db, name, None)


@session.retry(duplicates=True)
def record_registered(name: str, seals: bool) -> None:
    """Take note that all services of a topic have reported to the registry.

    :param seals: all of them know seals
    """
    with session.writer() as db:
        row = db.get(models.InstanceSealing, name)
        before = of(db, name, None)
        values = changes(
            name,
            None if row is None else row.proven_at,
            before,
            belief.learn(before, 'registered', seals=seals),
            'the registry of services',
        )
        if values is not None:
            statements.put(
                db, models.InstanceSealing, 'instance_id', [values], CHANGED
            )


@session.retry(duplicates=True)
def say(instance_id: str, word: Word, who: str, why: str) -> Sealing:
    """Write down what an operator permits, or forbids, for a peer.

    Of services he may say also that they know seals, all of them, by
    forbidding what was never permitted.

    :param instance_id: or one of :data:`SERVICES`
    :param who: 255 characters
    :param why: what it is good for
    :raises InstanceNotFound: there is none, or it is deleted
    :raises Conflict: it was never proven, so there is nothing to permit; or
        nothing is permitted that could be forbidden
    """
    with session.writer() as db:
        services = instance_id in SERVICES
        if not services and (
            '\0' in instance_id or _rows.lock(db, instance_id) is None
        ):
            raise exception.InstanceNotFound(id=instance_id)
        row = db.get(models.InstanceSealing, instance_id)
        if services and row is None and word == 'forbid':
            row = models.InstanceSealing(
                instance_id=instance_id, allowed=False, held=False
            )
            db.add(row)
            db.flush()
        _check_sense(row, instance_id, word)
        assert row is not None
        before = of(db, instance_id, None)
        after = belief.learn(
            before, 'closed' if services and word == 'forbid' else word
        )
        now = timeutils.utcnow()
        if after.proven and row.proven_at is None:
            row.proven_at = now
        row.allowed, row.held = after.allowed, after.held
        if after.allowed:
            row.allowed_at, row.allowed_by = now, who[:255]
            row.reason = why[:_MOST_REASON]
            row.ended_at = row.ended_by = None
        else:
            row.ended_at, row.ended_by = now, who[:255]
        # What is known of it is to be found out anew.
        probes.forget(db, instance_id)
        statements.execute(
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


def _check_sense(
    row: models.InstanceSealing | None, name: str, word: Word
) -> None:
    """Refuse what would change nothing.

    :raises Conflict: with the reason
    """
    proven = row is not None and row.proven_at is not None
    allowed = row is not None and row.allowed
    if name in SERVICES:
        if not proven and word != 'forbid':
            raise exception.Conflict(
                f'It is not known of all services that "{name}" stands for '
                'that they know seals: the form of released Trove is '
                'permitted for them anyway.'
            )
        if word == 'forbid' and proven and not allowed:
            raise exception.Conflict(
                'The form of released Trove is not permitted for '
                f'"{name}": there is nothing to forbid.'
            )
        return
    if row is None or (not proven and word != 'forbid'):
        raise exception.Conflict(
            f'The guest of instance {name} has not sent anything '
            'sealed since its key was made: the form of released Trove '
            'is permitted for it anyway.'
        )
    if word == 'forbid' and not allowed:
        raise exception.Conflict(
            'The form of released Trove is not permitted for instance '
            f'{name}: there is nothing to forbid.'
        )


def record_rotated(db: orm.Session, instance_id: str) -> None:
    """Take note that a guest has taken a new key; its instance is locked."""
    row = db.get(models.InstanceSealing, instance_id)
    before = of(db, instance_id, None)
    values = changes(
        instance_id,
        None if row is None else row.proven_at,
        before,
        belief.learn(before, 'rotated'),
        'a new key',
    )
    if values is not None:
        statements.put(
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


def _believed(
    row: models.InstanceSealing, speaks: str | None
) -> belief.Belief:
    return belief.Belief(
        speaks, row.proven_at is not None, row.allowed, row.held
    )


def _sealing(row: models.InstanceSealing) -> Sealing:
    return Sealing(
        **{
            field.name: getattr(row, field.name)
            for field in dataclasses.fields(Sealing)
        }
    )
