# SPDX-License-Identifier: Apache-2.0
"""An instance of MariaDB, from its order to its end."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql
from troveclient import exceptions as trove_exceptions

from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import server
from trove.tests.functional.deployed import base
from trove.tests.unit.cloud.certificates import archives


class MariaDBTest(base.DeployedTestCase):
    def setUp(self) -> None:
        super().setUp()
        found = programs.find(
            server.KIND, server.candidates(), None, '/nowhere', None
        )
        self.offer_datastore('mariadb', found.major)

    def ask(
        self,
        instance: Any,
        user: str,
        password: str,
        statement: str,
        **options: Any,
    ) -> Any:
        with pymysql.connect(
            host=base.address_of(instance),
            user=user,
            password=password.encode(),
            charset='utf8mb4',
            autocommit=True,
            **options,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall()

    def refused(self, act: Any, *arguments: Any, **more: Any) -> str:
        return str(
            self.assertRaises(
                trove_exceptions.BadRequest, act, *arguments, **more
            )
        )

    def test_the_life_of_an_instance(self) -> None:
        # Given
        users = [
            {
                'name': 'clerk',
                'password': 'secret',
                'databases': [{'name': 'my_shop'}],
            }
        ]
        made = self.create_active(
            'maria',
            datastore='mariadb',
            databases=[{'name': 'my_shop', 'character_set': 'latin1'}],
            users=users,
        )
        member = self.member
        # Then the customer can work
        self.ask(made, 'clerk', 'secret', 'CREATE TABLE my_shop.t (i int)')
        self.assertEqual('mariadb', made.datastore['type'])
        self.make_users_of_hosts(made)
        self.order_what_cannot_be(made)
        # When it is restarted, all is there
        member.instances.restart(made.id)
        made = self.wait_active(made.id)
        self.ask(made, 'clerk', 'secret', 'SELECT * FROM my_shop.t')
        # When root is enabled
        root, password = member.root.create(made.id)
        self.assertEqual('root', root)
        ((version,),) = self.ask(made, root, password, 'SELECT VERSION()')
        self.assertIn('MariaDB', version)
        self.back_up_and_restore(made)
        self.encrypt(made)
        # When it is deleted, nobody answers any more
        self.delete(made.id)
        self.assertRaises(
            pymysql.OperationalError, self.ask, made, 'clerk', 'secret', 'DO 1'
        )

    def encrypt(self, made: Any) -> None:
        """A certificate is used at once, and all have to."""
        directory = self.deployment.directory / 'certificates'
        directory.mkdir(exist_ok=True)
        (directory / 'db.p12').write_bytes(archives.pack(directory, b'word'))
        (directory / 'word').write_bytes(b'word')
        act = self.member.instances
        act.ssl_enable(made.id, 'enforced', 'db.p12', 'word')
        shown = act.ssl_show(made.id)
        self.assertEqual(('on', 'enforced'), (shown.status, shown.mode))
        self.assertEqual('db', shown.certificate['cn'])
        context = ssl.create_default_context(cafile=directory / 'ca.crt')
        # It is of another address.
        context.check_hostname = False
        self.ask(made, 'ann', 'a', 'SELECT 1', ssl=context)
        self.assertRaises(
            pymysql.OperationalError,
            self.ask,
            made,
            'ann',
            'a',
            'SELECT 1',
            ssl_disabled=True,
        )
        act.ssl_rollback(made.id)
        self.assertEqual('builtin', act.ssl_show(made.id).mode)
        self.ask(made, 'ann', 'a', 'SELECT 1', ssl_disabled=True)

    def make_users_of_hosts(self, made: Any) -> None:
        """Users of several hosts are told apart."""
        member = self.member
        member.users.create(
            made.id,
            [
                {'name': 'ann', 'password': 'a', 'host': host}
                for host in ('192.0.2.1', '127.0.0.1')
            ],
        )
        self.eventually(
            lambda: (
                [(each.name, each.host) for each in member.users.list(made.id)]
                == [
                    ('ann', '127.0.0.1'),
                    ('ann', '192.0.2.1'),
                    ('clerk', '%'),
                ]
            ),
            'the users are made',
        )
        self.ask(made, 'ann', 'a', 'SELECT 1')
        member.users.delete(made.id, 'ann', hostname='192.0.2.1')
        self.eventually(
            lambda: len(member.users.list(made.id)) == 2, 'one is deleted'
        )

    def back_up_and_restore(self, made: Any) -> None:
        """A chain of backups becomes an instance of its own."""
        statement = 'INSERT INTO my_shop.t VALUES ({})'
        self.ask(made, 'clerk', 'secret', statement.format(1))
        full = self.backed_up('full', made)
        self.ask(made, 'clerk', 'secret', statement.format(2))
        newest = self.backed_up('newest', made, incremental=True)
        self.assertEqual(full.id, newest.parent_id)
        self.ask(made, 'clerk', 'secret', statement.format(3))
        restored = self.create_active(
            'restored',
            datastore='mariadb',
            restorePoint={'backupRef': newest.id},
        )
        rows = self.ask(restored, 'clerk', 'secret', 'SELECT * FROM my_shop.t')
        self.assertEqual([(1,), (2,)], sorted(rows))
        root = self.member.root.is_root_enabled(restored.id)
        self.assertTrue(root.rootEnabled)
        self.delete(restored.id)
        # Those that continue it go with the first
        self.member.backups.delete(full.id)
        self.eventually(lambda: not self.member.backups.list(), 'all are gone')

    def backed_up(self, name: str, made: Any, **values: Any) -> Any:
        backup = self.member.backups.create(name, made.id, **values)

        def ended() -> Any:
            found = self.member.backups.get(backup.id)
            return found if found.status in ('COMPLETED', 'FAILED') else None

        found = self.eventually(ended, f'{name} has ended')
        self.assertEqual('COMPLETED', found.status)
        self.wait_active(made.id)
        return found

    def order_what_cannot_be(self, made: Any) -> None:
        member = self.member
        for name in ('slave_1', 'emo🐘', 'x' * 81):
            self.refused(
                member.users.create, made.id, [{'name': name, 'password': 'x'}]
            )
        for name in ('sys', 'x' * 65):
            self.refused(member.databases.create, made.id, [{'name': name}])
