# SPDX-License-Identifier: Apache-2.0
"""What all tables share.

Every date and time is UTC without a zone, as release 26.0 stores it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from trove.common import text

# What SQLite calls by one name has several widths in MySQL, and PostgreSQL
# takes no width at all.
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


class Said(sa.types.TypeDecorator[str]):
    """A text that others may have said, or a part of it.

    Nothing but what can be seen is written, and no more than there is room
    for; see :mod:`trove.common.text`.

    :param kind: of the column
    :param lines: whether its lines stay lines
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
        said = text.printable(value, max(length, len(value)), self.lines)
        return said[:length] if len(said) > length else said


class Base(orm.DeclarativeBase):
    """Base of all tables; ``Base.metadata`` holds them."""

    def __repr__(self) -> str:
        # Only the key: other columns may hold secrets.
        keys = sa.inspect(type(self)).primary_key
        values = ', '.join(
            f'{key.name}={self.__dict__.get(key.name)!r}' for key in keys
        )
        return f'{type(self).__name__}({values})'
