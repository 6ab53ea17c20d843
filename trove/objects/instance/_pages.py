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
import functools
import itertools
from typing import Any
from typing import Literal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm

from trove.db import models
from trove.objects.instance import _loading
from trove.objects.instance import entities

#: The values of the column ``deleted``, by what was asked for.
_DELETED: dict[bool | None, tuple[bool | None, ...]] = {
    True: (True,),
    False: (False, None),
    None: (False, None, True),
}

_LIMIT: sa.BindParameter[int] = sa.bindparam('limit', type_=sa.Integer)


class _Shape(NamedTuple):
    """All that the statement of a page depends on, beside its parameters.

    :ivar project: only a project's
    :ivar clustered: those of clusters, too
    :ivar deleted: whether deleted ones or the others; None: both
    :ivar after: the last one of the page before had a time or had none; None:
        there is no page before
    """

    project: bool
    clustered: bool
    deleted: bool | None
    after: Literal['time', 'no time'] | None


def load(
    db: orm.Session,
    *,
    project_id: str | None,
    clustered: bool,
    deleted: bool | None,
    after: tuple[datetime.datetime | None, str] | None,
    limit: int,
) -> list[entities.Instance]:
    """Return the instances of a page, in order.

    :param project_id: those of this project; None: of all
    :param clustered: those of clusters, too
    :param deleted: whether deleted ones or the others; None: both
    :param after: ``created`` and id of the last one of the page before
    :param limit: how many at most
    """
    shape = _Shape(project_id is not None, clustered, deleted, _kind(after))
    created, last = after or (None, None)
    parameters = {
        'project': project_id,
        'created': created,
        'last': last,
        'limit': limit,
    }
    return _loading.load(db, db.execute(_statement(shape), parameters))


def _kind(
    after: tuple[datetime.datetime | None, str] | None,
) -> Literal['time', 'no time'] | None:
    if after is None:
        return None
    return 'no time' if after[0] is None else 'time'


@functools.cache
def _statement(shape: _Shape) -> sa.Select[Any]:
    """Return a query of a page; to make it takes longer than to run it."""
    conditions = []
    if shape.project:
        conditions.append(
            models.Instance.tenant_id == sa.bindparam('project')
        )
    if not shape.clustered:
        conditions.append(models.Instance.cluster_id.is_(None))
    parts = [
        _part([*conditions, _is(models.Instance.deleted, value), *times])
        for value, times in itertools.product(
            _DELETED[shape.deleted], _times(shape.after)
        )
    ]
    found = sa.union_all(*parts).subquery()
    page = orm.aliased(
        models.Instance,
        sa.select(found).order_by(*_order(found.c)).limit(_LIMIT).subquery(),
    )
    statement: sa.Select[Any] = _loading.query(page)
    return statement.order_by(*_order(page))


def _order(instance: Any) -> tuple[sa.ColumnElement[Any], ...]:
    """Return what the list is ordered by.

    :param instance: what has the columns of models.Instance
    """
    return instance.created.is_not(None), instance.created, instance.id


def _times(
    after: Literal['time', 'no time'] | None,
) -> list[list[sa.ColumnElement[bool]]]:
    """Conditions: made at the very time of the last one, and later."""
    created = models.Instance.created
    behind = models.Instance.id > sa.bindparam('last')
    if after == 'time':
        when: sa.BindParameter[Any] = sa.bindparam('created')
        return [[created == when, behind], [created > when]]
    same: list[sa.ColumnElement[bool]] = [created.is_(None)]
    if after is not None:
        same.append(behind)
    return [same, [created.is_not(None)]]


def _part(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    part = (
        sa.select(*sa.inspect(models.Instance).columns)
        .where(*conditions)
        .order_by(models.Instance.created, models.Instance.id)
        .limit(_LIMIT)
    )
    # SQLite takes no limit inside of a union otherwise.
    return sa.select(part.subquery())


def _is(column: Any, value: bool | None) -> sa.ColumnElement[bool]:
    if value is None:
        condition: sa.ColumnElement[bool] = column.is_(None)
    else:
        # Not "IS false", which no index of MariaDB's is used for.
        condition = column == sa.literal(value)
    return condition
