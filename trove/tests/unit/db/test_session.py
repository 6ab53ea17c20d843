# SPDX-License-Identifier: Apache-2.0
"""Transactions, seen through one table."""

from __future__ import annotations

from concurrent import futures

from oslo_db import exception as db_exception
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.tests import base
from trove.tests.fixtures import database

TIMEOUT = 60


def _in_threads(*functions):
    """Run them at the same time; none may raise."""
    with futures.ThreadPoolExecutor(len(functions)) as pool:
        for future in [pool.submit(function) for function in functions]:
            future.result(TIMEOUT)


class SessionTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(database.SQLiteDatabase()).configure(self.conf)

    def usage(self, **columns):
        with session.writer() as db:
            usage = models.QuotaUsage(tenant_id='p', resource='ram', **columns)
            db.add(usage)
            db.flush()
            return usage.id

    def in_use(self, key):
        with session.reader() as db:
            return db.get(models.QuotaUsage, key).in_use

    def test_block_is_committed_at_its_end(self):
        key = self.usage(in_use=3)

        self.assertEqual(3, self.in_use(key))

    def test_block_that_raises_is_rolled_back(self):
        def fail():
            with session.writer() as db:
                db.add(models.Datastore(id='d', name='d'))
                db.flush()
                raise ValueError('no')

        self.assertRaises(ValueError, fail)

        with session.reader() as db:
            self.assertIsNone(db.get(models.Datastore, 'd'))

    def test_inner_block_belongs_to_the_outer_one(self):
        def fail():
            with session.writer():
                self.usage(id='u')
                raise ValueError('no')

        self.assertRaises(ValueError, fail)

        with session.reader() as db:
            self.assertIsNone(db.get(models.QuotaUsage, 'u'))

    def test_reading_inside_writing_sees_what_was_written(self):
        with session.writer():
            key = self.usage(in_use=1)
            self.assertEqual(1, self.in_use(key))

    def test_writing_inside_reading_is_a_mistake(self):
        def write():
            with session.reader():
                self.usage()

        self.assertRaises(TypeError, write)

    def test_threads_that_read_and_write_do_not_lose_updates(self):
        key = self.usage(in_use=0)

        def add():
            for _ in range(20):
                with session.writer() as db:
                    usage = db.get(models.QuotaUsage, key)
                    usage.in_use += 1

        _in_threads(*[add] * 6)

        self.assertEqual(120, self.in_use(key))

    def test_reader_does_not_wait_for_a_writer(self):
        key = self.usage(in_use=1)
        with session.writer() as db:
            db.get(models.QuotaUsage, key).in_use = 2
            db.flush()
            seen = []

            _in_threads(lambda: seen.append(self.in_use(key)))

        self.assertEqual([1], seen)
        self.assertEqual(2, self.in_use(key))

    def test_foreign_keys_are_enforced(self):
        def orphan():
            with session.writer() as db:
                db.add(models.Instance(datastore_version_id='missing'))

        self.assertRaises(db_exception.DBReferenceError, orphan)

    def test_errors_do_not_show_what_was_to_be_written(self):
        def orphan():
            with session.writer() as db:
                db.add(
                    models.Instance(
                        datastore_version_id='missing',
                        encrypted_key='pass-word',
                    )
                )

        error = self.assertRaises(db_exception.DBReferenceError, orphan)

        self.assertNotIn('pass-word', f'{error} {error.__cause__}')

    def test_retry_repeats_what_met_a_deadlock(self):
        attempts = []

        @session.retry
        def lose_twice():
            attempts.append(1)
            if len(attempts) < 3:
                raise db_exception.DBDeadlock()
            return 'won'

        self.assertEqual('won', lose_twice())
        self.assertEqual(3, len(attempts))

    def test_retry_gives_up_in_the_end(self):
        @session.retry
        def lose():
            raise db_exception.DBDeadlock()

        self.assertRaises(db_exception.DBDeadlock, lose)

    def test_retry_leaves_it_to_the_outermost_block(self):
        attempts = []

        @session.retry
        def lose():
            attempts.append(1)
            raise db_exception.DBDeadlock()

        def outer():
            with session.writer():
                lose()

        self.assertRaises(db_exception.DBDeadlock, outer)
        self.assertEqual(1, len(attempts))

    def test_retry_repeats_duplicates_only_when_asked(self):
        attempts = []

        @session.retry(duplicates=True)
        def insert():
            attempts.append(1)
            if len(attempts) < 2:
                raise db_exception.DBDuplicateEntry()

        @session.retry
        def insert_once():
            raise db_exception.DBDuplicateEntry()

        insert()

        self.assertEqual(2, len(attempts))
        self.assertRaises(db_exception.DBDuplicateEntry, insert_once)


class ConfigureTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.database = self.useFixture(database.SQLiteDatabase())

    def read(self):
        with session.reader() as db:
            return db.scalar(sa.text('SELECT 1'))

    def test_missing_connection_names_the_option(self):
        error = self.assertRaises(
            exception.ConfigurationError, session.configure, self.conf
        )

        self.assertIn('[database] connection', str(error))

    def test_use_before_configure_is_a_mistake(self):
        self.assertRaises(RuntimeError, self.read)

    def test_last_of_several_users_ends_it(self):
        self.database.configure(self.conf)
        session.configure(self.conf)

        session.dispose()

        self.assertEqual(1, self.read())

    def test_dispose_without_configure_does_nothing(self):
        session.dispose()

        self.assertRaises(RuntimeError, self.read)

    def test_another_database_replaces_the_former_one(self):
        self.database.configure(self.conf)
        other = self.useFixture(database.SQLiteDatabase())

        session.configure(database.make_conf(other.url))

        self.assertEqual(other.path, session.engine().url.database)

    def test_unreachable_database_is_unavailable_and_says_no_secret(self):
        url = 'postgresql+psycopg://trove:pass-word@127.0.0.1:1/trove'
        session.configure(database.make_conf(url))
        self.addCleanup(session.dispose)

        error = self.assertRaises(exception.ServiceUnavailable, self.read)

        self.assertIn('database', str(error))
        self.assertIn('[database] connection', self.logs.output)
        self.assertNotIn('pass-word', self.logs.output + str(error))
