# SPDX-License-Identifier: Apache-2.0
"""Which instances a page of the list has, found without sorting them all.

The order is by time of creation, then id; those without a time come first.
``deleted`` and ``created`` may be NULL in databases that have seen much, and
each database has its own order for that. So a page is put together of parts
in which they are not: each part holds one value of ``deleted``, and either
one time or all times after it. Each is read from an index in its order and
no further than the page is long (``ix_instances_page`` and
``ix_instances_project_page``); only what was read so is sorted. The rows come
along, for to find them again by their ids PostgreSQL may read them all.
"""

from __future__ import annotations

from collections.abc import Sequence
import datetime
import itertools
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models

#: The values of the column ``deleted``, by what was asked for.
_DELETED: dict[bool | None, tuple[bool | None, ...]] = {
    True: (True,),
    False: (False, None),
    None: (False, None, True),
}


def select(
    conditions: Sequence[sa.ColumnElement[bool]],
    deleted: bool | None,
    after: tuple[datetime.datetime | None, str] | None,
    limit: int,
) -> Any:
    """Return an alias of models.Instance that selects a page, unordered.

    :param conditions: on columns of models.Instance
    :param deleted: whether deleted ones or the others; None: both
    :param after: ``created`` and id of the last one of the page before
    :param limit: how many at most
    """
    parts = [
        _part(
            [*conditions, _is(models.Instance.deleted, value), *times], limit
        )
        for value, times in itertools.product(_DELETED[deleted], _times(after))
    ]
    found = sa.union_all(*parts).subquery()
    page = sa.select(found).order_by(*order(found.c)).limit(limit)
    return orm.aliased(models.Instance, page.subquery())


def order(instance: Any) -> tuple[sa.ColumnElement[Any], ...]:
    """Return what the list is ordered by.

    :param instance: what has the columns of models.Instance
    """
    return instance.created.is_not(None), instance.created, instance.id


def _times(
    after: tuple[datetime.datetime | None, str] | None,
) -> list[list[sa.ColumnElement[bool]]]:
    """Conditions: made at the very time of the last one, and later."""
    created, last = after or (None, None)
    same = [_is(models.Instance.created, created)]
    if last is not None:
        same.append(models.Instance.id > last)
    if created is None:
        return [same, [models.Instance.created.is_not(None)]]
    return [same, [models.Instance.created > created]]


def _part(
    conditions: Sequence[sa.ColumnElement[bool]], limit: int
) -> sa.Select[Any]:
    part = (
        sa.select(*sa.inspect(models.Instance).columns)
        .where(*conditions)
        .order_by(models.Instance.created, models.Instance.id)
        .limit(limit)
    )
    # SQLite takes no limit inside of a union otherwise.
    return sa.select(part.subquery())


def _is(column: Any, value: Any) -> sa.ColumnElement[bool]:
    if value is None:
        condition: sa.ColumnElement[bool] = column.is_(None)
    elif isinstance(value, bool):
        # Not "IS false", which no index of MariaDB's is used for.
        condition = column == sa.literal(value)
    else:
        condition = column == value
    return condition
