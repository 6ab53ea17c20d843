# SPDX-License-Identifier: Apache-2.0
"""Databases, users and grants of PostgreSQL, as the customer sees them."""

from __future__ import annotations

from psycopg import sql

from trove.common import exception
from trove.common.datastores import postgresql
from trove.tests.functional.guestagent import access
from trove.tests.functional.guestagent import base

database = access.database
user = access.user
names = access.names


class DatabaseTest(access.DatabaseTests, base.ServerTestCase):
    def test_character_set_and_collation(self) -> None:
        # When
        self.driver.create_databases(
            [
                database('latin', _character_set='LATIN1'),
                database('utf', _character_set='utf8', _collate='C.UTF-8'),
            ]
        )
        # Then
        shapes = {
            item['_name']: (item['_character_set'], item['_collate'])
            for item in self.driver.list_databases()[0]
        }
        self.assertEqual(('LATIN1', 'C'), shapes['latin'])
        self.assertEqual(('UTF8', 'C.UTF-8'), shapes['utf'])
        # And nonsense is an error that says what is wrong
        for wrong in (
            {'_character_set': 'klingon'},
            {'_collate': 'klingon'},
            {'_character_set': 'LATIN1', '_collate': 'C.UTF-8'},
        ):
            error = self.assertRaises(
                exception.BadRequest,
                self.driver.create_databases,
                [database('fine'), database('wrong', **wrong)],
            )
            self.assertIn(next(iter(wrong.values())), str(error))
        self.assertNotIn('fine', names(self.driver.list_databases()))
        # And one that exists is not passed off for another
        self.driver.create_databases([database('utf', _character_set='UTF8')])
        error = self.assertRaises(
            exception.DatastoreError,
            self.driver.create_databases,
            [database('utf', _character_set='LATIN1')],
        )
        self.assertIn('UTF8 instead of LATIN1', str(error))

    def test_the_encodings_are_those_of_the_server(self) -> None:
        with self.place.session(
            'root', self.driver.enable_root()['_password'], 'postgres'
        ) as session:
            rows = session.execute(
                'SELECT pg_encoding_to_char(n) FROM generate_series(0, 34) n'
            ).fetchall()
            there = {name for (name,) in rows} - {'', 'MULE_INTERNAL'}
            for encoding, text in postgresql.ENCODINGS.items():
                for name in (encoding, *text.split()[1:]):
                    found = session.execute(
                        'SELECT pg_encoding_to_char(pg_char_to_encoding(%s))',
                        [name],
                    ).fetchone()
                    self.assertEqual((encoding,), found)
                    self.assertEqual(encoding, postgresql.encoding_of(name))
        self.assertEqual(there, set(postgresql.ENCODINGS))
        # And databases can have them
        every = [
            database(f'encoded {name}', _character_set=name)
            for name in ('SQL_ASCII', 'EUC_TW', 'WIN1252', 'KOI8', 'utf-8')
        ]
        self.driver.create_databases(every)

    def test_hosts_are_refused(self) -> None:
        self.driver.create_users([user('ann')])
        for act in (
            lambda: self.driver.create_users([{**user('b'), '_host': '::1'}]),
            lambda: self.driver.delete_user('ann', '192.0.2.1'),
            lambda: self.driver.update_user('ann', '%', {'host': '::1'}),
        ):
            self.assertRaises(exception.BadRequest, act)
        self.assertIsNotNone(self.driver.get_user('ann', '%'))


class UserTest(access.UserTests, base.ServerTestCase):
    def test_a_grant_lets_users_work_together(self) -> None:
        # Given two users of one database
        self.driver.create_users([user('first', 'one'), user('second')])
        with self.place.session('first', 'secret', 'one') as session:
            session.execute('CREATE TABLE before (n serial, what text)')
        self.driver.grant_access('second', None, ['one'])
        with self.place.session('first', 'secret', 'one') as session:
            session.execute('CREATE TABLE after (n serial, what text)')
        # Then each can use what the other made, before and after
        with self.place.session('second', 'secret', 'one') as session:
            for table in ('before', 'after'):
                session.execute(
                    sql.SQL("INSERT INTO {} (what) VALUES ('x')").format(
                        sql.Identifier(table)
                    )
                )
            session.execute('CREATE SCHEMA own')
        # And nobody gets into a database without a grant
        self.assertFalse(self.place.can_connect('first', 'secret', 'two'))
        self.assertEqual(
            ['one'],
            [item['_name'] for item in self.driver.list_access('second', '%')],
        )

    def test_passwords_are_in_no_log(self) -> None:
        # Given a customer who logs every statement, also failing ones
        root = self.driver.enable_root()
        with self.place.session('root', root['_password'], 'postgres') as own:
            own.execute("ALTER SYSTEM SET log_statement = 'all'")
            own.execute('SELECT pg_reload_conf()')
        # When
        self.driver.create_users([user('quiet', 'one', password='hush-hush')])
        self.driver.update_user('quiet', '%', {'password': 'hush-again'})
        self.assertRaises(
            exception.BadRequest,
            self.driver.create_users,
            [user('pg_quiet', password='hush-never')],
        )
        # Then neither PostgreSQL nor the agent wrote them, nor verifiers
        logs = [
            path.read_text(errors='replace')
            for path in (self.place.data_dir / 'log').iterdir()
        ]
        logs.append(self.logs.output)
        for text in logs:
            self.assertNotIn('hush', text)
            self.assertNotIn('SCRAM-SHA-256$', text)


class RootTest(access.RootTests, base.ServerTestCase):
    pass
