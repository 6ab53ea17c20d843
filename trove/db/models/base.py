# SPDX-License-Identifier: Apache-2.0
"""Base class and column types of all tables.

Every date and time is UTC without a time zone, as in release 26.0.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from trove.common import text

# MySQL has several sizes of a type that is one in SQLite; PostgreSQL accepts
# no size at all.
MEDIUM_TEXT = (
    sa.Text(65535)
    .with_variant(sa.Text(), 'postgresql')
    .with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
)
LONG_TEXT = (
    sa.Text(4294967295)
    .with_variant(sa.Text(), 'postgresql')
    .with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')
)
DOUBLE = sa.Float(precision=32).with_variant(
    mysql.DOUBLE(asdecimal=False), 'mysql', 'mariadb'
)


class UntrustedText(sa.types.TypeDecorator[str]):
    """A text of untrusted origin, or with a part of such origin.

    Unprintable characters are escaped, and the text is cut to the length of
    the column; see :mod:`trove.common.text`.

    :param kind: type of the column
    :param lines: whether line breaks are kept
    """

    impl: sa.types.TypeEngine[str] | type[sa.types.TypeEngine[str]] = sa.Text
    cache_ok = True

    def __init__(
        self, kind: sa.types.TypeEngine[str], lines: bool = False
    ) -> None:
        super().__init__()
        self.impl = kind
        self.lines = lines

    def process_bind_param(
        self, value: str | None, dialect: sa.Dialect
    ) -> str | None:
        if value is None:
            return None
        length = getattr(self.impl, 'length', None) or len(value)
        shown = text.printable(value, max(length, len(value)), self.lines)
        return text.cut(shown, length)


class Base(orm.DeclarativeBase):
    """Base of all tables; ``Base.metadata`` holds them."""

    def __repr__(self) -> str:
        # Only the key: other columns may hold secrets.
        keys = sa.inspect(type(self)).primary_key
        values = ', '.join(
            f'{key.name}={self.__dict__.get(key.name)!r}' for key in keys
        )
        return f'{type(self).__name__}({values})'
