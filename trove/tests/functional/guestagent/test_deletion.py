# SPDX-License-Identifier: Apache-2.0
"""What becomes of the things of a deleted user."""

from __future__ import annotations

from unittest import mock

import psycopg

from trove.common import exception
from trove.guestagent.datastores.postgresql import connection
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent.test_access import database
from trove.tests.functional.guestagent.test_access import names
from trove.tests.functional.guestagent.test_access import user


class DeletionTest(base.ServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver.create_databases([database('one')])

    def as_root(self, statement: str) -> list[tuple]:
        """Let the customer's administrator do something."""
        root = self.driver.enable_root()
        with self.place.session('root', root['_password'], 'one') as session:
            result = session.execute(statement)
            rows = result.fetchall() if result.description else []
        self.driver.disable_root()
        return rows

    def test_a_deleted_user_leaves_his_data(self) -> None:
        # Given
        self.driver.create_users([user('mortal', 'one'), user('heir', 'one')])
        with self.place.session('mortal', 'secret', 'one') as session:
            session.execute('CREATE TABLE legacy AS SELECT 42 AS answer')
            # When
            self.driver.delete_user('mortal', '%')
            self.assertRaises(
                psycopg.OperationalError, session.execute, 'SELECT 1'
            )
        # Then
        self.assertIsNone(self.driver.get_user('mortal', '%'))
        self.assertFalse(self.place.can_connect('mortal', 'secret', 'one'))
        with self.place.session('heir', 'secret', 'one') as session:
            found = session.execute('SELECT answer FROM legacy').fetchone()
        self.assertEqual((42,), found)
        # And once more is fine
        self.driver.delete_user('mortal', '%')

    def test_code_of_a_deleted_user_has_no_power(self) -> None:
        # Given code that runs with the rights of its owner
        self.driver.create_users([user('author', 'one'), user('crook', 'one')])
        with self.place.session('author', 'secret', 'one') as session:
            session.execute(
                'CREATE FUNCTION run(what text) RETURNS void '
                'LANGUAGE plpgsql SECURITY DEFINER AS '
                '$$ BEGIN EXECUTE what; END $$'
            )
        # When
        self.driver.delete_user('author', '%')
        # Then it gives nobody more than he has
        with self.place.session('crook', 'secret', 'one') as session:
            for statement in (
                "SELECT run('ALTER ROLE crook SUPERUSER')",
                "SELECT run('COPY pg_class TO PROGRAM $$cat$$')",
                "SELECT run('TABLE pg_authid')",
            ):
                self.assertRaises(
                    psycopg.errors.InsufficientPrivilege,
                    session.execute,
                    statement,
                )
            session.execute("SELECT run('CREATE TABLE mine ()')")
        # And who inherited it is nobody's user
        ((heir,),) = self.as_root(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'os_admin_%'"
        )
        self.assertNotIn(heir, names(self.driver.list_users()))
        self.assertRaises(
            exception.BadRequest, self.driver.create_users, [user(heir)]
        )
        # And goes with the database
        self.driver.delete_user('crook', '%')
        self.driver.delete_database('one')
        self.driver.create_databases([database('one')])
        self.assertEqual(
            [],
            self.as_root(
                "SELECT 1 FROM pg_roles WHERE rolname LIKE 'os_admin_%'"
            ),
        )

    def test_a_deletion_that_fails_can_be_repeated(self) -> None:
        # Given a table that somebody holds on to
        self.driver.create_users([user('stuck', 'one'), user('holder', 'one')])
        with self.place.session('stuck', 'secret', 'one') as session:
            session.execute('CREATE TABLE held ()')
        with self.place.session('holder', 'secret', 'one') as session:
            session.execute('BEGIN')
            session.execute('LOCK TABLE held')
            # When
            with mock.patch.object(
                connection,
                '_OPTIONS',
                connection._OPTIONS.replace('timeout=30s', 'timeout=100ms'),
            ):
                self.assertRaises(
                    exception.DatastoreError,
                    self.driver.delete_user,
                    'stuck',
                    '%',
                )
        # Then he is as before
        self.assertIn('stuck', names(self.driver.list_users()))
        self.assertTrue(self.place.can_connect('stuck', 'secret', 'one'))
        # And can be deleted
        self.driver.delete_user('stuck', '%')
        self.assertIsNone(self.driver.get_user('stuck', '%'))

    def test_a_role_that_is_no_user_is_not_taken(self) -> None:
        self.as_root('CREATE ROLE powers SUPERUSER NOLOGIN')
        error = self.assertRaises(
            exception.BadRequest, self.driver.create_users, [user('powers')]
        )
        self.assertIn('powers', str(error))

    def test_owners_of_databases_can_go(self) -> None:
        # Given
        self.driver.create_users([user('owner')])
        self.as_root('CREATE DATABASE owned OWNER owner')
        with self.place.session('owner', 'secret', 'owned') as session:
            session.execute('CREATE SCHEMA s CREATE TABLE t ()')
        # When
        self.driver.delete_user('owner', '%')
        # Then
        self.assertIn('owned', names(self.driver.list_databases()))
        self.driver.delete_database('owned')
