# SPDX-License-Identifier: Apache-2.0
"""Tests of databases, users and root that every SQL server passes.

Each class is mixed into one for each datastore.
"""

from __future__ import annotations

from trove.common import exception


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


class DatabaseTests:
    """Of a server that the tests of a class share."""

    def test_awkward_names_are_taken_literally(self) -> None:
        awkward = self.store.awkward
        # When databases and users of awkward names are made
        for name in awkward:
            self.driver.create_databases([database(name)])
            self.driver.create_users([user(name, name, password=name)])
        # Then they are listed under just these names
        self.assertLessEqual(
            set(awkward), set(names(self.driver.list_databases()))
        )
        self.assertLessEqual(
            set(awkward), set(names(self.driver.list_users()))
        )
        # And the customer can use them
        for name in awkward:
            with self.place.session(name, name, name) as session:
                found = session.execute(self.store.who).fetchone()
            self.assertEqual((name, name), found)
        # And they can be taken away
        for name in awkward:
            self.driver.delete_user(name, None)
            self.driver.delete_database(name)
        left = names(self.driver.list_databases())
        self.assertFalse(set(awkward) & set(left), left)
        left = names(self.driver.list_users())
        self.assertFalse(set(awkward) & set(left), left)

    def test_impossible_names_are_refused(self) -> None:
        for name in self.store.impossible:
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
        for name in self.store.system_databases:
            self.assertRaises(
                exception.BadRequest, self.driver.delete_database, name
            )
        for name in self.store.system_users:
            self.assertRaises(
                exception.BadRequest, self.driver.create_users, [user(name)]
            )
            self.assertRaises(
                exception.BadRequest, self.driver.delete_user, name, None
            )
        for name in self.store.system_prefixes:
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
            self.assertRaises(self.store.error, session.execute, 'SELECT 1')
        self.assertNotIn('busy', names(self.driver.list_databases()))
        # Deleted again, it stays deleted
        self.driver.delete_database('busy')


class UserTests:
    """Of a server that the tests of a class share."""

    def setUp(self) -> None:
        super().setUp()
        self.driver.create_databases([database('one'), database('two')])

    def test_revoking_works_at_once(self) -> None:
        # Given a user with an open session
        self.driver.create_users([user('leaver', 'one', 'two')])
        with self.place.session('leaver', 'secret', 'one') as session:
            # When
            self.driver.revoke_access('leaver', None, 'one')
            # Then the session is gone, and there is no other
            self.assertRaises(self.store.error, session.execute, 'SELECT 1')
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
        # When renamed, the user keeps password and grants
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
        character_set, collate = self.store.encoding
        self.assertTrue(self.place.can_connect('again', 'second', 'one'))
        self.assertEqual(
            {
                '_name': 'again',
                '_host': '%',
                '_password': None,
                '_databases': [
                    {
                        '_name': 'one',
                        '_character_set': character_set,
                        '_collate': collate,
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
            self.store.system_database,
        )


class RootTests:
    """Of a server that the tests of a class share."""

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
            'root', root['_password'], self.store.home
        ) as session:
            session.execute('CREATE DATABASE by_root')
            # And it is hidden, what it made is not
            self.assertNotIn('root', names(self.driver.list_users()))
            self.assertIn('by_root', names(self.driver.list_databases()))
            # When
            self.driver.disable_root()
            # Then
            self.assertRaises(self.store.error, session.execute, 'SELECT 1')
        self.assertFalse(self.driver.is_root_enabled())
        self.assertFalse(
            self.place.can_connect('root', root['_password'], self.store.home)
        )
        # And it can come back, with the password of one's choice
        self.driver.enable_root('chosen')
        self.assertTrue(self.place.can_connect('root', 'chosen', 'by_root'))
