# SPDX-License-Identifier: Apache-2.0
"""Execute a statement as the user of scenario.py; print the first it answers.

Usage: execute.py DATASTORE HOST PASSWORD STATEMENT
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any


def main(datastore: str, host: str, password: str, statement: str) -> None:
    name, database = {
        'mariadb': ('pymysql', 'database'),
        'postgresql': ('psycopg', 'dbname'),
    }[datastore]
    opened: Any = importlib.import_module(name).connect(
        host=host,
        user='me',
        password=password,
        connect_timeout=5,
        autocommit=True,
        **{database: 'test'},
    )
    with contextlib.closing(opened), opened.cursor() as cursor:
        cursor.execute(statement)
        if cursor.description:
            print(cursor.fetchone()[0])


if __name__ == '__main__':
    main(*sys.argv[1:])
