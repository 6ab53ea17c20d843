# SPDX-License-Identifier: Apache-2.0
"""MariaDB: what every SQL server does, and what is its own."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql

from trove.common import exception
from trove.common.datastores import mysql
from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import certificates
from trove.guestagent.datastores.mysql_common import config
from trove.tests.functional.guestagent import access
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import life
from trove.tests.functional.guestagent import stores

database = access.database
user = access.user
names = access.names

MARIADB = stores.MariaDB()


class ServerTestCase(base.ServerTestCase):
    store = MARIADB


class GuestTestCase(base.GuestTestCase):
    store = MARIADB


class DatabaseTest(access.DatabaseTests, ServerTestCase):
    def test_character_set_and_collation(self) -> None:
        # When
        self.driver.create_databases(
            [
                database('latin', _character_set='latin1'),
                database('utf', _character_set='utf8'),
                database('own', _collate='utf8mb4_bin'),
                database('new', _collate='uca1400_ai_ci'),
            ]
        )
        # Then
        shapes = {
            item['_name']: (item['_character_set'], item['_collate'])
            for item in self.driver.list_databases()[0]
        }
        self.assertEqual(('latin1', 'latin1_swedish_ci'), shapes['latin'])
        self.assertEqual('utf8mb3', shapes['utf'][0])
        self.assertEqual(('utf8mb4', 'utf8mb4_bin'), shapes['own'])
        self.assertEqual('utf8mb4_uca1400_ai_ci', shapes['new'][1])
        # And nonsense is an error that says what is wrong
        for wrong in (
            {'_character_set': 'klingon'},
            {'_collate': 'klingon'},
            {'_collate': 'utf8mb4_klingon_ci'},
            {'_character_set': 'latin1', '_collate': 'utf8mb4_bin'},
        ):
            error = self.assertRaises(
                exception.BadRequest,
                self.driver.create_databases,
                [database('fine'), database('wrong', **wrong)],
            )
            self.assertIn(next(iter(wrong.values())), str(error))
        self.assertNotIn('fine', names(self.driver.list_databases()))
        # And one that exists is not passed off for another
        self.driver.create_databases([database('utf', _character_set='utf8')])
        error = self.assertRaises(
            exception.DatastoreError,
            self.driver.create_databases,
            [database('utf', _character_set='latin1')],
        )
        self.assertIn('utf8mb3 instead of latin1', str(error))

    def test_the_character_sets_are_those_of_the_server(self) -> None:
        password = self.driver.enable_root()['_password']
        with self.place.session('root', password, 'mysql') as session:
            rows = session.execute('SHOW CHARACTER SET').fetchall()
        self.assertEqual(
            {row[0] for row in rows} | {'utf8'}, set(mysql.CHARACTER_SETS)
        )

    def test_a_new_database_has_no_users_of_a_former_one(self) -> None:
        self.driver.create_databases([database('re_used')])
        self.driver.create_users([user('former', 're_used')])
        self.driver.delete_database('re_used')

        self.driver.create_databases([database('re_used')])

        self.assertEqual([], self.driver.list_access('former', '%'))
        self.assertFalse(
            self.place.can_connect('former', 'secret', 're_used')
        )


class UserTest(access.UserTests, ServerTestCase):
    def test_a_grant_is_for_one_database(self) -> None:
        # Given names that are patterns for each other
        made = ['a_b', 'aXb', 'a%', 'back\\slash', 'backslash']
        self.driver.create_databases([database(name) for name in made])
        for name in 'a_b', 'a%', 'back\\slash':
            self.driver.create_users([user('one only', name)])
            # Then the user gets into that, and into no other
            self.assertEqual(
                [name],
                names((self.driver.list_access('one only', '%'), None)),
            )
            for other in made:
                self.assertEqual(
                    other == name,
                    self.place.can_connect('one only', 'secret', other),
                    (name, other),
                )
            self.driver.revoke_access('one only', '%', name)
            self.assertFalse(
                self.place.can_connect('one only', 'secret', name)
            )

    def test_grants_without_escapes_are_known(self) -> None:
        # Given a grant as released agents, and customers, make it
        self.driver.create_databases([database('my_shop')])
        self.driver.create_users([user('taken over')])
        password = self.driver.enable_root()['_password']
        with self.place.session('root', password, 'mysql') as session:
            session.execute("GRANT ALL ON `my_shop`.* TO 'taken over'@'%'")
        # Then it is shown, and can be revoked
        self.assertEqual(
            ['my_shop'],
            names((self.driver.list_access('taken over', '%'), None)),
        )
        self.driver.revoke_access('taken over', '%', 'my_shop')
        self.assertFalse(
            self.place.can_connect('taken over', 'secret', 'my_shop')
        )

    def test_users_of_several_hosts(self) -> None:
        # Given
        near = {**user('ann', 'one'), '_host': '127.0.0.%'}
        far = {**user('ann', 'two', password='other'), '_host': '192.0.2.1'}
        self.driver.create_users([near, far])
        # Then each has what was ordered for it
        found = [
            (each['_host'], each['_databases'][0]['_name'])
            for each in self.driver.list_users()[0]
            if each['_name'] == 'ann'
        ]
        self.assertEqual([('127.0.0.%', 'one'), ('192.0.2.1', 'two')], found)
        self.assertTrue(self.place.can_connect('ann', 'secret', 'one'))
        self.assertIsNone(self.driver.get_user('ann', '%'))
        # When one moves, it takes its grants along, but no place of others
        self.assertRaises(
            exception.UserExists,
            self.driver.update_user,
            'ann',
            '192.0.2.1',
            {'host': '127.0.0.%'},
        )
        self.driver.update_user('ann', '192.0.2.1', {'host': '192.0.2.2'})
        self.assertEqual(
            ['two'],
            names((self.driver.list_access('ann', '192.0.2.2'), None)),
        )
        # When one is deleted, the other stays
        self.driver.delete_user('ann', '192.0.2.2')
        self.assertTrue(self.place.can_connect('ann', 'secret', 'one'))

    def test_pages_are_told_by_name_and_host(self) -> None:
        hosts = ['%', '10.0.0.1', '10.0.0.2']
        for host in hosts:
            self.driver.create_users([{**user('zz'), '_host': host}])
        first, after = self.driver.list_users(2, 'zz')
        self.assertEqual(hosts[:2], [each['_host'] for each in first])
        self.assertEqual('zz@10.0.0.1', after)
        second, end = self.driver.list_users(2, after)
        self.assertEqual(hosts[2:], [each['_host'] for each in second])
        self.assertIsNone(end)
        third, _ = self.driver.list_users(1, after, True)
        self.assertEqual('10.0.0.1', third[0]['_host'])

    def test_a_user_without_a_password_cannot_come_in(self) -> None:
        self.driver.create_users([{'_name': 'nobody in', '_password': None}])
        self.assertFalse(self.place.can_connect('nobody in', '', 'mysql'))

    def test_passwords_are_in_no_log(self) -> None:
        # Given a customer who logs every statement
        password = self.driver.enable_root()['_password']
        with self.place.session('root', password, 'mysql') as session:
            session.execute('SET GLOBAL general_log = 1')
            session.execute('SET GLOBAL slow_query_log = 1')
            session.execute('SET GLOBAL long_query_time = 0')
            # When
            self.driver.create_users([user('quiet', password='hush-hush')])
            self.driver.update_user('quiet', '%', {'password': 'hush-again'})
            session.execute('FLUSH LOGS')
            session.execute('SET GLOBAL general_log = 0')
        # Then nobody wrote them
        written = [
            path.read_text(errors='replace')
            for path in self.place.data_dir.iterdir()
            if path.is_file() and path.suffix != '.pem'
        ]
        for text in (*written, self.logs.output):
            self.assertNotIn('hush', text)
        general = [text for text in written if 'SET GLOBAL slow_query' in text]
        self.assertTrue(general)
        self.assertNotIn('quiet', general[0])


class RootTest(access.RootTests, ServerTestCase):
    pass


class LifeTest(life.LifeTests, GuestTestCase):
    def test_what_later_orders_need_is_on_from_birth(self) -> None:
        # When
        driver = self.driver()
        driver.prepare(life.PREPARATION)
        # Then
        for name, value in (
            ('log_bin', '1'),
            ('gtid_strict_mode', '1'),
            ('server_id', str(config.server_id(self.place.guest_id))),
            ('innodb_buffer_pool_size', str(80 * 1024**2)),
            ('local_infile', '0'),
            ('bind_address', self.place.address),
            # Not that of others, whose temporary tables it would remove.
            ('tmpdir', str(self.place.state_dir / 'mariadb-tmp')),
        ):
            self.assertEqual(value, self.show(name), name)
        # And who wants can be sure of whom the server is
        context = ssl.create_default_context(
            cafile=self.place.data_dir / certificates.AUTHORITY
        )
        with pymysql.connect(
            host=self.place.address,
            user='clerk',
            password='secret',
            ssl=context,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
            self.assertIn('TLS', cursor.fetchone()[1])
        # And nobody is let in but who was ordered
        with self.place.session('root', 'top secret', 'mysql') as session:
            found = session.execute('SELECT User, Host FROM user').fetchall()
        self.assertEqual(
            {
                ('clerk', '%'),
                ('mariadb.sys', 'localhost'),
                ('os_admin', 'localhost'),
                ('root', '%'),
            },
            set(found),
        )

    def test_a_start_is_tried_out_before_a_stop(self) -> None:
        driver = self.driver()
        driver.prepare(life.PREPARATION)
        driver.check_start()

        driver.configure(self.store.bad_basic)

        error = self.assertRaises(exception.DatastoreError, driver.check_start)
        self.assertIn(self.store.bad_word, str(error))
        self.assertTrue(driver.answers())

    def test_root_cannot_take_the_agents_place(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(life.PREPARATION)
        # When the customer's administrator locks the agent out
        with self.place.session('root', 'top secret', 'mysql') as session:
            session.execute('DROP USER os_admin@localhost')
        self.assertFalse(driver.answers())
        driver.restart()
        # Then it is in again, and replicas hear nothing of it
        self.assertTrue(driver.answers())
        with self.place.session('root', 'top secret', 'mysql') as session:
            log = session.execute('SHOW BINARY LOGS').fetchall()[-1][0]
            events = session.execute(f"SHOW BINLOG EVENTS IN '{log}'")
            self.assertNotIn('os_admin', str(events.fetchall()))

    def test_values_out_of_range_are_refused_not_changed(self) -> None:
        driver = self.driver()
        driver.prepare(life.PREPARATION)
        wrongs: tuple[dict[str, Any], ...] = (
            {'max_connections': 5},
            {'wait_timeout': 10**9},
            {'autocommit': 'maybe'},
            {'max_conn': 100},
            {'sql_mode': 'KLINGON'},
            {'server_id': 7},
            {'skip_grant_tables': True},
        )
        for wrong in wrongs:
            error = self.assertRaises(
                exception.BadRequest, driver.update_overrides, wrong
            )
            self.assertIn(next(iter(wrong)), str(error))

    def test_sizing_is_accepted_by_mariadb(self) -> None:
        driver = self.driver()
        driver.prepare(datastores.Preparation(memory_mb=64))
        for memory in (64, 512, 4096, 1024 * 1024):
            for volume in (1024**3, 1024**4):
                text = config.render(mysql_settings.sizing(memory, volume))
                driver.home.server().check(text)


class DirectoryTest(life.DirectoryTests, GuestTestCase):
    pass
