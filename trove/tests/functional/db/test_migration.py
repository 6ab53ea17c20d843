# SPDX-License-Identifier: Apache-2.0
"""db_sync on the three databases, from nothing and from release 26.0."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys

from alembic import autogenerate
from alembic import migration as alembic_migration
import fixtures
from oslo_db import exception as db_exception
import sqlalchemy as sa

from trove.common import exception
from trove.db import migration
from trove.db import models
from trove.db import session
from trove.tests import base
from trove.tests.fixtures import database

BASE = '95418fe2a1c8'
OURS = {
    'backup_logs',
    'backup_schedules',
    'backup_verifications',
    'guest_probes',
    'instance_addresses',
    'instance_certificates',
    'instance_keys',
    'instance_sealing',
    'log_archives',
    'log_series',
    'pending_parameters',
    'reapplied_modules',
    'replication_states',
    'rpc_rejected',
    'rpc_replays',
    'scheduled_backups',
    'services',
    'workflows',
}
PROCESS_TIMEOUT = 600

# Release 26.0 makes these columns NOT NULL where it can, which is not on
# SQLite; the models follow SQLite's form and always give a value.
TIGHTER = {'priority_apply', 'apply_order', 'is_admin'}


def _value(column, number):
    """Something of the column's type; differs from row to row."""
    kind = column.type.python_type
    if kind is str:
        length = min(column.type.length or 60, 36)
        return f'{number}-{column.name}-éß'[:length]
    if kind is datetime.datetime:
        return datetime.datetime(2026, 2, 28, 23, 59, number)
    if kind is bool:
        return bool(number % 2)
    return number if kind is int else number + 0.5


def _row(table, number):
    values = {}
    for column in table.columns:
        values[column.name] = _value(column, number)
        for key in column.foreign_keys:
            values[column.name] = _value(key.column, number)
    return values


def _different(change):
    return not (change[0] == 'modify_nullable' and change[3] in TIGHTER)


