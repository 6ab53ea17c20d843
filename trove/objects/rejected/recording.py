# SPDX-License-Identifier: Apache-2.0
"""Records rejected messages.

A message of an honest sender, such as one of another release, gets a row of
its own, so that it can be replayed. Hostile messages are evidence: those of a
kind are counted in one row, and all of them take at most ``MAX_HOSTILE`` rows.
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

#: Causes that no authorized sender produces.
HOSTILE = ('seal', 'replay', 'size', 'form', 'limit', 'downgrade')

#: Maximum number of rows with these causes; further messages are counted by
#: interface and cause.
MAX_HOSTILE = 10_000

# The method of such a row.
_ANY = '*'

#: The purpose in the seal of a kept message.
PURPOSE = 'rejected message'

#: The columns that define a kind: its messages are counted in one row.
_ALIKE = ('cause', 'interface', 'method', 'sender', 'peer')

#: Namespaces of row ids: of kinds, and of single messages.
_KINDS = uuid.UUID('0b0f6a0e-7a4c-4b0c-9d0e-5f5b6f2f0a61')
_MESSAGES = uuid.UUID('b7c9d2a4-1f5e-4c38-8a67-3e90d51c7f24')

# In characters. A statement must be smaller than max_allowed_packet, 16 MiB
# by default in MariaDB.
_MAX_ARGUMENTS = 65_000
_MAX_SEALED = 12_000_000
_MAX_REASON = 16_000

#: Maximum number of characters per instance that are kept for replays.
MAX_SEALED_PER_INSTANCE = 64 * 1024 * 1024


class Recorded(NamedTuple):
    """The row of a message.

    :param id: of its own row, or of the row of its kind
    :param new: False when it, or one of its kind, was recorded before
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
    """Record a rejected message, idempotently.

    :param rejection: ``interface``, ``peer``, ``sender``, ``method``,
        ``version``, ``kind``, ``cause``, ``reason``, ``arguments``,
        ``request_id``, ``project_id``, ``user_id``, ``proven`` (the sender is
        authenticated), ``id``, ``time`` (seconds since the epoch). The id of
        the row differs from ``id`` for messages of guests.
    :param masked: the arguments with masked secrets
    :param host: of the service that records it
    :param instance_id: the instance that it concerns
    :param replayable: keep it in full, encrypted with
        ``inst_rpc_key_encr_key``. Without that key it is kept only if it
        has no secrets.
    :param fold: count it in the row of its kind, as hostile ones: each
        message of the kind replaces the one before
    :param count: the number of messages of its kind that it stands for
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
            # It differs from the messages that it is counted with.
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
    """Return the columns of a message, whatever its sender wrote."""
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
    'reason': _MAX_REASON,
    'request_id': 64,
    'project_id': 64,
    'user_id': 64,
}
_NOTHING = {'sealed': None, 'task': None}


def _count(
    db: orm.Session, values: dict[str, Any], hostile: bool
) -> Recorded:
    """Count a message in the row of its kind; add the row if missing."""
    key = _key_of_alike(values)
    if _counted(db, key, values):
        return Recorded(key, new=False)
    if hostile and _has_too_many_hostile(db):
        # A sender that varies method names must not get a row for each.
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
                # Another message may have got this id.
                *(
                    getattr(models.RejectedMessage, name) == values[name]
                    for name in _ALIKE
                ),
            )
            .values(
                count=models.RejectedMessage.count + values['count'],
                # A discarded kind that recurs has to be looked at again.
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
    """Return the id of the row of a single message.

    Guests choose the ids of their messages and reports. So each guest has a
    namespace of its own, separate from that of kinds.
    """
    try:
        chosen = str(uuid.UUID(str(rejection.get('id'))))
    except ValueError:
        return str(uuid.uuid4())
    whose = [rejection.get(name) for name in ('interface', 'peer', 'sender')]
    if whose[1:] == [None, None]:
        # Chosen by a service, or generated here.
        return chosen
    return str(uuid.uuid5(_MESSAGES, json.dumps([*whose, chosen])))


def _bounded(
    values: Mapping[str, Any], proven: bool
) -> sa.ColumnElement[bool] | None:
    """Return the condition of the rows that share a limit, None: no limit."""
    if values['cause'] == 'unread' and not proven:
        # Sender and instance are not authenticated.
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
    """Return whether a message can be kept in full.

    A guest may report rejected messages of any size and number.
    """
    lengths = sa.func.length(models.RejectedMessage.sealed)
    used = db.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(lengths), 0)).where(alike)
    )
    if int(used or 0) + size <= MAX_SEALED_PER_INSTANCE:
        return True
    LOG.warning(
        'Limit of kept rejected messages reached for instance %s, or for '
        'unread ones: this one is not kept in full and cannot be replayed. '
        'Check "trove-rpc rejected list", and repeat the request.',
        values['instance_id'],
    )
    return False


def _has_too_many_hostile(db: orm.Session) -> bool:
    return _at_least(
        db, MAX_HOSTILE, models.RejectedMessage.cause.in_(HOSTILE)
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
    """Return a message in full, encrypted; None when it is not kept."""
    text = json.dumps(dict(rejection))
    secret: str | None = conf.inst_rpc_key_encr_key
    if secret:
        text = crypto.seal(text, secret, PURPOSE, key.encode())
    elif dict(masked) != dict(rejection.get('arguments') or {}):
        LOG.warning(
            'Rejected message %s is not kept in full: it has secrets, and '
            'inst_rpc_key_encr_key is not set. Set it ("trove-manage '
            'generate_keys"), and repeat the request.',
            key,
        )
        return None
    if len(text) > _MAX_SEALED:
        LOG.warning(
            'Rejected message %s is not kept in full: it is too large. See '
            '"trove-rpc rejected show" for why it was rejected, and repeat '
            'the request when that is fixed.',
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
            f'Rejected message {key} cannot be decrypted: {error}. Set '
            'inst_rpc_key_encr_key to its value when the message was '
            'rejected, or add that value to inst_rpc_key_encr_key_further.'
        ) from error


def is_encrypted(sealed: str | None) -> bool:
    """Return whether a kept message is encrypted."""
    return bool(sealed) and not str(sealed).startswith('{')


def _arguments(masked: Mapping[str, Any]) -> str:
    text = json.dumps(dict(masked), default=str)
    return text if len(text) <= _MAX_ARGUMENTS else '{}'


def _text(value: object, length: int) -> str | None:
    if value is None:
        return None
    text = str(value).encode(errors='replace').decode().replace('\0', '')
    return text[:length]


def _time(value: object, now: datetime.datetime) -> datetime.datetime:
    """Return the time of a message, at most the present."""
    if isinstance(value, int | float):
        try:
            then = datetime.datetime.fromtimestamp(value, datetime.UTC)
        except (OverflowError, OSError, ValueError):
            return now
        return min(then.replace(tzinfo=None), now)
    return now
