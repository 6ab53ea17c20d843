# SPDX-License-Identifier: Apache-2.0
"""The clock of the database: the one that all hosts have in common."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions


class Now(functions.FunctionElement[datetime.datetime]):
    """The time in UTC, without a zone, when a statement begins."""

    type = sa.DateTime()
    name = 'now'
    inherit_cache = True


def now(db: orm.Session) -> datetime.datetime:
    """Return the time of the database, in UTC without a zone."""
    return db.scalars(sa.select(Now())).one()


@compiler.compiles(Now)
def _mysql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return 'UTC_TIMESTAMP()'


@compiler.compiles(Now, 'postgresql')
def _postgresql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return "timezone('utc', statement_timestamp())"


@compiler.compiles(Now, 'sqlite')
def _sqlite(element: Now, compiled: Any, **kwargs: Any) -> str:
    # A % in the text of a statement is not one of the driver's here.
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
