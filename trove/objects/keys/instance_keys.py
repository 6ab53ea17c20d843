# SPDX-License-Identifier: Apache-2.0
"""The keys of guests: what messages to and from each are encrypted with.

The one in force is in ``instances.encrypted_key``, in the form and under the
key (``inst_rpc_key_encr_key``) of released Trove. While a key is exchanged
for another there is a *next* one, and for ``rpc_key_overlap`` seconds after
that the *previous* one: messages that are on their way were sealed with it.
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
    """The keys of a guest, as texts.

    :param current: None when it was made without one
    :param next: what a rotation that has begun gives it
    :param previous: what it had before, while that is taken
    :param proven: its guest has shown that it knows seals
    :param rotated_at: when the current one came into force, in UTC without
        a zone; None when it was there from the beginning
    """

    current: str | None = dataclasses.field(repr=False)
    next: str | None = dataclasses.field(repr=False)
    previous: str | None = dataclasses.field(repr=False)
    rotated_at: datetime.datetime | None
    proven: bool = False


@session.retry
def create(conf: cfg.ConfigOpts, instance_id: str) -> str:
    """Give an instance a key; one that has a key keeps it.

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
    """Give an instance that has no key one that was made already.

    :raises InstanceNotFound: there is none, or it is deleted
    :raises Conflict: it has a key
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    """
    secret = database_key.current(conf)
    with session.writer() as db:
        row = _locked(db, instance_id)
        if row.encrypted_key:
            raise exception.Conflict(
                f'Instance {instance_id} has a key. Give it another one with '
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

    What several threads ask for at the same time is one query for all: a
    conductor that has just started hears from every guest.

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
    """Make the key that an instance gets next, unless there is one.

    :returns: that key; the same one until :func:`finish_rotation`, so that
        a rotation which was interrupted may be repeated
    :raises InstanceNotFound: there is none, or it is deleted
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: it has no key, or one that cannot be read
    """
    secret = database_key.current(conf)
    with session.writer() as db:
        row = _locked(db, instance_id)
        if not row.encrypted_key:
            raise exception.SealError(
                f'Instance {instance_id} has no key to exchange: it was made '
                'without one. The guide "Message security" says how it can '
                'get one.'
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
    """Put the next key into force, because the guest has it now.

    :returns: False when it is not the next one: somebody else has finished
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
    """Return the ids of instances, not deleted, that have no key.

    :param limit: no more than that many
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
            f'read: {error}. Set inst_rpc_key_encr_key to what it was when '
            'the instance was made, or add that to '
            'inst_rpc_key_encr_key_further, on all services of the control '
            'plane.'
        ) from error


def _is_over(conf: cfg.ConfigOpts, rotated_at: datetime.datetime) -> bool:
    age = (timeutils.utcnow() - rotated_at).total_seconds()
    return bool(age > conf.rpc_key_overlap)


def _kept(db: orm.Session, instance_id: str) -> models.InstanceKeys:
    """Return the row of the further keys; the instance is locked."""
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
