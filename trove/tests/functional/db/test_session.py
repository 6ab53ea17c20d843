# SPDX-License-Identifier: Apache-2.0
"""Transactions against servers: away and back, and in each other's way."""

from __future__ import annotations

from concurrent import futures
import gc
import threading
import warnings

import sqlalchemy as sa

from trove.common import exception
from trove.conf import database as conf_database
from trove.db import models
from trove.db import session
from trove.tests import base
from trove.tests.fixtures import database

TIMEOUT = 300


class SessionCases:
    """What holds on both servers."""

    database_class: type

    def setUp(self):
        super().setUp()
        self.database = self.useFixture(self.database_class())
        self.database.configure(self.conf)

    def waits(self, **options):
        """Given limits to what is waited for."""
        session.dispose()
        self.config(group='database', **options)
        self.database.configure(self.conf)

    def usage(self, key):
        with session.writer() as db:
            db.add(models.QuotaUsage(id=key, resource=key, tenant_id='p'))

    def in_use(self, key):
        with session.reader() as db:
            return db.get(models.QuotaUsage, key).in_use

    def in_threads(self, function, *arguments):
        """Run it once per argument at the same time; none may raise."""
        with futures.ThreadPoolExecutor(len(arguments)) as pool:
            list(pool.map(function, arguments, timeout=TIMEOUT))

    def test_a_row_that_another_one_holds(self):
        # Given a transaction that holds a row and goes on and on
        self.usage('k')
        self.waits(lock_timeout=1)
        held, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        @session.retry
        def change(then=lambda: None):
            with session.writer() as db:
                db.execute(
                    sa.update(models.QuotaUsage)
                    .where(models.QuotaUsage.id == 'k')
                    .values(in_use=models.QuotaUsage.in_use + 1)
                )
                then()

        def hold():
            held.set()
            go_on.wait(TIMEOUT)

        with futures.ThreadPoolExecutor(1) as pool:
            holding = pool.submit(change, hold)
            self.assertTrue(held.wait(TIMEOUT))

            # when another one wants it, then it is told
            error = self.assertRaises(exception.RowLocked, change)
            go_on.set()
            holding.result(TIMEOUT)

        self.assertIn('Another transaction holds a lock', str(error))
        self.assertNotIn('unavailable', str(error))
        self.assertEqual(1, self.in_use('k'))
        change()
        self.assertEqual(2, self.in_use('k'))

    def test_a_server_that_does_nothing(self):
        self.usage('k')
        self.waits(statement_timeout=1)
        self.in_use('k')
        with self.database.server.frozen():
            self.assertRaises(exception.ServiceUnavailable, self.in_use, 'k')

        self.assertEqual(0, self.in_use('k'))

    def test_a_server_that_does_nothing_when_it_is_asked_first(self):
        """An open connection is not waited for as long as a statement."""
        self.usage('k')
        # Longer than a test may last.
        self.waits(statement_timeout=3600)
        self.in_use('k')
        with self.database.server.frozen():
            self.assertRaises(exception.ServiceUnavailable, self.in_use, 'k')

        self.assertEqual(0, self.in_use('k'))

    def test_many_threads_share_few_connections(self):
        # Given as many readers as there are connections, and more
        most = conf_database.CONNECTIONS
        inside = threading.Semaphore(0)
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def read(_):
            with session.reader() as db:
                db.scalar(sa.select(sa.func.count(models.QuotaUsage.id)))
                inside.release()
                go_on.wait(TIMEOUT)

        with futures.ThreadPoolExecutor(3 * most) as threads:
            done = [threads.submit(read, each) for each in range(3 * most)]
            # When all that there are are in use
            for _ in range(most):
                self.assertTrue(inside.acquire(timeout=TIMEOUT))
            # Then the others wait, and get one of them in their turn.
            self.assertFalse(inside.acquire(blocking=False))
            go_on.set()
            for each in done:
                each.result(TIMEOUT)
        self.assertEqual(most, session.engine().pool.checkedin())

    def test_database_that_went_away_is_used_again_when_it_is_back(self):
        self.usage('a')
        self.database.stop()
        self.addCleanup(self.database.start)

        self.assertRaises(exception.ServiceUnavailable, self.in_use, 'a')
        self.assertRaises(exception.ServiceUnavailable, self.usage, 'b')
        self.database.start()

        self.assertEqual(0, self.in_use('a'))
        self.usage('b')

    def test_database_that_goes_away_within_a_block_undoes_it(self):
        self.usage('a')
        self.addCleanup(self.database.start)

        def write():
            with session.writer() as db:
                db.get(models.QuotaUsage, 'a').in_use = 5
                db.flush()
                self.database.stop()

        self.assertRaises(exception.ServiceUnavailable, write)
        self.database.start()

        self.assertEqual(0, self.in_use('a'))

    def test_database_that_is_away_at_first_is_used_when_it_is_there(self):
        self.database.stop()
        self.addCleanup(self.database.start)
        session.dispose()
        session.configure(self.conf)

        self.assertRaises(exception.ServiceUnavailable, self.usage, 'a')
        self.database.start()

        self.usage('a')

    def test_deadlocked_transactions_both_get_through(self):
        self.usage('a')
        self.usage('b')
        both_hold_one = threading.Barrier(2, timeout=TIMEOUT)
        first_attempt = threading.local()

        @session.retry
        def add_to(keys):
            with session.writer() as db:
                self.add(db, keys[0])
                if not getattr(first_attempt, 'over', False):
                    first_attempt.over = True
                    both_hold_one.wait()
                self.add(db, keys[1])

        self.in_threads(add_to, ('a', 'b'), ('b', 'a'))

        self.assertEqual(2, self.in_use('a'))
        self.assertEqual(2, self.in_use('b'))

    def add(self, db, key):
        db.execute(
            sa.update(models.QuotaUsage)
            .where(models.QuotaUsage.id == key)
            .values(in_use=models.QuotaUsage.in_use + 1)
        )

    def test_two_that_insert_the_same_row_both_get_through(self):
        both_found_none = threading.Barrier(2, timeout=TIMEOUT)
        first_attempt = threading.local()

        @session.retry(duplicates=True)
        def add_or_insert(key):
            with session.writer() as db:
                found = db.scalar(
                    sa.select(models.QuotaUsage)
                    .where(models.QuotaUsage.resource == 'ram')
                    .execution_options(populate_existing=True)
                )
                if not getattr(first_attempt, 'over', False):
                    first_attempt.over = True
                    both_found_none.wait()
                if found is None:
                    db.add(
                        models.QuotaUsage(
                            id='ram', resource='ram', tenant_id='p', in_use=1
                        )
                    )
                else:
                    self.add(db, found.id)

        self.in_threads(add_or_insert, 1, 2)

        self.assertEqual(2, self.in_use('ram'))

    def test_text_beyond_ascii_comes_back_as_it_was(self):
        with session.writer() as db:
            db.add(models.Instance(id='i', name='señor 数据库 🐘'))

        with session.reader() as db:
            self.assertEqual(
                'señor 数据库 🐘', db.get(models.Instance, 'i').name
            )


class MariaDBSessionTest(SessionCases, base.TestCase):
    database_class = database.MariaDB

    def setUp(self):
        super().setUp()
        # PyMySQL leaves the socket of a failed attempt to the collector.
        warnings.filterwarnings('ignore', 'unclosed', ResourceWarning)
        self.addCleanup(gc.collect)


class PostgreSQLSessionTest(SessionCases, base.TestCase):
    database_class = database.PostgreSQL
