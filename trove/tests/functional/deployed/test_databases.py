# SPDX-License-Identifier: Apache-2.0
"""Databases, users, grants and root, seen from REST and from inside."""

from __future__ import annotations

import secrets
from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.tests.functional.deployed import base

#: Names that a careless server takes for something else.
AWKWARD = (
    'with space',
    'semi;colon',
    "o'brien",
    'double"quote',
    'x"; DROP DATABASE shop; --',
    "x'; DROP ROLE clerk; --",
    'back`tick',
    'back\\slash\\..\\',
    'at@sign',
    'dot.ted',
    'ünïcödé',
    '数据库',
    'SELECT',
    'Mixed Case',
    'n' * 63,
)

#: Names that PostgreSQL cannot have, or that are its own.
IMPOSSIBLE = (
    'n' * 64,
    'é' * 32,
    'nul\x00byte',
    '',
    'postgres',
    'template0',
    'os_admin',
    '..',
    'x/../..',
    'slash/ed',
    'question?',
    'hash#',
    'per%63ent',
    ' blank',
)


class DatabaseTestCase(base.DeployedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.target = self.instance()

    def unique(self, prefix: str) -> str:
        return f'{prefix}_{secrets.token_hex(4)}'

    def database_names(self) -> list[str]:
        return [d.name for d in self.member.databases.list(self.target.id)]

    def user_names(self) -> list[str]:
        return [u.name for u in self.member.users.list(self.target.id)]

    def make_database(self, name: str) -> str:
        self.member.databases.create(self.target.id, [{'name': name}])
        self.addCleanup(self.drop_database, name)
        self.eventually(
            lambda: name in self.database_names(), f'database {name!r} is made'
        )
        return name

    def make_user(self, name: str, *databases: str) -> str:
        """Make a user who may use the databases; return the password."""
        password = secrets.token_hex(8) + '\'"\\ %s'
        self.member.users.create(
            self.target.id,
            [
                {
                    'name': name,
                    'password': password,
                    'databases': [{'name': each} for each in databases],
                }
            ],
        )
        self.addCleanup(self.drop_user, name)
        self.eventually(
            lambda: name in self.user_names(), f'user {name!r} is made'
        )
        return password

    def drop_database(self, name: str) -> None:
        if name in self.database_names():
            self.drop('databases', name)

    def drop_user(self, name: str) -> None:
        if name in self.user_names():
            self.drop('users', name)

    def drop(self, kind: str, name: str) -> None:
        def dropped() -> bool:
            try:
                getattr(self.member, kind).delete(self.target.id, name)
            except trove_exceptions.NotFound:
                pass  # The answer of the time before was too late.
            return True

        self.eventually(dropped, f'{kind} {name!r} are dropped')


class NamesTest(DatabaseTestCase):
    def test_awkward_database_names_are_taken_literally(self) -> None:
        before = set(self.database_names())

        self.member.databases.create(
            self.target.id, [{'name': name} for name in AWKWARD]
        )

        self.eventually(
            lambda: set(self.database_names()) == before | set(AWKWARD),
            'the databases are made',
        )
        for name in AWKWARD:
            self.drop('databases', name)
        self.eventually(
            lambda: set(self.database_names()) == before,
            'the databases are dropped',
        )

    def test_awkward_user_names_and_passwords_can_log_in(self) -> None:
        database = self.make_database(self.unique('names'))
        for name in AWKWARD:
            with self.subTest(name=name):
                password = self.make_user(name, database)
                connection = self.connect(
                    self.target, name, password, database
                )
                row = connection.execute('SELECT session_user').fetchone()
                connection.close()
                self.assertEqual((name,), row)

    def test_impossible_names_are_refused_and_nothing_is_made(self) -> None:
        before = self.database_names(), self.user_names()
        for name in IMPOSSIBLE:
            with self.subTest(name=name):
                failure = self.assertRaises(
                    trove_exceptions.ClientException,
                    self.member.databases.create,
                    self.target.id,
                    [{'name': 'fine'}, {'name': name}],
                )
                self.assertEqual(400, failure.http_status)
        users = {*IMPOSSIBLE, 'os_admin_heir_1', 'a@%', 'pg_x'}
        for name in users - {'template0'}:
            with self.subTest(user=name):
                failure = self.assertRaises(
                    trove_exceptions.ClientException,
                    self.member.users.create,
                    self.target.id,
                    [{'name': name, 'password': 'secret'}],
                )
                self.assertEqual(400, failure.http_status)

        self.assertEqual(before, (self.database_names(), self.user_names()))

    def test_encodings_that_are_not_there_are_refused(self) -> None:
        before = self.database_names()
        for wrong in (
            {'character_set': 'nosuch'},
            {'collate': 'utf8_general_ci'},
            {'character_set': 'LATIN1', 'collate': 'C.UTF-8'},
        ):
            failure = self.assertRaises(
                trove_exceptions.ClientException,
                self.member.databases.create,
                self.target.id,
                [{'name': 'fine'}, {'name': 'wrong', **wrong}],
            )
            self.assertEqual(400, failure.http_status)
        self.assertEqual(before, self.database_names())

    def test_names_that_exist_are_refused(self) -> None:
        database = self.make_database(self.unique('twice'))
        user = self.unique('twice')
        self.make_user(user)

        for act, value in (
            (self.member.databases.create, {'name': database}),
            (self.member.users.create, {'name': user, 'password': 'other'}),
        ):
            failure = self.assertRaises(
                trove_exceptions.ClientException,
                act,
                self.target.id,
                [value],
            )
            self.assertEqual(400, failure.http_status)
            self.assertIn('exists', str(failure))


class ListingTest(DatabaseTestCase):
    def test_databases_in_pages(self) -> None:
        names = {self.make_database(self.unique('page')) for _ in range(3)}

        seen: list[str] = []
        marker: Any = None
        while True:
            page = self.member.databases.list(
                self.target.id, limit=2, marker=marker
            )
            self.assertLessEqual(len(page), 2)
            seen.extend(d.name for d in page)
            marker = page.next
            if not marker:
                break

        self.assertEqual(set(), names - set(seen))
        self.assertEqual(len(seen), len(set(seen)))

    def test_users_show_their_databases(self) -> None:
        database = self.make_database(self.unique('db'))
        user = self.unique('user')
        self.make_user(user, database)

        shown = self.member.users.get(self.target.id, user)

        self.assertEqual(user, shown.name)
        self.assertEqual([{'name': database}], shown.databases)

    def test_what_is_not_there_is_not_found(self) -> None:
        for act, arguments in (
            (self.member.databases.delete, ['missing']),
            (self.member.users.get, ['missing']),
            (self.member.users.delete, ['missing']),
            (self.member.users.list_access, ['missing']),
            (self.member.users.revoke, ['missing', 'missing']),
        ):
            self.assertRaises(
                trove_exceptions.NotFound, act, self.target.id, *arguments
            )


class GrantTest(DatabaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.one = self.make_database(self.unique('one'))
        self.two = self.make_database(self.unique('two'))
        self.user = self.unique('user')
        self.password = self.make_user(self.user, self.one)

    def may_use(self, database: str) -> bool:
        return self.connects(self.target, self.user, self.password, database)

    def granted(self) -> list[str]:
        access = self.member.users.list_access(self.target.id, self.user)
        return sorted(database.name for database in access)

    def test_a_user_reaches_only_what_is_granted(self) -> None:
        self.assertTrue(self.may_use(self.one))
        self.assertFalse(self.may_use(self.two))

    def test_grant_and_revoke_hold_at_once(self) -> None:
        self.member.users.grant(self.target.id, self.user, [self.two])

        self.assertEqual(sorted([self.one, self.two]), self.granted())
        self.assertTrue(self.may_use(self.two))

        self.member.users.revoke(self.target.id, self.user, self.two)

        self.assertEqual([self.one], self.granted())
        self.assertFalse(self.may_use(self.two))

    def test_a_revoked_user_loses_the_open_session_too(self) -> None:
        session = self.connect(self.target, self.user, self.password, self.one)
        session.execute('CREATE TABLE mine (n int)')

        self.member.users.revoke(self.target.id, self.user, self.one)

        self.assertFalse(self.may_use(self.one))

    def test_a_changed_password_holds(self) -> None:
        self.member.users.change_passwords(
            self.target.id, [{'name': self.user, 'password': 'Changed 1'}]
        )

        self.eventually(
            lambda: self.connects(
                self.target, self.user, 'Changed 1', self.one
            ),
            'the new password works',
        )
        self.assertFalse(self.may_use(self.one))

    def test_a_renamed_user_keeps_the_grants(self) -> None:
        renamed = self.unique('renamed')
        self.member.users.update_attributes(
            self.target.id,
            self.user,
            {'name': renamed, 'password': 'Changed 2'},
        )
        self.addCleanup(self.drop_user, renamed)

        self.eventually(
            lambda: self.connects(self.target, renamed, 'Changed 2', self.one),
            'the renamed user gets in',
        )

    def test_a_deleted_user_is_gone_and_the_data_stay(self) -> None:
        with self.connect(
            self.target, self.user, self.password, self.one
        ) as session:
            session.execute('CREATE TABLE kept (n int)')

        self.member.users.delete(self.target.id, self.user)

        self.eventually(
            lambda: self.user not in self.user_names(), 'the user is deleted'
        )
        self.assertFalse(self.may_use(self.one))
        self.assertIn(self.one, self.database_names())


class RootTest(DatabaseTestCase):
    def enabled(self) -> bool:
        return bool(
            self.member.root.is_instance_root_enabled(
                self.target.id
            ).rootEnabled
        )

    def test_root_is_off_until_enabled_and_off_when_disabled(self) -> None:
        self.target = self.instance('second')
        user, password = self.member.root.create(self.target.id)

        self.assertTrue(self.enabled())
        with self.connect(self.target, user, password) as connection:
            name = self.unique('by_root')
            connection.execute(f'CREATE DATABASE {name}')
            connection.execute(f'DROP DATABASE {name}')

        self.member.root.disable_instance_root(self.target.id)

        self.assertFalse(self.enabled())
        self.assertFalse(self.connects(self.target, user, password))

    def test_root_with_a_chosen_password(self) -> None:
        user, password = self.member.root.create_instance_root(
            self.target.id, 'Chosen "one"'
        )

        self.assertEqual('Chosen "one"', password)
        self.assertTrue(self.connects(self.target, user, password))
        history = self.admin.mgmt_instances.root_enabled_history(
            self.target.id
        )
        self.assertNotEqual('Never', history.enabled)
