# SPDX-License-Identifier: Apache-2.0
"""Databases, users and grants, seen as the customer sees them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from trove.common import exception
from trove.common.datastores import postgresql
from trove.tests.functional.guestagent import base

#: Names that a careless program would trip over.
AWKWARD = (
    'with "double" quotes',
    "with 'single' quotes",
    'x"; DROP DATABASE postgres; --',
    'Größe 数据库 🐘',
    'UPPER and lower',
    '%s {} \\ $1',
    'select',
    'x' * 63,
)


def database(name: str, **fields: str) -> dict:
    return {'_name': name, **fields}


def user(name: str, *databases: str, password: str = 'secret') -> dict:
    return {
        '_name': name,
        '_password': password,
        '_databases': [database(each) for each in databases],
    }


def names(page: tuple) -> list[str]:
    return [item['_name'] for item in page[0]]


class DatabaseTest(base.ServerTestCase):
    def test_awkward_names_are_taken_literally(self) -> None:
        # When databases and users of awkward names are made
        for name in AWKWARD:
            self.driver.create_databases([database(name)])
            self.driver.create_users([user(name, name, password=name)])
        # Then they are listed under just these names
        self.assertLessEqual(
            set(AWKWARD), set(names(self.driver.list_databases()))
        )
        self.assertLessEqual(
            set(AWKWARD), set(names(self.driver.list_users()))
        )
        # And the customer can use them
        for name in AWKWARD:
            with self.place.session(name, name, name) as session:
                found = session.execute(
                    'SELECT current_user, current_database()'
                ).fetchone()
            self.assertEqual((name, name), found)
        # And they can be taken away
        for name in AWKWARD:
            self.driver.delete_user(name, None)
            self.driver.delete_database(name)
        left = names(self.driver.list_databases())
        self.assertFalse(set(AWKWARD) & set(left), left)
        left = names(self.driver.list_users())
        self.assertFalse(set(AWKWARD) & set(left), left)

    def test_impossible_names_are_refused(self) -> None:
        for name in ('', 'a\0b', 'x' * 64, 'é' * 32, '\ud800', None, 7):
            self.assertRaises(
                exception.BadRequest,
                self.driver.create_databases,
                [{'_name': name}],
            )
            self.assertRaises(
                exception.BadRequest,
                self.driver.create_users,
                [{'_name': name, '_password': 'x'}],
            )

    def test_names_of_the_system_are_refused(self) -> None:
        for name in ('postgres', 'template0', 'template1', 'os_admin'):
            self.assertRaises(
                exception.BadRequest, self.driver.delete_database, name
            )
        for name in ('postgres', 'os_admin', 'root'):
            self.assertRaises(
                exception.BadRequest, self.driver.create_users, [user(name)]
            )
            self.assertRaises(
                exception.BadRequest, self.driver.delete_user, name, None
            )
        for name in ('pg_anything', 'os_admin_heir_1', 'Root'):
            self.assertRaises(
                exception.BadRequest, self.driver.create_users, [user(name)]
            )

    def test_pages_follow_each_other(self) -> None:
        # Given
        made = [f'zz page {number}' for number in range(5)]
        self.driver.create_databases([database(name) for name in made])
        # When
        first, after = self.driver.list_databases(2, 'zz')
        second, end = self.driver.list_databases(3, after)
        # Then
        self.assertEqual(made[:2], [item['_name'] for item in first])
        self.assertEqual('zz page 1', after)
        self.assertEqual(made[2:], [item['_name'] for item in second])
        self.assertIsNone(end)
        self.assertEqual(
            made[1:3], names(self.driver.list_databases(2, after, True))
        )
        self.assertEqual(([], None), self.driver.list_users(5, 'zzzz'))
        for name in made:
            self.driver.delete_database(name)

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
        self.assertIn('UTF8 and not LATIN1', str(error))

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

    def test_a_user_of_a_missing_database_is_not_made(self) -> None:
        self.assertRaises(
            exception.DatabaseNotFound,
            self.driver.create_users,
            [user('early'), user('late', 'no such database')],
        )
        self.assertNotIn('early', names(self.driver.list_users()))

    def test_deleting_a_database_in_use(self) -> None:
        self.driver.create_databases([database('busy')])
        self.driver.create_users([user('busy user', 'busy')])
        with self.place.session('busy user', 'secret', 'busy') as session:
            self.driver.delete_database('busy')
            self.assertRaises(
                psycopg.OperationalError, session.execute, 'SELECT 1'
            )
        self.assertNotIn('busy', names(self.driver.list_databases()))
        # Deleted again, it stays deleted
        self.driver.delete_database('busy')


class UserTest(base.ServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver.create_databases([database('one'), database('two')])

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

    def test_revoking_works_at_once(self) -> None:
        # Given a user with an open session
        self.driver.create_users([user('leaver', 'one', 'two')])
        with self.place.session('leaver', 'secret', 'one') as session:
            # When
            self.driver.revoke_access('leaver', None, 'one')
            # Then the session is gone, and there is no other
            self.assertRaises(
                psycopg.OperationalError, session.execute, 'SELECT 1'
            )
        self.assertFalse(self.place.can_connect('leaver', 'secret', 'one'))
        self.assertTrue(self.place.can_connect('leaver', 'secret', 'two'))
        self.assertEqual(
            ['two'],
            [item['_name'] for item in self.driver.list_access('leaver', '')],
        )

    def test_passwords_and_names_change(self) -> None:
        # Given
        self.driver.create_users([user('worker', 'one', password='old')])
        # When
        self.driver.update_user('worker', '%', {'password': "n'e\\w ünï"})
        # Then
        self.assertFalse(self.place.can_connect('worker', 'old', 'one'))
        self.assertTrue(self.place.can_connect('worker', "n'e\\w ünï", 'one'))
        # When renamed he keeps password and grants
        self.driver.update_user('worker', '%', {'name': 'renamed'})
        self.assertTrue(self.place.can_connect('renamed', "n'e\\w ünï", 'one'))
        # And a name that is taken is refused
        self.driver.create_users([user('taken')])
        self.assertRaises(
            exception.UserExists,
            self.driver.update_user,
            'renamed',
            '%',
            {'name': 'taken'},
        )

    def test_creating_again_sets_the_password(self) -> None:
        for password in ('first', 'second'):
            self.driver.create_databases([database('one')])
            self.driver.create_users([user('again', 'one', password=password)])
        self.assertTrue(self.place.can_connect('again', 'second', 'one'))
        self.assertEqual(
            {
                '_name': 'again',
                '_host': '%',
                '_password': None,
                '_databases': [
                    {
                        '_name': 'one',
                        '_character_set': 'UTF8',
                        '_collate': 'C.UTF-8',
                    }
                ],
            },
            self.driver.get_user('again', '%'),
        )

    def test_what_is_missing_is_said(self) -> None:
        self.driver.create_users([user('somebody')])
        for act in (
            lambda: self.driver.list_access('nobody here', '%'),
            lambda: self.driver.update_user('nobody here', '%', {}),
            lambda: self.driver.grant_access('nobody here', '%', ['one']),
            lambda: self.driver.revoke_access('nobody here', '%', 'one'),
        ):
            self.assertRaises(exception.UserNotFound, act)
        self.assertRaises(
            exception.DatabaseNotFound,
            self.driver.grant_access,
            'somebody',
            '%',
            ['one', 'no such database'],
        )
        # Nothing was granted halfway
        self.assertEqual([], self.driver.list_access('somebody', '%'))
        self.assertRaises(
            exception.DatabaseNotFound,
            self.driver.revoke_access,
            'somebody',
            '%',
            'template1',
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


class RootTest(base.ServerTestCase):
    def test_root_is_an_administrator_until_disabled(self) -> None:
        # Given
        self.assertFalse(self.driver.is_root_enabled())
        self.driver.disable_root()
        # When
        root = self.driver.enable_root()
        # Then
        self.assertEqual('root', root['_name'])
        self.assertTrue(self.driver.is_root_enabled())
        with self.place.session(
            'root', root['_password'], 'postgres'
        ) as session:
            session.execute('CREATE DATABASE by_root')
            # And he is hidden, what he made is not
            self.assertNotIn('root', names(self.driver.list_users()))
            self.assertIn('by_root', names(self.driver.list_databases()))
            # When
            self.driver.disable_root()
            # Then
            self.assertRaises(
                psycopg.OperationalError, session.execute, 'SELECT 1'
            )
        self.assertFalse(self.driver.is_root_enabled())
        self.assertFalse(
            self.place.can_connect('root', root['_password'], 'postgres')
        )
        # And he can come back, with the password of one's choice
        self.driver.enable_root('chosen')
        self.assertTrue(self.place.can_connect('root', 'chosen', 'by_root'))
