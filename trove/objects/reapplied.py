# SPDX-License-Identifier: Apache-2.0
"""Modules that are being applied again, and how far that is."""

from __future__ import annotations

import dataclasses
import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import clock
from trove.objects import quota

_ROW = models.ReappliedModule

#: Those that one project has at once.
_MOST = 5


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked for, and how far it is.

    :ivar ordered_by: id of a project
    :ivar tenant_id: only instances of this project; None: of all
    :ivar md5: only instances with these contents; None: with others than the
        module has now
    :ivar force: whatever contents they have
    :ivar batch_size: number of instances before a pause of ``batch_delay``
        seconds
    :ivar after: the last instance that was tried, in the order of ids
    :ivar tried: how many were tried; ``failed`` of them have it not
    :ivar next: when it goes on, or counts as left by who claimed it
    """

    module_id: str
    ordered_by: str
    tenant_id: str | None
    md5: str | None
    include_clustered: bool
    batch_size: int
    batch_delay: int
    force: bool
    after: str = ''
    tried: int = 0
    failed: int = 0
    next: datetime.datetime | None = None

    def is_like(self, other: Order) -> bool:
        """Whether the same is asked for."""
        return other == dataclasses.replace(
            self,
            after=other.after,
            tried=other.tried,
            failed=other.failed,
            next=other.next,
        )


@session.retry(duplicates=True)
def begin(order: Order, anew: bool = False) -> None:
    """Write down what task managers are to do; it may be repeated.

    What else is being done with the module ends then.

    :param anew: whether it begins with the first instance again when the
        same is being done: users ask again when the contents are others
    :raises QuotaExceeded: the project has asked for too much at once
    """
    with session.writer() as db:
        quota.check_number(
            db,
            order.ordered_by,
            'modules that are reapplied at once',
            _MOST,
            sa.select(_ROW.module_id).where(
                _ROW.ordered_by == order.ordered_by,
                _ROW.module_id != order.module_id,
            ),
        )
        row = db.get(_ROW, order.module_id)
        if row is not None and not anew and _read(row).is_like(order):
            return
        if row is not None:
            db.delete(row)
            db.flush()
        db.add(_ROW(**dataclasses.asdict(order) | {'next': _now(db)}))


def due(limit: int) -> list[str]:
    """Return the modules with which something is to be done now."""
    with session.reader() as db:
        query = (
            sa.select(_ROW.module_id)
            .where(_ROW.next <= _now(db))
            .order_by(_ROW.next)
            .limit(limit)
        )
        return list(db.scalars(query))


@session.retry
def claim(module_id: str, seconds: int) -> Order | None:
    """Return what is to be done now with a module, None for nothing.

    Nobody else gets it until :func:`proceed`, or for some seconds.
    """
    with session.writer() as db:
        row = db.get(_ROW, module_id)
        now = _now(db)
        if row is None or row.next > now:
            return None
        order = _read(row)
        until = now + datetime.timedelta(seconds=seconds)
        if not _change(db, order, next=until):
            return None
        return dataclasses.replace(order, next=until)


@session.retry
def proceed(order: Order, instance_id: str, applied: bool) -> Order | None:
    """Write down that an instance was tried.

    :param order: as :func:`claim` or this function returned it
    :returns: None: another task manager goes on with it
    """
    done = dataclasses.replace(
        order,
        after=instance_id,
        tried=order.tried + 1,
        failed=order.failed + (not applied),
    )
    with session.writer() as db:
        changed = _change(
            db, order, after=done.after, tried=done.tried, failed=done.failed
        )
    return done if changed else None


@session.retry
def rest(order: Order, seconds: int) -> None:
    """Let an order wait for some seconds; any task manager goes on."""
    with session.writer() as db:
        later = _now(db) + datetime.timedelta(seconds=seconds)
        _change(db, order, next=later)


@session.retry
def end(order: Order) -> None:
    """Forget an order, which is done or cannot be."""
    with session.writer() as db:
        statements.execute(db, sa.delete(_ROW).where(*_mine(order)))


def _change(db: orm.Session, order: Order, **values: object) -> bool:
    return bool(
        statements.execute(
            db, sa.update(_ROW).where(*_mine(order)).values(**values)
        )
    )


def _mine(order: Order) -> tuple[sa.ColumnElement[bool], ...]:
    return _ROW.module_id == order.module_id, _ROW.next == order.next


def _now(db: orm.Session) -> datetime.datetime:
    """Return the time as MariaDB keeps it, to be compared with."""
    return clock.now(db).replace(microsecond=0)


def _read(row: models.ReappliedModule) -> Order:
    names = [each.name for each in dataclasses.fields(Order)]
    return Order(**{name: getattr(row, name) for name in names})
