# SPDX-License-Identifier: Apache-2.0
"""Statements that change many rows, and upserts."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import functools
import typing
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite

from trove.db import models


def execute(db: orm.Session, statement: sa.Update | sa.Delete) -> int:
    """Update or delete rows; return the number of matched rows.

    Objects that are already loaded are not refreshed.
    """
    result: Any = db.execute(
        statement.execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def put(
    db: orm.Session,
    table: type[models.Base],
    key: str | tuple[str, ...],
    values: Sequence[Mapping[str, Any]],
    changed: tuple[str, ...],
) -> None:
    """Insert rows, or update existing ones, in one statement.

    :param key: columns of a unique key
    :param values: the rows, all with the same columns
    :param changed: the columns to update in an existing row
    """
    if values:
        statement = _put(_dialect(db), table, _tuple(key), changed)
        db.connection().execute(statement, list(values))


def put_new(
    db: orm.Session,
    table: type[models.Base],
    key: str | tuple[str, ...],
    values: Mapping[str, Any],
) -> bool:
    """Insert a row; return False if its unique key exists already."""
    statement = _put(_dialect(db), table, _tuple(key), ())
    result: Any = db.connection().execute(
        statement,
        dict(values),
        # psycopg loses the row count when the cursor is closed.
        execution_options={'preserve_rowcount': True},
    )
    return int(result.rowcount) > 0


@functools.lru_cache
def _put(
    dialect: str,
    model: type[models.Base],
    key: tuple[str, ...],
    changed: tuple[str, ...],
) -> sa.Insert:
    table = typing.cast(sa.Table, model.__table__)
    if dialect in ('mysql', 'mariadb'):
        upsert = mysql.insert(table)
        if not changed:
            return upsert.prefix_with('IGNORE')
        # VALUES() and not an alias of the row: with an alias PyMySQL sends
        # one statement per row.
        return upsert.on_duplicate_key_update(
            {name: sa.func.values(table.c[name]) for name in changed}
        )
    insert: Any = (
        postgresql.insert(table)
        if dialect == 'postgresql'
        else sqlite.insert(table)
    )
    columns = [table.c[name] for name in key]
    if not changed:
        statement: sa.Insert = insert.on_conflict_do_nothing(
            index_elements=columns
        )
    else:
        statement = insert.on_conflict_do_update(
            index_elements=columns,
            set_={name: insert.excluded[name] for name in changed},
        )
    return statement


def _dialect(db: orm.Session) -> str:
    return str(db.get_bind().dialect.name)


def _tuple(key: str | tuple[str, ...]) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else key
