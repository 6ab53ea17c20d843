# SPDX-License-Identifier: Apache-2.0
"""MySQL: what every SQL server does, and what is its own."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql

from trove.common import datastores as rules
from trove.common import exception
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import certificates
from trove.guestagent.datastores.mysql import catalogue
from trove.guestagent.datastores.mysql_common import config
from trove.tests.fixtures import mysql
from trove.tests.functional.guestagent import access
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import life
from trove.tests.functional.guestagent import stores

#: A variable that a running server cannot change.
_FIXED = 1238


class ServerTest(
    access.DatabaseTests, access.UserTests, base.ServerTestCase
):
    store = stores.MySQL()

    @classmethod
    def setUpClass(cls) -> None:
        reason = mysql.missing()
        if reason is not None:
            raise cls.skipException(reason)
        super().setUpClass()

    def root(self) -> Any:
        password = self.driver.enable_root()['_password']
        return self.place.session('root', password, 'mysql')

    def test_the_character_sets_are_those_of_the_server(self) -> None:
        with self.root() as session:
            rows = session.execute('SHOW CHARACTER SET').fetchall()
        self.assertEqual(
            {row[0] for row in rows} | {'utf8'},
            set(rules.rules('mysql').character_sets),
        )

    def test_passwords_are_in_no_log(self) -> None:
        # Given a customer who logs every statement
        with self.root() as session:
            for name, value in (
                ('general_log', 1),
                ('slow_query_log', 1),
                ('long_query_time', 0),
            ):
                session.execute(f'SET GLOBAL {name} = {value}')
            # When
            self.driver.create_users(
                [access.user('quiet', password='hush-hush')]
            )
            self.driver.update_user('quiet', '%', {'password': 'hush-again'})
            session.execute('SET GLOBAL general_log = 0')
        # Then nobody wrote them, and the user has the newer one
        written = [
            path.read_text(errors='replace')
            for path in self.place.data_dir.iterdir()
            if path.is_file() and path.suffix != '.pem'
        ]
        for text in (*written, self.logs.output):
            self.assertNotIn('hush', text)
        self.assertTrue(
            self.place.can_connect('quiet', 'hush-again', self.store.home)
        )

    def test_clients_can_check_who_answers(self) -> None:
        context = ssl.create_default_context(
            cafile=self.place.data_dir / certificates.AUTHORITY
        )
        self.driver.create_users([access.user('seen')])
        with pymysql.connect(
            host=self.place.address,
            user='seen',
            password='secret',
            ssl=context,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
            self.assertIn('TLS', cursor.fetchone()[1])

    def test_nobody_has_a_way_in_but_those_ordered(self) -> None:
        with self.root() as session:
            rows = session.execute(
                "SELECT User FROM mysql.user WHERE Host = 'localhost'"
            ).fetchall()
            self.assertEqual(
                {
                    'mysql.infoschema',
                    'mysql.session',
                    'mysql.sys',
                    'os_admin',
                },
                {name for (name,) in rows},
            )
            # And nobody can have the server read other settings than ours
            session.execute('SET PERSIST_ONLY max_connections = 31')
            self.driver.restart()
        with self.root() as session:
            shown = self.store.show(session, 'max_connections')
        self.assertNotEqual('31', shown)
        # And replicas hear nothing of the agent
        with self.root() as session:
            log = session.execute('SHOW BINARY LOGS').fetchall()[-1][0]
            events = session.execute(f"SHOW BINLOG EVENTS IN '{log}'")
            self.assertNotIn('os_admin', str(events.fetchall()))

    def test_values_out_of_range_are_refused_not_changed(self) -> None:
        wrongs: tuple[dict[str, Any], ...] = (
            {'max_connections': 0},
            {'wait_timeout': 10**9},
            {'autocommit': 'maybe'},
            {'max_conn': 100},
            {'sql_mode': 'KLINGON'},
            {'server_id': 7},
            {'mysqlx_port': 3306},
            {'skip_grant_tables': True},
        )
        for wrong in wrongs:
            error = self.assertRaises(
                exception.BadRequest, self.driver.update_overrides, wrong
            )
            self.assertIn(next(iter(wrong)), str(error))

    def test_parameters_are_those_of_the_server(self) -> None:
        # Given what it lists
        server = self.driver.home.server()
        settings = rules.rules('mysql').settings
        listed = catalogue.read(server.programs, server.account)
        # When each is set as its rule says
        wrong = []
        with self.root() as session:
            for each in settings.read_catalogue(listed):
                name = each.name
                try:
                    session.execute(f'SET GLOBAL {name} = @@GLOBAL.{name}')
                    fixed = False
                except pymysql.MySQLError as error:
                    fixed = error.args[0] == _FIXED
                if fixed != each.restart_required:
                    wrong.append(name)
        # Then the server does the same
        self.assertEqual([], wrong)

    def test_sizing_is_accepted_by_mysql(self) -> None:
        settings = rules.rules('mysql').settings
        for memory in (64, 512, 4096, 1024 * 1024):
            for volume in (1024**3, 1024**4):
                text = config.render(
                    settings.sizing(memory, volume), loose=True
                )
                self.driver.home.server().check(text)


class OrderTest(life.OrderTests, base.GuestTestCase):
    store = stores.MySQL()

    def setUp(self) -> None:
        reason = mysql.missing()
        if reason is not None:
            self.skipTest(reason)
        super().setUp()

    def test_another_version_is_refused(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError,
            self.driver().prepare,
            datastores.Preparation(memory_mb=256, version='99.1'),
        )
        self.assertIn('MySQL 99.1,', str(error))
        self.assertIn('this server has MySQL', str(error))
