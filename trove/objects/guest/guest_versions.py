# SPDX-License-Identifier: Apache-2.0
"""What guests speak: announced by themselves, or found by probing.

It is stored as one text: the revision of the guest agent's interface, a
space, and how it is known: the release of the guest's package when the guest
announced it, or ``probed``. What a guest was taken for until it refused that
follows after the word ``after``; then ``- refuted`` says that nothing else is
known of it.
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
    """When a guest was last asked, by whichever process, and is not now.

    :param age: seconds since then, by the clock of the database
    :param answered: it has answered
    :param heard: it has said something by itself since
    """

    age: float
    answered: bool
    heard: bool


@dataclasses.dataclass(frozen=True)
class Spoken:
    """What a guest speaks, as far as it is known.

    :param revision: a revision of the guest agent's interface, or several of
        different majors with commas between them; None when nobody knows
    :param how: the release of the guest's package, or 'probed'; None when
        the guest did not say its release, or nobody knows
    :param former: the revision that it was taken for until it refused it,
        and that it has not announced since
    :param silent: seconds since the guest last said anything by itself, by
        the clock of the database, below 0 if that was set back meanwhile;
        None when that was not looked up, or never
    :param asked: None when that was not looked up, or never
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
        """Whether the guest has said so itself."""
        return self.revision is not None and self.how != _PROBED

    @property
    def release(self) -> str | None:
        """The release of the guest's package, if the guest announced it."""
        return self.how if self.announced else None


def parse(text: str | None) -> Spoken:
    """Read what is stored."""
    now, _, former = (text or '').strip().partition(_AFTER)
    if now == _REFUTED:
        return Spoken(None, None, former or None)
    revision, _, how = now.partition(' ')
    return Spoken(revision or None, how.strip() or None, former or None)


def heard(stored: str | None, announced: str | None) -> str | None:
    """Return what is to be stored after a guest has, or has not, announced.

    A guest that announces nothing takes back what it announced before: it
    was rolled back to a release that does not. It does not take back what
    was found by probing.
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
    """Return what guests speak, by one query however many they are.

    :returns: by the ids of those instances that there are
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
    """Return what the guest of an instance speaks, by one query.

    What several threads ask for at the same time is one query for all.
    """
    if session.inside():
        return _find([instance_id])[0]
    return _together(instance_id)


def guest_version(instance_id: str) -> str | None:
    """Return what the guest of an instance speaks: the revision alone."""
    return guest_spoken(instance_id).revision


def guest_release(instance_id: str) -> str | None:
    """Return the release of the guest's package, if it announced that."""
    return guest_spoken(instance_id).release


@session.retry(duplicates=True)
def record_probe(
    instance_id: str, revision: str | None, seals: bool = False
) -> bool:
    """Write down what a probe of a guest has found.

    :param revision: None forgets what is known, announced or not: the guest
        is going to be another one
    :param seals: whether guests of it know seals
    :returns: False when nothing was written: the instance is unknown or
        deleted, its guest has announced something itself meanwhile, or has
        sent what is sealed, and an answer to a probe is worth less
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
    """What a probe has found.

    :param revision: None: the guest does not answer
    :param seals: whether guests of it know seals
    """

    revision: str | None
    seals: bool = False


@session.retry(duplicates=True)
def record_probes(found: Mapping[str, Found]) -> None:
    """Write down what probes of guests have found, by some statements.

    However many they are. What :func:`record_probe` would not write is not
    written here.

    :param found: by the ids of their instances
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
            # Not when it was heard: it has said nothing by itself.
            ('guest_agent_version',),
        )


def _probed(it: _known.Known, found: Found) -> str | None:
    """Return what is to be stored of a guest that was asked; None: nothing."""
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
    """Write down that a guest refused what it was taken for.

    What that was stays known, until the guest announces something, or an
    operator has it probed. Of a guest that has sent what is sealed nothing
    is written down: that was not it, as far as anybody knows.
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
            # It says when the guest last spoke by itself.
            updated_at=models.AgentHeartbeat.updated_at,
        ),
    )
