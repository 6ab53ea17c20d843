# SPDX-License-Identifier: Apache-2.0
"""Writing messages down that their receivers could not take.

Those of honest senders, of another release say, have a row each, so that
they can be sent again. The others are evidence: alike ones are counted in
one row, and all together they take no more than ``MOST_HOSTILE`` rows.
"""

from __future__ import annotations

from collections.abc import Mapping
import datetime
import json
from typing import Any
from typing import NamedTuple
import uuid

from oslo_config import cfg
from oslo_log import log
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects.keys import database_key

LOG = log.getLogger(__name__)

WAITING = 'waiting'

#: Causes of messages that nobody who may send has sent as they came.
HOSTILE = ('seal', 'replay', 'size', 'form', 'limit', 'downgrade')

#: Rows with these causes; beyond it they are counted by interface and cause.
MOST_HOSTILE = 10_000

# The method that they are counted as then.
_ANY = '*'

#: What messages are sealed for.
PURPOSE = 'rejected message'

#: What messages that are counted in one row have in common.
_ALIKE = ('cause', 'interface', 'method', 'sender', 'peer')

#: Of ids of rows: of kinds of messages, and of messages.
_KINDS = uuid.UUID('0b0f6a0e-7a4c-4b0c-9d0e-5f5b6f2f0a61')
_MESSAGES = uuid.UUID('b7c9d2a4-1f5e-4c38-8a67-3e90d51c7f24')

# In characters. A statement has to stay below 16 MiB, MariaDB's default.
_MOST_ARGUMENTS = 65_000
_MOST_SEALED = 12_000_000
_MOST_REASON = 16_000

#: Characters that are kept of each of them to be sent again.
MOST_SEALED_OF_AN_INSTANCE = 64 * 1024 * 1024


class Recorded(NamedTuple):
    """Where a message is written down.

    :param id: of its row: its own, or that of the row of all alike
    :param new: False when it, or one alike, was written down before
    """

    id: str
    new: bool


@session.retry(duplicates=True)
def record(
    conf: cfg.ConfigOpts,
    rejection: Mapping[str, Any],
    masked: Mapping[str, Any],
    *,
    host: str,
    instance_id: str | None = None,
    replayable: bool = False,
    fold: bool = False,
    count: int = 1,
) -> Recorded:
    """Write a message down; the same one twice is once.

    :param rejection: all of it: ``interface``, ``peer``, ``sender``,
        ``method``, ``version``, ``kind``, ``cause``, ``reason``,
        ``arguments``, ``request_id``, ``project_id``, ``user_id``,
        ``proven`` (whether it is sure that its sender may send), ``id``,
        ``time`` (seconds since the epoch)
        The row of what a guest sent or reports has another id.
    :param masked: the arguments without secrets
    :param host: of the service that writes it down
    :param instance_id: the instance that it concerns
    :param replayable: whether it is to be kept in full, encrypted with
        ``inst_rpc_key_encr_key``. Without that key it is kept only if it
        has no secrets.
    :param fold: count it in one row with those alike, as hostile ones are:
        the next message of the kind says all that this one said
    :param count: how many alike it stands for
    """
    values = _values(rejection, masked, host, instance_id)
    values['count'] = count
    hostile = values['cause'] in HOSTILE
    key = key_of(rejection)
    with session.writer() as db:
        if hostile or fold:
            return _count(db, values, hostile)
        if db.get(models.RejectedMessage, key) is not None:
            return Recorded(key, new=False)
        alike = _bounded(values, bool(rejection.get('proven')))
        if alike is not None and _has_too_many(conf, db, alike):
            # It is another one than those that it is counted with.
            return _count(db, values, hostile)._replace(new=True)
        if replayable:
            sealed = _sealed(conf, key, rejection, masked)
            if sealed and (
                alike is None or _has_room(db, alike, len(sealed), values)
            ):
                values['sealed'] = sealed
        new = statements.put_new(
            db,
            models.RejectedMessage,
            'id',
            {**_NOTHING, **values, 'id': key},
        )
        return Recorded(key, new)


