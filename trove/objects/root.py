# SPDX-License-Identifier: Apache-2.0
"""Whether root is, or ever was, enabled on an instance."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import datetime
import functools

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session


@dataclasses.dataclass(frozen=True)
class RootHistory:
    """Whether root is enabled, and when and by which user it was."""

    instance_id: str
    enabled: bool
    created: datetime.datetime | None
    user: str | None


@session.retry(duplicates=True)
def record_enabled(
    instance_id: str, user: str | None = None
) -> Callable[[], None]:
    """Record that root is enabled, before the guest enables it.

    If it is enabled already, the first user stays recorded.

    :param user: id of the requesting user, None when unknown
    :returns: a function that reverts this
    """
    before = None
    with session.writer() as db:
        row = db.get(models.RootHistory, instance_id)
        if row is not None:
            before = row.user, row.created, row.deleted_at
        if row is None:
            db.add(models.RootHistory(id=instance_id, user=user))
        elif not _enabled(row):
            row.user = user
            row.created = timeutils.utcnow()
            row.deleted_at = None
        elif row.user is None:
            row.user = user
    return functools.partial(_restore, instance_id, before)


@session.retry(duplicates=True)
def record_reported(instance_id: str, user: str | None) -> None:
    """Record that a guest says that root was enabled.

    The API records that and the disabling itself, and what a guest says may
    arrive after both. So it counts for an instance without a history only:
    one that was created with root, or from a backup that has it.
    """
    with session.writer() as db:
        row = db.get(models.RootHistory, instance_id)
        if row is None:
            db.add(models.RootHistory(id=instance_id, user=user))
        elif row.user is None and _enabled(row):
            row.user = user


@session.retry
def _restore(
    instance_id: str,
    before: tuple[
        str | None, datetime.datetime | None, datetime.datetime | None
    ]
    | None,
) -> None:
    with session.writer() as db:
        row = db.get(models.RootHistory, instance_id)
        if row is None:
            return
        if before is None:
            db.delete(row)
        else:
            row.user, row.created, row.deleted_at = before


@session.retry
def record_disabled(instance_id: str) -> None:
    """Record that root was disabled; its history is kept."""
    with session.writer() as db:
        row = db.get(models.RootHistory, instance_id)
        if row is not None and _enabled(row):
            now = timeutils.utcnow()
            # For release 26.0 root is disabled when this is later than
            # ``created``, in whole seconds.
            row.deleted_at = max(
                now, (row.created or now) + datetime.timedelta(seconds=1)
            )


def is_enabled(instance_id: str) -> bool:
    """Return whether root is enabled."""
    found = history(instance_id)
    return found is not None and found.enabled


def history(instance_id: str) -> RootHistory | None:
    """Return the history of root, None when it was never enabled."""
    with session.reader() as db:
        row = db.scalar(
            sa.select(models.RootHistory).where(
                models.RootHistory.id == instance_id
            )
        )
    if row is None:
        return None
    return RootHistory(
        instance_id=row.id,
        enabled=_enabled(row),
        created=row.created,
        user=row.user,
    )


def _enabled(row: models.RootHistory) -> bool:
    # Release 26.0 leaves the time of the last disabling in the row when root
    # is enabled again.
    return row.deleted_at is None or (
        row.created is not None and row.deleted_at < row.created
    )
