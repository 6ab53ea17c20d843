# SPDX-License-Identifier: Apache-2.0
"""Database migrations.

An empty database gets all tables; a database of release 26.0 gets the tables
added since and keeps every row. There are no downgrades.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import threading

from alembic import command
from alembic import config
from alembic import migration
from alembic import script
from oslo_config import cfg
from oslo_db import exception as db_exception
from oslo_log import log
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from trove.common import exception
from trove.db import models
from trove.db import session

LOG = log.getLogger(__name__)

#: Revisions of released Trove before 26.0, the one that is migrated.
OLDER_RELEASES = frozenset(
    (
        '906cffda7b29',
        '5c68b4fb3cd1',
        'cee1bcba3541',
        '7ee6154548a6',
        'f90016d7baf8',
    )
)

_MYSQL = ('mysql', 'mariadb')
_VERSION_TABLE = 'alembic_version'
_LEGACY_VERSION_TABLE = 'migrate_version'

# Name (MySQL) and number (PostgreSQL) of the lock against concurrent
# migrations, and the timeout for it in seconds.
_LOCK_NAME = 'trove_db_sync'
_LOCK_NUMBER = 0x74726F7665
_LOCK_TIMEOUT = 60

# Alembic keeps the context of a migration in global variables.
_alembic = threading.Lock()

_TAKE_OVER = (
    'Run "trove-manage db_sync" of release 26.0 on it first, then repeat '
    'this command.'
)
_CHECK_CONNECTION = (
    'Check that [database] connection is the URL of the database of Trove.'
)


def sync(conf: cfg.ConfigOpts, version: str | None = None) -> str:
    """Migrate the database to ``version``, by default the newest.

    Concurrent runs are safe: the second waits for the first.

    :returns: the revision of the database afterwards
    :raises DatabaseRevisionError: the database cannot be migrated to that
        version; the message has the cause and the remedy. Nothing was
        changed.
    :raises ServiceUnavailable: the database is unreachable
    """
    with _alembic, _connection(conf) as connection:
        settings = _settings(connection)
        scripts = script.ScriptDirectory.from_config(settings)
        target = _target(scripts, version)
        with _locked(connection):
            found = _revision(connection, scripts)
            _refuse_backwards(scripts, found, target)
            if found != target:
                LOG.info(
                    'Migrating the database from revision %s to %s.',
                    found or '(empty)',
                    target,
                )
                command.upgrade(settings, target)
    return target


def current(conf: cfg.ConfigOpts) -> str | None:
    """Return the revision of the database, None when it has no tables.

    :raises DatabaseRevisionError: the database is not of a Trove that this
        release can work with; the message has the remedy
    :raises ServiceUnavailable: the database is unreachable
    """
    with _connection(conf, writes=False) as connection:
        scripts = script.ScriptDirectory.from_config(_settings(connection))
        return _revision(connection, scripts)


def latest() -> str:
    """Return the newest revision, which this release requires."""
    scripts = script.ScriptDirectory.from_config(_settings(None))
    return str(scripts.get_current_head())


def wipe(conf: cfg.ConfigOpts) -> None:
    """Drop every table of Trove with all rows, and no other table.

    :raises ServiceUnavailable: the database is unreachable
    """
    with _connection(conf) as connection, _locked(connection):
        models.Base.metadata.drop_all(connection)
        for name in (_VERSION_TABLE, _LEGACY_VERSION_TABLE):
            sa.Table(name, sa.MetaData()).drop(connection, checkfirst=True)


@contextlib.contextmanager
def _connection(
    conf: cfg.ConfigOpts, writes: bool = True
) -> Iterator[sa.Connection]:
    session.configure(conf, limits=False)
    try:
        with session.translated_errors(), session.engine().connect() as found:
            if writes:
                found = found.execution_options(**session.WRITE_OPTIONS)
            with found.begin():
                yield found
    finally:
        session.dispose()


def _settings(connection: sa.Connection | None) -> config.Config:
    settings = config.Config()
    settings.set_main_option('script_location', 'trove.db:migrations')
    settings.set_main_option('path_separator', 'os')
    settings.attributes['connection'] = connection
    settings.attributes['transactional'] = (
        connection is not None and connection.dialect.name not in _MYSQL
    )
    return settings


@contextlib.contextmanager
def _locked(connection: sa.Connection) -> Iterator[None]:
    """Exclude concurrent runs; a transaction of SQLite does so itself."""
    if connection.dialect.name in _MYSQL:
        statement = sa.text('SELECT GET_LOCK(:name, :timeout)')
        values = {'name': _LOCK_NAME, 'timeout': _LOCK_TIMEOUT}
        if connection.execute(statement, values).scalar() != 1:
            raise _busy()
        try:
            yield
        finally:
            # The server releases the lock when the connection is lost.
            with contextlib.suppress(sa_exc.SQLAlchemyError):
                connection.execute(
                    sa.text('SELECT RELEASE_LOCK(:name)'), {'name': _LOCK_NAME}
                )
        return
    if connection.dialect.name == 'postgresql':
        # Released at the end of the transaction.
        connection.execute(
            sa.text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}s'")
        )
        try:
            connection.execute(
                sa.text('SELECT pg_advisory_xact_lock(:number)'),
                {'number': _LOCK_NUMBER},
            )
        except (sa_exc.DBAPIError, db_exception.DBError) as error:
            if 'lock timeout' in str(error):
                raise _busy() from error
            raise
    yield


def _busy() -> exception.DatabaseRevisionError:
    return exception.DatabaseRevisionError(
        problem='Another db_sync has held the lock of the database for more '
        f'than {_LOCK_TIMEOUT} seconds.',
        remedy='Wait until it has finished, then repeat this command.',
    )


def _revision(
    connection: sa.Connection, scripts: script.ScriptDirectory
) -> str | None:
    tables = set(sa.inspect(connection).get_table_names())
    if _VERSION_TABLE not in tables:
        _refuse_unversioned(tables)
        return None
    context = migration.MigrationContext.configure(connection)
    heads = context.get_current_heads()
    if not heads:
        _refuse_interrupted(tables - {_VERSION_TABLE})
        return None
    for revision in heads:
        _refuse_unknown(revision, scripts)
    return str(heads[0])


def _refuse_unversioned(tables: set[str]) -> None:
    if _LEGACY_VERSION_TABLE in tables:
        raise exception.DatabaseRevisionError(
            problem='The database is of a release before 23.0.',
            remedy=_TAKE_OVER,
        )
    if tables:
        example = ', '.join(sorted(tables)[:3])
        raise exception.DatabaseRevisionError(
            problem=f'The database is not empty (it has {len(tables)} tables, '
            f'among them {example}) and its revision is unknown: there is no '
            f'table {_VERSION_TABLE}.',
            remedy=_CHECK_CONNECTION + ' If a database of Trove lost this '
            'table, restore the database from a backup.',
        )


def _refuse_interrupted(tables: set[str]) -> None:
    if tables:
        raise exception.DatabaseRevisionError(
            problem='The first db_sync of this database was interrupted: it '
            f'has {len(tables)} tables but no revision.',
            remedy='If it has no data that you need, run "trove-manage '
            'db_recreate --yes"; otherwise restore it from a backup.',
        )


def _refuse_unknown(revision: str, scripts: script.ScriptDirectory) -> None:
    if revision in OLDER_RELEASES:
        raise exception.DatabaseRevisionError(
            problem=f'The database has revision {revision} of a release '
            'before 26.0.',
            remedy=_TAKE_OVER,
        )
    if revision not in _known(scripts):
        raise exception.DatabaseRevisionError(
            problem=f'The database has revision {revision}, which is unknown '
            'to this release.',
            remedy='It is of a newer release, or not of Trove. Run db_sync '
            'of the newest release that is installed. ' + _CHECK_CONNECTION,
        )


def _refuse_backwards(
    scripts: script.ScriptDirectory, found: str | None, target: str
) -> None:
    order = _known(scripts)
    if found is not None and order.index(target) < order.index(found):
        raise exception.DatabaseRevisionError(
            problem=f'The database has revision {found}, which is newer than '
            f'{target}.',
            remedy='Downgrades are not supported; restore a backup instead.',
        )


def _target(scripts: script.ScriptDirectory, version: str | None) -> str:
    known = _known(scripts)
    if version in (None, 'head'):
        return known[-1]
    if version not in known:
        raise exception.DatabaseRevisionError(
            problem=f'There is no revision {version}.',
            remedy='Use one of ' + ', '.join(known) + '.',
        )
    return str(version)


def _known(scripts: script.ScriptDirectory) -> list[str]:
    """Return all revisions of this release, oldest first."""
    newest_first = [step.revision for step in scripts.walk_revisions()]
    return newest_first[::-1]
