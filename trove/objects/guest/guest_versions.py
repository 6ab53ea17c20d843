# SPDX-License-Identifier: Apache-2.0
"""The versions of guests, announced or found by probing.

A version is stored as one text: the revision of the guest agent's interface, a
space, and its source: the release of the guest's package when the guest
announced it, or ``probed``. ``- refuted after REVISION`` means that the guest
refused messages of this revision, and that nothing else is known of it;
``REVISION probed after REVISION`` that it was probed since.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import NamedTuple

from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import belief
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects import gathering
from trove.objects import sealing
from trove.objects.guest import _known
from trove.objects.guest import probes

_PROBED = 'probed'
_REFUTED = probes.REFUTED
_AFTER = ' after '
_LENGTH = 255


class Asked(NamedTuple):
    """The last probe of a guest, by any process.

    :param age: seconds since then, by the clock of the database
    :param answered: the guest answered
    :param heard: the guest sent a message since
    """

    age: float
    answered: bool
    heard: bool


@dataclasses.dataclass(frozen=True)
class Spoken:
    """The known version of a guest.

    :param revision: a revision of the guest agent's interface, or one per
        major, separated by commas; None when unknown
    :param how: the release of the guest's package, or 'probed'; None when
        the guest did not announce its release, or the version is unknown
    :param former: the revision that the guest refused, and that it has not
        announced since
    :param silent: seconds since the last heartbeat, by the clock of the
        database, negative after that was set back; None when not looked up,
        or never
    :param asked: the last probe; None when not looked up, or never
    """

    revision: str | None
    how: str | None
    former: str | None = None
    silent: float | None = None
    asked: Asked | None = None

    @property
    def probed(self) -> bool:
        """Whether it was found by probing."""
        return self.revision is not None and self.how == _PROBED

    @property
    def announced(self) -> bool:
        """Whether the guest announced it."""
        return self.revision is not None and self.how != _PROBED

    @property
    def release(self) -> str | None:
        """The release of the guest's package, if the guest announced it."""
        return self.how if self.announced else None


def parse(text: str | None) -> Spoken:
    """Parse a stored text."""
    now, _, former = (text or '').strip().partition(_AFTER)
    if now == _REFUTED:
        return Spoken(None, None, former or None)
    revision, _, how = now.partition(' ')
    return Spoken(revision or None, how.strip() or None, former or None)


def heard(stored: str | None, announced: str | None) -> str | None:
    """Return the text to store after a heartbeat.

    A heartbeat without an announcement revokes an earlier announcement: the
    guest was rolled back to a release that announces nothing. It does not
    revoke the result of a probe.

    :param stored: the present text
    :param announced: of the heartbeat, None when it has no announcement
    """
    if announced is None:
        known = parse(stored)
        return stored if known.probed or known.former else None
    said = parse(announced.replace('\0', ''))
    if said.probed:
        return said.revision
    return f'{said.revision or ""} {said.how or ""}'.strip()[:_LENGTH] or None


_FOUND = (
    sa.select(
        models.Instance.id,
        models.AgentHeartbeat.guest_agent_version,
        models.AgentHeartbeat.updated_at,
        models.GuestProbe.asked_at,
        models.GuestProbe.answered,
        models.GuestProbe.token,
        clock.Now().label('now'),
    )
    .outerjoin(
        models.AgentHeartbeat,
        models.AgentHeartbeat.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.GuestProbe, models.GuestProbe.instance_id == models.Instance.id
    )
    .where(models.Instance.id.in_(sa.bindparam('ids', expanding=True)))
)


def guests_spoken(ids: Collection[str]) -> dict[str, Spoken]:
    """Return the versions of guests, by one query.

    :returns: by the ids of the existing instances
    """
    with session.reader() as db:
        return {
            row.id: _spoken(row)
            for row in db.execute(
                _FOUND, {'ids': [each for each in ids if '\0' not in each]}
            )
        }


def _spoken(row: Any) -> Spoken:
    silent = asked = None
    if row.updated_at is not None:
        silent = clock.age(row.now, row.updated_at)
    if row.asked_at is not None and row.token is None:
        asked = Asked(
            clock.age(row.now, row.asked_at),
            bool(row.answered),
            row.updated_at is not None and row.updated_at > row.asked_at,
        )
    return dataclasses.replace(
        parse(row.guest_agent_version), silent=silent, asked=asked
    )


def _find(ids: Sequence[str]) -> list[Spoken]:
    found = guests_spoken(ids)
    return [found.get(each) or parse(None) for each in ids]


_together: gathering.Gathering[str, Spoken] = gathering.Gathering(_find)