class MigrationCases:
    """What holds on each of them."""

    database_class: type

    def setUp(self):
        super().setUp()
        self.database = self.useFixture(self.database_class(migrated=False))
        self.database.configure(self.conf)

    def execute(self, *statements):
        with session.engine().begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def tables(self):
        return set(sa.inspect(session.engine()).get_table_names())

    def fill(self):
        """Put three rows into every table that there is."""
        metadata = sa.MetaData()
        with session.engine().begin() as connection:
            metadata.reflect(connection)
            for table in metadata.sorted_tables:
                if table.name == 'alembic_version':
                    continue
                for number in range(3):
                    connection.execute(
                        table.insert().values(_row(table, number))
                    )

    def rows(self):
        """All rows by table."""
        metadata = sa.MetaData()
        with session.engine().connect() as connection:
            metadata.reflect(connection)
            return {
                table.name: sorted(
                    map(repr, connection.execute(table.select()))
                )
                for table in metadata.sorted_tables
                if table.name != 'alembic_version'
            }

    def changes(self):
        """What the models have and the database has not, or the reverse."""
        with session.engine().connect() as connection:
            context = alembic_migration.MigrationContext.configure(connection)
            found = autogenerate.compare_metadata(
                context, models.Base.metadata
            )
        flat = []
        for change in found:
            flat.extend(change if isinstance(change, list) else [change])
        return [change for change in flat if _different(change)]

    def sync_process(self):
        directory = self.useFixture(fixtures.TempDir()).path
        path = os.path.join(directory, 'trove.conf')
        with open(path, 'w') as file:
            file.write(f'[database]\nconnection = {self.database.url}\n')
        return subprocess.Popen(
            [
                *(sys.executable, '-m', 'trove.cmd.manage'),
                *('--config-file', path, 'db_sync'),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def test_empty_database_gets_the_tables_of_the_models(self):
        self.assertEqual(migration.latest(), migration.sync(self.conf))

        self.assertEqual(migration.latest(), migration.current(self.conf))
        self.assertEqual([], self.changes())

    def test_database_of_release_26_is_taken_over_with_every_row(self):
        migration.sync(self.conf, BASE)
        self.fill()
        before = self.rows()

        migration.sync(self.conf)

        after = self.rows()
        self.assertEqual(28, len(before))
        self.assertEqual(before, {name: after[name] for name in before})
        self.assertEqual({3}, {len(rows) for rows in before.values()})
        self.assertEqual([], self.changes())

    def test_rows_of_release_26_are_read_through_the_models(self):
        migration.sync(self.conf, BASE)
        self.fill()
        migration.sync(self.conf)

        with session.reader() as db:
            found = {
                mapper.class_.__tablename__: len(
                    db.scalars(sa.select(mapper.class_)).all()
                )
                for mapper in models.Base.registry.mappers
            }
            names = db.scalars(
                sa.select(models.Instance.name).order_by(models.Instance.id)
            ).all()
        self.assertEqual(OURS, {name for name in found if not found[name]})
        self.assertEqual(28 * 3, sum(found.values()))
        self.assertEqual(['0-name-éß', '1-name-éß', '2-name-éß'], names)

    def test_older_release_is_refused_and_untouched(self):
        migration.sync(self.conf, BASE)
        self.execute("UPDATE alembic_version SET version_num='f90016d7baf8'")
        before = self.tables()

        error = self.assertRaises(
            exception.DatabaseRevisionError, migration.sync, self.conf
        )

        self.assertIn('db_sync" of release 26.0', str(error))
        self.assertEqual(before, self.tables())

    def test_database_of_somebody_else_is_refused_and_untouched(self):
        self.execute('CREATE TABLE nova_things (id INTEGER)')

        self.assertRaises(
            exception.DatabaseRevisionError, migration.sync, self.conf
        )

        self.assertEqual({'nova_things'}, self.tables())

    def test_interrupted_take_over_is_finished_by_the_next(self):
        migration.sync(self.conf, BASE)
        self.fill()
        before = self.rows()
        for place in (
            'CREATE TABLE IF NOT EXISTS workflows',
            'CREATE TABLE IF NOT EXISTS rpc_replays',
            'CREATE INDEX ix_rpc_rejected_state',
            'CREATE INDEX ix_instances_slave_of_id',
        ):
            with LightsOut(place):
                self.assertRaises(
                    (db_exception.DBError, RuntimeError),
                    migration.sync,
                    self.conf,
                )

        migration.sync(self.conf)

        after = self.rows()
        self.assertEqual(before, {name: after[name] for name in before})
        self.assertEqual([], self.changes())

    def test_two_at_once_both_succeed(self):
        processes = [self.sync_process() for _ in range(2)]

        outputs = [
            process.communicate(timeout=PROCESS_TIMEOUT)[0]
            for process in processes
        ]

        self.assertEqual(
            [0, 0], [process.returncode for process in processes], outputs
        )
        self.assertEqual([], self.changes())

    def test_wipe_drops_what_is_ours_only(self):
        migration.sync(self.conf)
        self.fill()
        self.execute('CREATE TABLE of_somebody_else (id INTEGER)')

        migration.wipe(self.conf)

        self.assertEqual({'of_somebody_else'}, self.tables())


class LightsOut(fixtures.Fixture):
    """The creation of a table or index fails."""

    def __init__(self, beginning):
        super().__init__()
        self.beginning = beginning

    def _setUp(self):
        event = (sa.Engine, 'before_cursor_execute', self._fail)
        sa.event.listen(*event)
        self.addCleanup(sa.event.remove, *event)

    def _fail(self, connection, cursor, statement, *rest):
        if statement.strip().startswith(self.beginning):
            raise RuntimeError('lights out')


class SQLiteMigrationTest(MigrationCases, base.TestCase):
    database_class = database.SQLiteDatabase


class ServerMigrationCases(MigrationCases):
    """What holds where a lock keeps two runs apart."""

    take_lock: str

    def test_waiting_for_another_one_ends_with_an_explanation(self):
        self.useFixture(
            fixtures.MockPatchObject(migration, '_LOCK_TIMEOUT', 1)
        )
        with session.engine().connect() as connection:
            connection.execute(sa.text(self.take_lock))

            error = self.assertRaises(
                exception.DatabaseRevisionError, migration.sync, self.conf
            )

        self.assertIn('Another db_sync', str(error))
        self.assertEqual(set(), self.tables())


class MariaDBMigrationTest(ServerMigrationCases, base.TestCase):
    database_class = database.MariaDB
    take_lock = f"SELECT GET_LOCK('{migration._LOCK_NAME}', 0)"


class PostgreSQLMigrationTest(ServerMigrationCases, base.TestCase):
    database_class = database.PostgreSQL
    take_lock = f'SELECT pg_advisory_lock({migration._LOCK_NUMBER})'
