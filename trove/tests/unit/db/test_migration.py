# SPDX-License-Identifier: Apache-2.0
"""The steps lead to the models, and begin at what release 26.0 makes."""

from __future__ import annotations

import json
import pathlib

from alembic import autogenerate
from alembic import migration as alembic_migration
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


def _released():
    path = pathlib.Path(__file__).parent / 'release_26_0.json'
    return json.loads(path.read_text())['tables']


def _describe(inspector, table):
    """The shape of a table in the words of the facts' file."""
    key = inspector.get_pk_constraint(table)['constrained_columns']
    columns = []
    for column in inspector.get_columns(table):
        found = {
            'name': column['name'],
            'type': str(column['type']),
            'nullable': column['nullable'],
        }
        if column['name'] in key:
            found['primary_key'] = key.index(column['name']) + 1
        columns.append(found)
    indexes = [(True, tuple(key))]
    for unique in inspector.get_unique_constraints(table):
        indexes.append((True, tuple(unique['column_names'])))
    for index in inspector.get_indexes(table):
        indexes.append((bool(index['unique']), tuple(index['column_names'])))
    keys = [
        (
            *each['constrained_columns'],
            f'{each["referred_table"]}.{each["referred_columns"][0]}',
            each['options'].get('ondelete', 'NO ACTION'),
        )
        for each in inspector.get_foreign_keys(table)
    ]
    return columns, sorted(indexes), sorted(keys)


def _expect(facts):
    indexes = [
        (each['unique'], tuple(each['columns'])) for each in facts['indexes']
    ]
    keys = [
        (each['column'], each['references'], each['on_delete'])
        for each in facts['foreign_keys']
    ]
    return facts['columns'], sorted(indexes), sorted(keys)


class MigrationTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(database.SQLiteDatabase(migrated=False)).configure(
            self.conf
        )

    def execute(self, *statements):
        with session.engine().begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def tables(self):
        return set(sa.inspect(session.engine()).get_table_names())

    def assertRefused(self, *words, version=None):
        """The sync fails, names the words and leaves all as it was."""
        before = self.tables()
        error = self.assertRaises(
            exception.DatabaseRevisionError,
            migration.sync,
            self.conf,
            version,
        )
        for word in words:
            self.assertIn(word, str(error))
        self.assertEqual(before, self.tables())

    def test_first_step_makes_the_tables_of_release_26(self):
        migration.sync(self.conf, BASE)

        inspector = sa.inspect(session.engine())
        released = _released()
        self.assertEqual(set(released) | {'alembic_version'}, self.tables())
        for table, facts in released.items():
            self.assertEqual(
                _expect(facts), _describe(inspector, table), table
            )

    def test_all_steps_make_the_tables_of_the_models(self):
        migration.sync(self.conf)

        with session.engine().connect() as connection:
            context = alembic_migration.MigrationContext.configure(connection)
            found = autogenerate.compare_metadata(
                context, models.Base.metadata
            )
        self.assertEqual([], found)

    def test_ours_are_the_only_tables_added(self):
        self.assertEqual(
            set(_released()) | OURS, set(models.Base.metadata.tables)
        )

    def test_empty_database_has_no_revision_and_then_the_latest(self):
        self.assertIsNone(migration.current(self.conf))

        self.assertEqual(migration.latest(), migration.sync(self.conf))

        self.assertEqual(migration.latest(), migration.current(self.conf))

    def test_sync_may_be_repeated(self):
        migration.sync(self.conf)
        self.execute(
            "INSERT INTO datastores (id, name) VALUES ('d', 'postgresql')"
        )

        migration.sync(self.conf)

        with session.reader() as db:
            self.assertIsNotNone(db.get(models.Datastore, 'd'))

    def test_release_before_26_is_refused_with_the_remedy(self):
        for revision in migration.OLDER_RELEASES:
            self.execute(
                'DROP TABLE IF EXISTS alembic_version',
                'CREATE TABLE alembic_version (version_num VARCHAR(32))',
                f"INSERT INTO alembic_version VALUES ('{revision}')",
            )

            self.assertRefused(revision, 'db_sync" of release 26.0')

    def test_release_before_alembic_is_refused_with_the_remedy(self):
        self.execute('CREATE TABLE migrate_version (version INTEGER)')

        self.assertRefused('db_sync" of release 26.0')

    def test_unknown_revision_is_refused(self):
        migration.sync(self.conf)
        self.execute("UPDATE alembic_version SET version_num = 'feedbeef'")

        self.assertRefused('feedbeef', 'newer release')

    def test_database_of_somebody_else_is_refused(self):
        self.execute('CREATE TABLE nova_things (id INTEGER)')

        self.assertRefused('nova_things', '[database] connection')

    def test_interrupted_first_sync_is_refused_with_the_remedy(self):
        migration.sync(self.conf, BASE)
        self.execute('DELETE FROM alembic_version')

        self.assertRefused('interrupted', 'db_recreate --yes')

    def test_going_back_is_refused(self):
        migration.sync(self.conf)

        self.assertRefused('Downgrades are not supported', version=BASE)

    def test_unknown_target_is_refused_naming_the_known_ones(self):
        self.assertRefused('no revision 48', BASE, version='48')

    def test_nothing_is_left_of_a_sync_that_fails(self):
        def fail(conn, cursor, statement, *rest):
            if 'CREATE TABLE' in statement and 'workflows' in statement:
                raise RuntimeError('lights out')

        sa.event.listen(sa.Engine, 'before_cursor_execute', fail)
        self.addCleanup(
            sa.event.remove, sa.Engine, 'before_cursor_execute', fail
        )

        self.assertRaises(db_exception.DBError, migration.sync, self.conf)

        self.assertEqual(set(), self.tables())

    def test_wipe_leaves_the_tables_of_others(self):
        migration.sync(self.conf)
        self.execute('CREATE TABLE of_somebody_else (id INTEGER)')

        migration.wipe(self.conf)

        self.assertEqual({'of_somebody_else'}, self.tables())

    def test_unset_connection_is_explained(self):
        self.config(connection=None, group='database')

        error = self.assertRaises(
            exception.ConfigurationError, migration.sync, self.conf
        )

        self.assertIn('[database] connection', str(error))