def guest_spoken(instance_id: str) -> Spoken:
    """Return the version of a guest; concurrent threads share one query."""
    if session.inside():
        return _find([instance_id])[0]
    return _together(instance_id)


def guest_version(instance_id: str) -> str | None:
    """Return the revision of a guest, None when unknown."""
    return guest_spoken(instance_id).revision


def guest_release(instance_id: str) -> str | None:
    """Return the release of the guest's package, if it was announced."""
    return guest_spoken(instance_id).release


@session.retry(duplicates=True)
def record_probe(
    instance_id: str, revision: str | None, seals: bool = False
) -> bool:
    """Record the result of a probe.

    :param revision: None removes the known version, announced or not: the
        guest is going to be replaced
    :param seals: whether the revision supports seals
    :returns: False when nothing was changed: the instance is unknown or
        deleted, or its guest has announced a version or sent a sealed message
        since, which outweighs a probe
    """
    with session.writer() as db:
        if _rows.lock(db, instance_id) is None:
            return False
        if revision is None:
            probes.forget(db, instance_id)
        else:
            now = clock.now(db)
            probes.note(db, [instance_id], now, answered=True)
        row = db.scalar(
            sa.select(models.AgentHeartbeat).where(
                models.AgentHeartbeat.instance_id == instance_id
            )
        )
        if row is None:
            if revision is None:
                return True
            row = models.AgentHeartbeat(instance_id=instance_id)
            db.add(row)
            db.flush()
        stored = None
        if revision is not None:
            before = sealing.of(db, instance_id, row.guest_agent_version)
            stored = _learned(before, revision, seals)
            if stored is None:
                return False
        _store(db, instance_id, stored)
        return True


class Found(NamedTuple):
    """The result of a probe.

    :param revision: None: the guest did not answer
    :param seals: whether the revision supports seals
    """

    revision: str | None
    seals: bool = False


@session.retry(duplicates=True)
def record_probes(found: Mapping[str, Found]) -> None:
    """Record the results of probes, by a fixed number of statements.

    The rules of :func:`record_probe` apply to each.

    :param found: by the ids of the instances
    """
    with session.writer() as db:
        known = _known.lock(db, set(found))
        if not known:
            return
        now = next(iter(known.values())).now
        for answered in (False, True):
            ids = [
                each
                for each in known
                if (found[each].revision is not None) is answered
            ]
            probes.note(db, ids, now, answered)
        texts = {
            each: text
            for each, it in known.items()
            if (text := _probed(it, found[each])) is not None
        }
        statements.put(
            db,
            models.AgentHeartbeat,
            'instance_id',
            [
                {
                    'id': uuidutils.generate_uuid(),
                    'instance_id': each,
                    'guest_agent_version': text,
                    'deleted': False,
                    'updated_at': now,
                }
                for each, text in texts.items()
            ],
            # Without updated_at, the time of the last heartbeat.
            ('guest_agent_version',),
        )


def _probed(it: _known.Known, found: Found) -> str | None:
    """Return the text to store after a probe, None for no change."""
    before = belief.Belief(
        it.version, it.proven_at is not None, it.allowed, it.held
    )
    return _learned(before, found.revision, found.seals)


def _learned(
    before: belief.Belief, revision: str | None, seals: bool
) -> str | None:
    known = parse(before.speaks)
    if revision is None or known.announced:
        return None
    before = before._replace(speaks=known.revision)
    if belief.learn(before, 'clear', revision, seals).speaks != revision:
        return None
    stored = f'{revision} {_PROBED}'
    if known.former and known.revision is None:
        stored += f'{_AFTER}{known.former}'
    return stored


@session.retry
def record_refuted(instance_id: str) -> None:
    """Record that a guest refused a message of its known revision.

    The refused revision is kept until the guest announces a version, or an
    operator has it probed. For a guest that is proven to support seals nothing
    is recorded: the refusal may not be its own.
    """
    with session.writer() as db:
        row = db.scalar(
            sa.select(models.AgentHeartbeat)
            .where(models.AgentHeartbeat.instance_id == instance_id)
            .with_for_update()
        )
        known = parse(None if row is None else row.guest_agent_version)
        former = known.former or known.revision
        before = sealing.of(db, instance_id, known.revision)
        if former is not None and before.released:
            _store(db, instance_id, f'{_REFUTED}{_AFTER}{former}'[:_LENGTH])


def _store(db: orm.Session, instance_id: str, text: str | None) -> None:
    statements.execute(
        db,
        sa.update(models.AgentHeartbeat)
        .where(models.AgentHeartbeat.instance_id == instance_id)
        .values(
            guest_agent_version=text,
            # The time of the last heartbeat: keep onupdate off it.
            updated_at=models.AgentHeartbeat.updated_at,
        ),
    )
