# SPDX-License-Identifier: Apache-2.0
"""Which peers have proven that they support seals, and what is permitted.

A peer is the guest of an instance, or one of :data:`SERVICES`.
:mod:`trove.common.belief` decides; this module stores its state.
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
from trove.common import text
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects.guest import probes

#: Groups of services, by the interface whose topic they share: for messages to
#: them. ``api`` stands for the senders to task managers, which have no
#: registry.
SERVICES: Final = ('api', 'conductor', 'taskmanager')
SENDERS: Final = 'api'

#: The decisions of an operator about a peer.
Word = Literal['allow', 'hold', 'forbid']

#: Columns that a change may touch, besides the key.
CHANGED: Final = ('proven_at', 'allowed', 'held', 'ended_at', 'ended_by')

_MAX_REASON: Final = 2000


@dataclasses.dataclass(frozen=True)
class Sealing:
    """The state of a peer; times are UTC without a zone.

    :param instance_id: of the guest, or one of :data:`SERVICES`
    :param proven_at: since when it is proven to support seals, None when it
        is not
    :param allowed: an operator permits the form of released Trove
    :param held: the permission does not end with a sealed message
    :param allowed_at: when it was last permitted; by whom and why are
        ``allowed_by`` and ``reason``
    :param ended_at: when the permission ended, and ``ended_by`` what; None:
        it is in force, or was never given
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
    """Return the state of a peer, None when there is none."""
    if '\0' in instance_id:
        return None
    with session.reader() as db:
        row = db.get(models.InstanceSealing, instance_id)
        return None if row is None else _sealing(row)


def permitted(ended: bool = False) -> list[Sealing]:
    """Return the peers for which the released form is permitted, by id.

    :param ended: also those whose permission has ended
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
    """Return the belief about a guest; its instance is locked.

    :param speaks: its known revision, None when unknown
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
    """Return the new row of a guest after a change of belief.

    :param proven_at: of the present row
    :param by: the cause, for ``ended_by``
    :returns: values by column; None when the row does not change
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
    """Return the beliefs about :data:`SERVICES`, by one query."""
    found = dict.fromkeys(SERVICES, belief.Belief())
    query = sa.select(models.InstanceSealing).where(
        models.InstanceSealing.instance_id.in_(SERVICES)
    )
    with session.reader() as db:
        for row in db.scalars(query):
            found[row.instance_id] = _believed(row, None)
    return found


def of_services(name: str) -> belief.Belief:
    """Return the belief about one of :data:`SERVICES`."""
    with session.reader() as db:
        return of(db, name, None)


@session.retry(duplicates=True)
def record_registered(name: str, seals: bool) -> None:
    """Record that all services of a topic are in the registry.

    :param name: one of :data:`SERVICES`
    :param seals: all of them support seals
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


def check_token(instance_id: str) -> None:
    """Check that a guest which calls itself released may get a token.

    One that has ever shown that it knows seals is not of a release. Whoever
    is root in it has its key, and may have it say so for the token.

    :raises trove.common.exception.NotSupported: it may not
    """
    found = get(instance_id)
    if found is not None and not found.allowed:
        raise exception.NotSupported(
            f'The guest agent of instance {instance_id} says that it is of a '
            'release up to 26, which uses the object store with the token of '
            'the user; but it was of a later one, and an attacker in it may '
            'say so to get the token. Upgrade the guest agent. Or, if it was '
            'rolled back, have the administrator permit that with "trove-rpc '
            f'sealing allow {instance_id} --reason WHY".'
        )


@session.retry(duplicates=True)
def say(instance_id: str, word: Word, who: str, why: str) -> Sealing:
    """Record the decision of an operator about a peer.

    For services, ``forbid`` without a permission records that all of them
    support seals.

    :param instance_id: or one of :data:`SERVICES`
    :param who: name of the operator, cut at 255 characters
    :param why: the reason, cut at 2000 characters
    :raises InstanceNotFound: there is none, or it is deleted
    :raises Conflict: the peer is not proven, so the form is permitted anyway;
        or there is no permission to end
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
            row.reason = text.cut(why, _MAX_REASON)
            row.ended_at = row.ended_by = None
        else:
            row.ended_at, row.ended_by = now, who[:255]
        # The version of the guest is to be probed again.
        probes.forget(db, instance_id)
        statements.execute(
            db,
            sa.update(models.AgentHeartbeat)
            .where(models.AgentHeartbeat.instance_id == instance_id)
            .values(
                guest_agent_version=None,
                # The time of its last heartbeat: keep onupdate off it.
                updated_at=models.AgentHeartbeat.updated_at,
            ),
        )
        db.flush()
        return _sealing(row)


def _check_sense(
    row: models.InstanceSealing | None, name: str, word: Word
) -> None:
    """Refuse a decision without an effect.

    :raises Conflict: with the reason
    """
    proven = row is not None and row.proven_at is not None
    allowed = row is not None and row.allowed
    if name in SERVICES:
        if not proven and word != 'forbid':
            raise exception.Conflict(
                f'Not all services of "{name}" are proven to support seals: '
                'the form of released Trove is permitted for them anyway.'
            )
        if word == 'forbid' and proven and not allowed:
            raise exception.Conflict(
                'The form of released Trove is not permitted for '
                f'"{name}": there is nothing to forbid.'
            )
        return
    if row is None:
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
    """Record that a guest has accepted a new key; its instance is locked."""
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
    """A cache of the peers for which the released form is permitted.

    :param seconds: lifetime of the cache
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._found: tuple[dict[str, bool], float] | None = None

    def get(self, fresh: bool = False) -> dict[str, bool]:
        """Return whether each is held, by id.

        :param fresh: read the database now
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