def _values(
    rejection: Mapping[str, Any],
    masked: Mapping[str, Any],
    host: str,
    instance_id: str | None,
) -> dict[str, Any]:
    """Return the columns of a message; a sender may have made up anything."""
    now = timeutils.utcnow()
    texts = {
        name: _text(rejection.get(name), length)
        for name, length in _LENGTHS.items()
    }
    for name in ('interface', 'method', 'version', 'kind', 'cause', 'reason'):
        texts[name] = texts[name] or ''
    return {
        **texts,
        'created': _time(rejection.get('time'), now),
        'updated': now,
        'instance_id': _text(instance_id, 36),
        'host': _text(host, 255) or '',
        'arguments': _arguments(masked),
        'state': WAITING,
    }


_LENGTHS = {
    'interface': 32,
    'peer': 36,
    'sender': 36,
    'method': 255,
    'version': 16,
    'kind': 8,
    'cause': 16,
    'reason': _MOST_REASON,
    'request_id': 64,
    'project_id': 64,
    'user_id': 64,
}
_NOTHING = {'sealed': None, 'task': None}


def _count(
    db: orm.Session, values: dict[str, Any], hostile: bool
) -> Recorded:
    """Count a message in the row of those alike, which may be a new one."""
    key = _key_of_alike(values)
    if _counted(db, key, values):
        return Recorded(key, new=False)
    if hostile and _has_too_many_hostile(db):
        # Who varies the names of methods gets no row for each.
        values = {**values, 'method': _ANY, 'sender': None, 'peer': None}
        key = _key_of_alike(values)
        if _counted(db, key, values):
            return Recorded(key, new=False)
    db.add(models.RejectedMessage(**values, id=key))
    db.flush()
    return Recorded(key, new=True)


def _counted(db: orm.Session, key: str, values: dict[str, Any]) -> bool:
    newest = ('updated', 'reason', 'host', 'request_id', 'version')
    return (
        statements.execute(
            db,
            sa.update(models.RejectedMessage)
            .where(
                models.RejectedMessage.id == key,
                # Whatever else has got this id stands for nothing.
                *(
                    getattr(models.RejectedMessage, name) == values[name]
                    for name in _ALIKE
                ),
            )
            .values(
                count=models.RejectedMessage.count + values['count'],
                # It goes on, so who has looked at it is to look again.
                state=WAITING,
                **{name: values[name] for name in newest},
            ),
        )
        > 0
    )


def _key_of_alike(values: Mapping[str, Any]) -> str:
    alike = json.dumps([values[name] for name in _ALIKE])
    return str(uuid.uuid5(_KINDS, alike))


def key_of(rejection: Mapping[str, Any]) -> str:
    """Return the id of the row of one message.

    A guest has chosen the id of what it sent, and of what it reports: each
    chooses among its own, and none meets those of evidence.
    """
    try:
        chosen = str(uuid.UUID(str(rejection.get('id'))))
    except ValueError:
        return str(uuid.uuid4())
    whose = [rejection.get(name) for name in ('interface', 'peer', 'sender')]
    if whose[1:] == [None, None]:
        # Of services, or made here.
        return chosen
    return str(uuid.uuid5(_MESSAGES, json.dumps([*whose, chosen])))


def _bounded(
    values: Mapping[str, Any], proven: bool
) -> sa.ColumnElement[bool] | None:
    """Return which rows a message has to share its room with, if any."""
    if values['cause'] == 'unread' and not proven:
        # Whom it is of, and about, is only what it says.
        return models.RejectedMessage.cause == 'unread'
    if values['instance_id'] is None:
        return None
    wanted: str = values['instance_id']
    return models.RejectedMessage.instance_id == wanted


