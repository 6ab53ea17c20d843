# SPDX-License-Identifier: Apache-2.0
"""What guests speak: announced by themselves, or found by probing.

It is stored as one text: the revision of the guest agent's interface, a
space, and how it is known: the release of the guest's package when the guest
announced it, or ``probed``. What a guest was taken for until it refused that
follows after the word ``after``; then ``- refuted`` says that nothing else is
known of it.
"""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import belief
from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import rows
from trove.objects import sealing

_PROBED = 'probed'
_REFUTED = '- refuted'
_AFTER = ' after '
_LENGTH = 255


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
    """

    revision: str | None
    how: str | None
    former: str | None = None
    silent: float | None = None

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


def guest_spoken(instance_id: str) -> Spoken:
    """Return what the guest of an instance speaks, by one look-up."""
    query = sa.select(
        models.AgentHeartbeat.guest_agent_version,
        models.AgentHeartbeat.updated_at,
        clock.Now(),
    ).where(models.AgentHeartbeat.instance_id == instance_id)
    with session.reader() as db:
        row = db.execute(query).first()
    if row is None:
        return parse(None)
    text, heard_at, now = row
    silent = (now - heard_at).total_seconds()
    return dataclasses.replace(parse(text), silent=silent)


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
        if rows.lock(db, instance_id) is None:
            return False
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
        known = parse(row.guest_agent_version)
        if revision is not None:
            before = sealing.of(db, instance_id, known.revision)
            after = belief.learn(before, 'clear', revision, seals)
            if known.announced or after.speaks != revision:
                return False
        stored = f'{revision} {_PROBED}' if revision is not None else None
        if stored and known.former and known.revision is None:
            stored += f'{_AFTER}{known.former}'
        _store(db, instance_id, stored)
        return True


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
    rows.execute(
        db,
        sa.update(models.AgentHeartbeat)
        .where(models.AgentHeartbeat.instance_id == instance_id)
        .values(
            guest_agent_version=text,
            # It says when the guest last spoke by itself.
            updated_at=models.AgentHeartbeat.updated_at,
        ),
    )
