# SPDX-License-Identifier: Apache-2.0
"""The keys of messages to and from guests.

The *current* key is in ``instances.encrypted_key``, encrypted with
``inst_rpc_key_encr_key`` in the form of released Trove. During a rotation
there is a *next* key. For ``rpc_key_overlap`` seconds after it there is the
*previous* key, for messages in transit.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects import gathering
from trove.objects import sealing
from trove.objects.keys import database_key


@dataclasses.dataclass(frozen=True, slots=True)
class InstanceKeys:
    """The keys of a guest, as text.

    :param current: None when the instance was created without one
    :param next: the new key during a rotation
    :param previous: the former key, while it is accepted
    :param rotated_at: when the current key came into force, in UTC without a
        zone; None when it is the first one
    :param proven: the guest is proven to support seals
    """

    current: str | None = dataclasses.field(repr=False)
    next: str | None = dataclasses.field(repr=False)
    previous: str | None = dataclasses.field(repr=False)
    rotated_at: datetime.datetime | None
    proven: bool = False


@session.retry
def create(conf: cfg.ConfigOpts, instance_id: str) -> str:
    """Generate the key of an instance, unless it has one.

    :returns: its key
    :raises InstanceNotFound: there is none, or it is deleted
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: it has a key that was encrypted with another one
    """
    secret = database_key.current(conf)
    with session.writer() as db:
        row = _locked(db, instance_id)
        if row.encrypted_key:
            return _read(conf, row.encrypted_key, instance_id)
        key = crypto.generate_key()
        row.encrypted_key = crypto.encrypt_released(key, secret)
        return key


@session.retry
def give(conf: cfg.ConfigOpts, instance_id: str, key: str) -> None:
    """Set the key of an instance that has none.

    :raises InstanceNotFound: there is none, or it is deleted
    :raises Conflict: it has a key
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    """
    secret = database_key.current(conf)
    with session.writer() as db:
        row = _locked(db, instance_id)
        if row.encrypted_key:
            raise exception.Conflict(
                f'Instance {instance_id} has a key. Rotate it with '
                f'"trove-rpc rotate-key {instance_id}".'
            )
        row.encrypted_key = crypto.encrypt_released(key, secret)


_FOUND = (
    sa.select(
        models.Instance.id,
        models.Instance.encrypted_key,
        models.InstanceKeys.next_key,
        models.InstanceKeys.previous_key,
        models.InstanceKeys.rotated_at,
        models.InstanceSealing.proven_at,
    )
    .outerjoin(
        models.InstanceSealing,
        models.InstanceSealing.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.InstanceKeys,
        models.InstanceKeys.instance_id == models.Instance.id,
    )
    .where(
        models.Instance.id.in_(sa.bindparam('ids', expanding=True)),
        models.Instance.deleted.is_not(True),
    )
)


def _find(ids: Sequence[str]) -> list[Any]:
    with session.reader() as db:
        found = {
            row.id: row for row in db.execute(_FOUND, {'ids': list(ids)})
        }
    return [found.get(each) for each in ids]


_together: gathering.Gathering[str, Any] = gathering.Gathering(_find)


def get(conf: cfg.ConfigOpts, instance_id: str) -> InstanceKeys | None:
    """Return the keys of an instance, by one query.

    Concurrent threads share one query: a conductor that was just started gets
    a heartbeat from every guest.

    :returns: None when there is no such instance, or it is deleted
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: a key was encrypted with another one than that
    """
    if '\0' in instance_id:
        return None
    if session.inside():
        [row] = _find([instance_id])
    else:
        row = _together(instance_id)
    if row is None:
        return None
    _id, current, following, previous, rotated_at, proven_at = row
    if rotated_at is None or _is_over(conf, rotated_at):
        previous = None

    def read(encrypted: str | None) -> str | None:
        return _read(conf, encrypted, instance_id) if encrypted else None

    return InstanceKeys(
        current=read(current),
        next=read(following),
        previous=read(previous),
        rotated_at=rotated_at,
        proven=proven_at is not None,
    )


@session.retry
def begin_rotation(conf: cfg.ConfigOpts, instance_id: str) -> str:
    """Generate the next key of an instance, unless there is one.

    :returns: the next key; the same one until :func:`finish_rotation`, so
        that an interrupted rotation can be repeated
    :raises InstanceNotFound: there is none, or it is deleted
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: it has no key, or one that cannot be read
    """
    secret = database_key.current(conf)
    with session.writer() as db:
        row = _locked(db, instance_id)
        if not row.encrypted_key:
            raise exception.SealError(
                f'Instance {instance_id} has no key to rotate: it was '
                'created without one. The guide "Message security" says how '
                'it gets one.'
            )
        kept = _kept(db, instance_id)
        if kept.next_key:
            return _read(conf, kept.next_key, instance_id)
        key = crypto.generate_key()
        kept.next_key = crypto.encrypt_released(key, secret)
        return key


@session.retry
def finish_rotation(
    conf: cfg.ConfigOpts, instance_id: str, next_key: str
) -> bool:
    """Make the next key the current one, after the guest accepted it.

    :returns: False when it is not the next key: another process finished
    :raises InstanceNotFound: there is none, or it is deleted
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: a key cannot be read
    """
    with session.writer() as db:
        row = _locked(db, instance_id)
        kept = _kept(db, instance_id)
        if not kept.next_key:
            return False
        if _read(conf, kept.next_key, instance_id) != next_key:
            return False
        kept.previous_key = row.encrypted_key
        row.encrypted_key = kept.next_key
        kept.next_key = None
        kept.rotated_at = timeutils.utcnow()
        sealing.record_rotated(db, instance_id)
        return True


def ids() -> set[str]:
    """Return the ids of all instances that are not deleted, by one query."""
    query = sa.select(models.Instance.id).where(
        models.Instance.deleted.is_not(True)
    )
    with session.reader() as db:
        return set(db.scalars(query))


def without(limit: int | None = None) -> list[str]:
    """Return the ids of instances, not deleted, without a key.

    :param limit: maximum number; None: all
    """
    query = (
        sa.select(models.Instance.id)
        .where(
            models.Instance.deleted.is_not(True),
            models.Instance.encrypted_key.is_(None),
        )
        .order_by(models.Instance.id)
        .limit(limit)
    )
    with session.reader() as db:
        return list(db.scalars(query))


def _read(conf: cfg.ConfigOpts, encrypted: str, instance_id: str) -> str:
    try:
        return database_key.read(conf, encrypted)
    except exception.SealError as error:
        raise exception.SealError(
            f'A key of instance {instance_id} in the database cannot be '
            f'decrypted: {error}. Set inst_rpc_key_encr_key to its value '
            'when the instance was created, or add that value to '
            'inst_rpc_key_encr_key_further, for all services of the control '
            'plane.'
        ) from error


def _is_over(conf: cfg.ConfigOpts, rotated_at: datetime.datetime) -> bool:
    age = (timeutils.utcnow() - rotated_at).total_seconds()
    return bool(age > conf.rpc_key_overlap)


def _kept(db: orm.Session, instance_id: str) -> models.InstanceKeys:
    """Return the row of the other keys; the instance is locked."""
    row = db.get(models.InstanceKeys, instance_id)
    if row is None:
        row = models.InstanceKeys(instance_id=instance_id)
        db.add(row)
        db.flush()
    return row


def _locked(db: orm.Session, instance_id: str) -> models.Instance:
    row = _rows.lock(db, instance_id)
    if row is None:
        raise exception.InstanceNotFound(id=instance_id)
    return row
