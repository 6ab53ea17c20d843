# SPDX-License-Identifier: Apache-2.0
"""What all tables share.

Every date and time is UTC without a zone, as release 26.0 stores it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

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


class Base(orm.DeclarativeBase):
    """Base of all tables; ``Base.metadata`` holds them."""

    def __repr__(self) -> str:
        # Only the key: other columns may hold secrets.
        keys = sa.inspect(type(self)).primary_key
        values = ', '.join(
            f'{key.name}={self.__dict__.get(key.name)!r}' for key in keys
        )
        return f'{type(self).__name__}({values})'
