# SPDX-License-Identifier: Apache-2.0
"""The pool of connections to a file of SQLite."""

from __future__ import annotations

from concurrent import futures
import contextlib
import os
import sqlite3

import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import sqlite
from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.fixtures import waiting


class PoolTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.database = self.useFixture(database.SQLiteDatabase())
        self.database.configure(self.conf)

    def add(self, name):
        with session.writer() as db:
            db.add(models.Datastore(id=name, name=name))

    def names(self):
        with session.reader() as db:
            return set(db.scalars(sa.select(models.Datastore.name)))

    def ask(self, question):
        with session.reader() as db:
            return db.scalar(sa.text(question))

    def test_transactions_share_a_connection(self):
        opened = []
        sa.event.listen(
            session.engine(), 'connect', lambda *args: opened.append(args)
        )

        for name in ('a', 'b', 'c'):
            self.add(name)

        self.assertEqual({'a', 'b', 'c'}, self.names())
        self.assertLessEqual(len(opened), 1)

    def test_each_connection_is_prepared(self):
        self.assertEqual('wal', self.ask('PRAGMA journal_mode'))
        self.assertEqual(1, self.ask('PRAGMA foreign_keys'))
        self.assertEqual(
            sqlite.BUSY_TIMEOUT * 1000, self.ask('PRAGMA busy_timeout')
        )

    def test_after_a_lock_was_not_given_transactions_begin_again(self):
        self.ask('PRAGMA busy_timeout = 1')
        with contextlib.closing(
            sqlite3.connect(self.database.path, isolation_level=None)
        ) as other:
            other.execute('BEGIN IMMEDIATE')
            self.assertRaises(
                exception.ServiceUnavailable, self.add, 'refused'
            )
            other.execute('ROLLBACK')

        def fail():
            with session.writer() as db:
                db.add(models.Datastore(id='undone', name='undone'))
                db.flush()
                raise ValueError('no')

        self.assertRaises(ValueError, fail)
        self.add('done')

        self.assertEqual({'done'}, self.names())

    def test_writers_that_wait_hold_up_no_reader(self):
        pool = session.engine().pool
        names = {f'name-{number}' for number in range(20)}
        with futures.ThreadPoolExecutor(len(names)) as threads:
            with contextlib.closing(
                sqlite3.connect(self.database.path, isolation_level=None)
            ) as other:
                other.execute('BEGIN IMMEDIATE')
                written = [threads.submit(self.add, name) for name in names]
                waiting.until(
                    lambda: pool.checkedout() == len(names),
                    'all writers have a connection',
                    timeout=2.0,
                )

                self.assertEqual(set(), self.names())
            for each in written:
                each.result()

        self.assertEqual(names, self.names())

    def test_nothing_stays_open_at_the_end(self):
        self.add('a')
        session.dispose()

        # The last one that is closed removes the log.
        directory = os.path.dirname(self.database.path)
        self.assertEqual(['trove.sqlite'], os.listdir(directory))


class PooledTest(base.TestCase):
    def test_others_stay_as_they_are(self):
        for url in (
            None,
            'sqlite://',
            'mysql+pymysql://trove:p%40ss@host/trove?charset=utf8mb4',
        ):
            with self.subTest(url):
                self.assertEqual(url, sqlite.pooled(url))

    def test_parameters_stay(self):
        url = sa.make_url(sqlite.pooled('sqlite:////a/b?timeout=5'))

        self.assertEqual('/a/b', url.database)
        self.assertEqual('5', url.query['timeout'])
