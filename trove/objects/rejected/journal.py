# SPDX-License-Identifier: Apache-2.0
"""The journal of rejected messages."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import json
from typing import Any
from typing import NamedTuple

from oslo_config import cfg
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects.rejected import recording

REPLAYING = 'replaying'
REPLAYED = 'replayed'
DISCARDED = 'discarded'
STATES = (recording.WAITING, REPLAYING, REPLAYED, DISCARDED)

#: Seconds after which a replay counts as interrupted.
INTERRUPTED = 600.0


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A rejected message.

    :param peer: the instance whose guest received it; None: a service did
    :param sender: the instance whose key opened it; None: a service's did
    :param instance_id: the instance that it concerns
    :param host: of the service that recorded it
    :param arguments: with masked secrets; {} when they are too large
    :param count: the number of messages of its kind
    :param state: waiting, replaying, replayed or discarded
    :param replayable: whether :func:`full` can return it
    """

    id: str
    created: datetime.datetime
    updated: datetime.datetime
    interface: str
    peer: str | None
    sender: str | None
    instance_id: str | None
    host: str
    method: str
    version: str
    kind: str
    cause: str
    reason: str
    request_id: str | None
    project_id: str | None
    user_id: str | None
    arguments: dict[str, Any]
    count: int
    state: str
    replayable: bool
    #: Whether a replay was interrupted: the message may have been sent.
    interrupted: bool


def get(rejected_id: str) -> Rejected:
    """Return a rejected message.

    :raises NotFound: there is none
    """
    with session.reader() as db:
        return _rejected(_row(db, rejected_id), clock.now(db))