def _has_too_many(
    conf: cfg.ConfigOpts, db: orm.Session, alike: sa.ColumnElement[bool]
) -> bool:
    return _at_least(
        db,
        conf.rejected_per_instance,
        alike,
        models.RejectedMessage.state == WAITING,
    )


def _has_room(
    db: orm.Session,
    alike: sa.ColumnElement[bool],
    size: int,
    values: Mapping[str, Any],
) -> bool:
    """Say whether a message can be kept in full.

    A guest may report what it likes to have been rejected, of any size.
    """
    lengths = sa.func.length(models.RejectedMessage.sealed)
    used = db.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(lengths), 0)).where(alike)
    )
    if int(used or 0) + size <= MOST_SEALED_OF_AN_INSTANCE:
        return True
    LOG.warning(
        'So much is kept of rejected messages of instance %s, or of those '
        'that could not be read, that a further one is not kept in full: '
        'what was asked for has to be repeated. See "trove-rpc rejected '
        'list" for what goes on there.',
        values['instance_id'],
    )
    return False


def _has_too_many_hostile(db: orm.Session) -> bool:
    return _at_least(
        db, MOST_HOSTILE, models.RejectedMessage.cause.in_(HOSTILE)
    )


def _at_least(
    db: orm.Session, number: int, *conditions: sa.ColumnElement[bool]
) -> bool:
    found = (
        sa.select(models.RejectedMessage.id)
        .where(*conditions)
        .limit(number)
        .subquery()
    )
    return db.scalar(sa.select(sa.func.count()).select_from(found)) == number


def _sealed(
    conf: cfg.ConfigOpts,
    key: str,
    rejection: Mapping[str, Any],
    masked: Mapping[str, Any],
) -> str | None:
    """Return all of a message, encrypted; None when it is not kept."""
    text = json.dumps(dict(rejection))
    secret: str | None = conf.inst_rpc_key_encr_key
    if secret:
        text = crypto.seal(text, secret, PURPOSE, key.encode())
    elif dict(masked) != dict(rejection.get('arguments') or {}):
        LOG.warning(
            'Rejected message %s is not kept in full, for it has secrets '
            'and there is no key to encrypt it with: set '
            'inst_rpc_key_encr_key (see "trove-manage generate_keys"). What '
            'was asked for has to be repeated.',
            key,
        )
        return None
    if len(text) > _MOST_SEALED:
        LOG.warning(
            'Rejected message %s is too big to be kept in full. What was '
            'asked for has to be repeated.',
            key,
        )
        return None
    return text


def unsealed(conf: cfg.ConfigOpts, key: str, sealed: str) -> str:
    """Return the JSON of a message that was encrypted.

    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: it was encrypted with another key
    """
    try:
        return database_key.unseal(conf, sealed, PURPOSE, key.encode())
    except exception.SealError as error:
        raise exception.SealError(
            f'Rejected message {key} cannot be read: {error}. Look at '
            'inst_rpc_key_encr_key: set it to what it was when the message '
            'was rejected, or add that to inst_rpc_key_encr_key_further.'
        ) from error


def is_encrypted(sealed: str | None) -> bool:
    """Whether what is kept of a message is encrypted."""
    return bool(sealed) and not str(sealed).startswith('{')


def _arguments(masked: Mapping[str, Any]) -> str:
    text = json.dumps(dict(masked), default=str)
    return text if len(text) <= _MOST_ARGUMENTS else '{}'


def _text(value: object, length: int) -> str | None:
    if value is None:
        return None
    text = str(value).encode(errors='replace').decode().replace('\0', '')
    return text[:length]


def _time(value: object, now: datetime.datetime) -> datetime.datetime:
    """Return when it happened, unless that is still to come."""
    if isinstance(value, int | float):
        try:
            then = datetime.datetime.fromtimestamp(value, datetime.UTC)
        except (OverflowError, OSError, ValueError):
            return now
        return min(then.replace(tzinfo=None), now)
    return now
