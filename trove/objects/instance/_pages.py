# SPDX-License-Identifier: Apache-2.0
"""Reads pages of instances without sorting the whole table.

The order is by ``created``, then ``id``; rows without ``created`` come first.
``deleted`` and ``created`` may be NULL in old databases, and databases sort
NULL differently. So a page is the union of parts without that ambiguity: each
part has one value of ``deleted``, and either one time or all later times. Each
part is read in the order of an index (``ix_instances_page``,
``ix_instances_project_page``), with the limit of the page; only their union is
sorted. The parts select whole rows: PostgreSQL may read the whole table to
find the rows by their ids again.
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
    """The variant of the statement of a page; the rest are parameters.

    :ivar project: only instances of one project
    :ivar clustered: include instances of clusters
    :ivar deleted: only deleted ones, or only others; None: both
    :ivar after: whether the marker has a time; None: the first page
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

    :param project_id: only instances of this project; None: of all
    :param clustered: include instances of clusters
    :param deleted: only deleted ones, or only others; None: both
    :param after: the marker, ``created`` and id of the previous page's last
    :param limit: maximum number of instances
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
    """Return the query of a page; building it takes longer than running it."""
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
    """Return the sort keys.

    :param instance: a selectable with the columns of models.Instance
    """
    return instance.created.is_not(None), instance.created, instance.id


def _times(
    after: Literal['time', 'no time'] | None,
) -> list[list[sa.ColumnElement[bool]]]:
    """Return conditions: created at the time of the marker, and later."""
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
    # SQLite does not support LIMIT in a part of a union but in a subquery.
    return sa.select(part.subquery())


def _is(column: Any, value: bool | None) -> sa.ColumnElement[bool]:
    if value is None:
        condition: sa.ColumnElement[bool] = column.is_(None)
    else:
        # Not "IS false": MariaDB uses no index for that.
        condition = column == sa.literal(value)
    return condition