def list_(
    *,
    state: str | None = recording.WAITING,
    interface: str | None = None,
    instance_id: str | None = None,
    limit: int | None = 1000,
    marker: str | None = None,
) -> list[Rejected]:
    """Return a page of rejected messages, the newest first.

    :param state: only those in this state; None: in any
    :param interface: only those of this interface
    :param instance_id: only those that concern this instance
    :param limit: maximum number; None: all
    :param marker: id of the last one of the previous page
    :raises NotFound: there is none with the id of the marker
    """
    query = sa.select(models.RejectedMessage)
    for column, wanted in (
        (models.RejectedMessage.state, state),
        (models.RejectedMessage.interface, interface),
        (models.RejectedMessage.instance_id, instance_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    created, key = models.RejectedMessage.created, models.RejectedMessage.id
    with session.reader() as db:
        if marker is not None:
            after = _row(db, marker)
            query = query.where(
                sa.or_(
                    created < after.created,
                    sa.and_(created == after.created, key < after.id),
                )
            )
        query = query.order_by(created.desc(), key.desc()).limit(limit)
        found = db.scalars(query).all()
        now = clock.now(db)
        return [_rejected(row, now) for row in found]


class Refused(NamedTuple):
    """Messages in the name of a guest agent that conductors rejected.

    :param causes: number of messages by cause, without settled ones
    :param last: time of the last one, in UTC without a zone
    """

    causes: Mapping[str, int]
    last: datetime.datetime


def of_guests(db: orm.Session, ids: Sequence[str]) -> dict[str, Refused]:
    """Return the rejected messages of guests, by one query.

    :returns: by the ids of the instances that have any
    """
    row = models.RejectedMessage
    query = (
        sa.select(
            row.instance_id,
            row.cause,
            sa.func.sum(row.count),
            sa.func.max(row.updated),
        )
        .where(
            row.instance_id.in_(ids),
            row.interface == 'conductor',
            row.state == recording.WAITING,
        )
        .group_by(row.instance_id, row.cause)
        .order_by(row.instance_id, row.cause)
    )
    found: dict[str, Refused] = {}
    for row_id, cause, number, last in db.execute(query):
        instance_id = str(row_id)
        before = found.get(instance_id, Refused({}, last))
        found[instance_id] = Refused(
            {**before.causes, cause: int(number)}, max(last, before.last)
        )
    return found


def full(conf: cfg.ConfigOpts, rejected_id: str) -> dict[str, Any]:
    """Return a message in full, with its secrets, to replay it.

    :returns: the ``rejection`` that :func:`.recording.record` got
    :raises NotFound: there is none
    :raises Unprocessable: it was not kept in full
    :raises SealError: it was encrypted with another key
    """
    with session.reader() as db:
        sealed = _row(db, rejected_id).sealed
    if not sealed:
        raise exception.Unprocessable(
            reason=f'message {rejected_id} was not kept in full, so it '
            'cannot be replayed. Repeat the request instead, then run '
            f'"trove-rpc rejected discard {rejected_id}".'
        )
    if recording.is_encrypted(sealed):
        sealed = recording.unsealed(conf, rejected_id, sealed)
    values: dict[str, Any] = json.loads(sealed)
    return values


@session.retry
def mark(
    rejected_id: str, state: str, expected: str | None = recording.WAITING
) -> bool:
    """Change the state of a rejected message.

    :param state: one of :data:`STATES`
    :param expected: only in this state; None: in any. A message whose replay
        was interrupted counts as waiting.
    :returns: False when it is in another state; nothing was changed
    :raises NotFound: there is none
    :raises ValueError: there is no such state
    """
    if state not in STATES:
        raise ValueError(f'{state!r} is none of {", ".join(STATES)}')
    change = (
        sa.update(models.RejectedMessage)
        .where(models.RejectedMessage.id == rejected_id)
        .values(state=state, updated=clock.Now())
    )
    with session.writer() as db:
        if expected is not None:
            change = change.where(_is(expected, clock.now(db)))
        if statements.execute(db, change):
            return True
        _row(db, rejected_id)
        return False


@session.retry
def remove(rejected_id: str) -> None:
    """Forget one: what it tells of did not happen after all."""
    with session.writer() as db:
        statements.execute(
            db,
            sa.delete(models.RejectedMessage).where(
                models.RejectedMessage.id == rejected_id
            ),
        )


def counts() -> dict[tuple[str, str, str], int]:
    """Return the number of messages by interface, cause and state."""
    query = sa.select(
        models.RejectedMessage.interface,
        models.RejectedMessage.cause,
        models.RejectedMessage.state,
        sa.func.sum(models.RejectedMessage.count),
    ).group_by(
        models.RejectedMessage.interface,
        models.RejectedMessage.cause,
        models.RejectedMessage.state,
    )
    with session.reader() as db:
        return {
            (interface, cause, state): int(number)
            for interface, cause, state, number in db.execute(query)
        }


@session.retry
def purge(seconds: float) -> int:
    """Remove settled messages.

    :param seconds: only those that were replayed or discarded that long ago
    :returns: the number of removed messages
    """
    with session.writer() as db:
        limit = clock.now(db) - datetime.timedelta(seconds=seconds)
        return statements.execute(
            db,
            sa.delete(models.RejectedMessage).where(
                models.RejectedMessage.state.in_((REPLAYED, DISCARDED)),
                models.RejectedMessage.updated < limit,
            ),
        )


def _is(state: str, now: datetime.datetime) -> sa.ColumnElement[bool]:
    column = models.RejectedMessage.state
    if state != recording.WAITING:
        return column == state
    return sa.or_(
        column == state,
        sa.and_(
            column == REPLAYING,
            models.RejectedMessage.updated < _interrupted(now),
        ),
    )


def _interrupted(now: datetime.datetime) -> datetime.datetime:
    return now - datetime.timedelta(seconds=INTERRUPTED)


def _row(db: orm.Session, rejected_id: str) -> models.RejectedMessage:
    row = None
    if '\0' not in rejected_id:
        row = db.get(models.RejectedMessage, rejected_id)
    if row is None:
        raise exception.NotFound(
            f'Rejected message {rejected_id} not found. List them with '
            '"trove-rpc rejected list".'
        )
    return row


def _rejected(row: models.RejectedMessage, now: datetime.datetime) -> Rejected:
    values = {
        field.name: getattr(row, field.name)
        for field in dataclasses.fields(Rejected)
        if field.name not in ('arguments', 'interrupted', 'replayable')
    }
    what = f'Column arguments of rejected message {row.id}'
    return Rejected(
        **values,
        arguments=_rows.decode(row.arguments, what) or {},
        replayable=bool(row.sealed),
        interrupted=row.state == REPLAYING
        and row.updated < _interrupted(now),
    )
