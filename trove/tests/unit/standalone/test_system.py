# SPDX-License-Identifier: Apache-2.0
"""The parts around the services: options, port, datastore."""

import os
import pathlib
import socket

import fixtures
from oslo_config import cfg
import oslo_messaging
import testtools

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import catalogue
from trove.guestagent.datastores.mariadb import server
from trove.guestagent.datastores.mysql import catalogue as mysql_catalogue
from trove.guestagent.datastores.mysql import server as mysql
from trove.guestagent.datastores.postgresql import binaries
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters
from trove.standalone import system
from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.unit.common.datastores import test_mysql_settings


class ConfigureTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        directory.chmod(0o755)
        self.state_dir = directory / 'a' / 'state'
        self.useFixture(
            fixtures.MockPatchObject(system.trove_conf.log, 'setup')
        )

    def configure(self, port=0, **kwargs):
        conf = cfg.ConfigOpts()
        system.configure(conf, self.state_dir, port, **kwargs)
        return conf

    def test_all_of_the_state_is_below_the_directory(self):
        conf = self.configure()

        self.assertEqual(
            f'sqlite:///{self.state_dir}/trove.sqlite',
            conf.database.connection,
        )
        self.assertEqual(
            f'{self.state_dir}/cloud', conf.cloud_local.state_dir
        )
        self.assertEqual('noauth', conf.auth_strategy)

    def test_certificates_are_files_and_modules_have_a_key(self):
        conf = self.configure()

        self.assertEqual('directory', conf.certificates.driver)
        self.assertEqual(
            f'{self.state_dir}/certificates', conf.certificates.directory
        )
        self.assertTrue((self.state_dir / 'certificates').is_dir())
        key = conf.module_aes_cbc_key
        self.assertEqual(key, self.configure().module_aes_cbc_key)
        self.assertIsNotNone(key)

    def test_others_cannot_reach_it_but_from_this_machine(self):
        self.assertEqual('127.0.0.1', self.configure().bind_host)

    def test_the_port_may_change_from_start_to_start(self):
        self.assertEqual(1234, self.configure(1234).bind_port)
        self.assertEqual(1235, self.configure(1235).bind_port)

    def test_no_reply_holds_its_stop_up(self):
        conf = self.configure()

        made = oslo_messaging.get_rpc_transport(conf, url='kombu+memory://')
        self.addCleanup(made.cleanup)

        # Seconds; it is 60 by default, as long as people wait at most.
        found = conf.oslo_messaging_rabbit
        self.assertEqual(1, found.kombu_missing_consumer_retry_timeout)

    def test_what_the_user_adds_goes_before(self):
        self.configure()
        (self.state_dir / 'trove.conf').write_text(
            '[DEFAULT]\nmax_accepted_volume_size = 99\n'
        )

        self.assertEqual(99, self.configure().max_accepted_volume_size)

    def test_more_settings_may_be_given(self):
        conf = self.configure(
            more='[upgrade_levels]\nrefresh_interval = 1\n'
        )

        self.assertEqual(1, conf.upgrade_levels.refresh_interval)

    def test_messages_are_encrypted_with_keys_made_at_the_first_start(self):
        first, second = self.configure(), self.configure()

        self.assertTrue(first.enable_secure_rpc_messaging)
        for name in 'taskmanager_rpc_encr_key', 'inst_rpc_key_encr_key':
            self.assertRegex(first[name], '[A-Za-z0-9]{32}')
            self.assertEqual(first[name], second[name])
        mode = (self.state_dir / system.KEYS).stat().st_mode
        self.assertEqual(0o600, mode & 0o777)

    def test_a_name_that_the_options_cannot_hold_is_refused(self):
        self.state_dir = self.state_dir / 'a$b'

        error = self.assertRaises(exception.CloudError, self.configure)

        self.assertIn('dollar sign', str(error))

    def test_one_that_the_databases_cannot_reach_is_refused(self):
        self.useFixture(
            fixtures.MockPatchObject(
                system.files, 'is_root', return_value=True
            )
        )
        self.state_dir.mkdir(parents=True, mode=0o700)

        error = self.assertRaises(exception.CloudError, self.configure)

        self.assertIn('chmod o+x', str(error))

    def test_a_file_in_the_way_is_an_error_with_its_name(self):
        self.state_dir.parent.mkdir()
        self.state_dir.write_text('')

        error = self.assertRaises(exception.CloudError, self.configure)

        self.assertIn(str(self.state_dir), str(error))


class PortTestCase(base.TestCase):
    def test_one_that_is_taken_is_refused_with_the_remedy(self):
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]

        error = self.assertRaises(
            exception.CloudError, system.check_port, '127.0.0.1', port
        )

        self.assertIn(f'port {port}', str(error))
        self.assertIn('--port', str(error))

    def test_any_that_is_free_is_fine(self):
        system.check_port('127.0.0.1', 0)


class DatastoreTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(
            connection=self.useFixture(database.SQLiteDatabase()).url,
            group='database',
        )
        system.database.configure(self.conf)
        self.addCleanup(system.database.dispose)
        # Where everybody may enter, unlike the parent.
        self.staging = self.useFixture(fixtures.TempDir()).path
        os.chmod(self.staging, 0o755)
        for group in 'mariadb', 'mysql':
            self.config(staging_dir=self.staging, group=group)

    def installed(self, *version, mariadb=None, mysql_in=None):
        """Given a PostgreSQL, and perhaps the others."""
        for module, name, found in (
            (
                binaries,
                'find',
                programs.Programs(
                    binaries.KIND, pathlib.Path('/x'), version
                ),
            ),
            (
                binaries,
                'catalogue',
                'jit\tuser\tG\tBOOLEAN\tFALSE\t\t\tText.\t\n',
            ),
            (server, 'candidates', [mariadb] if mariadb else []),
            (catalogue, 'read', test_mysql_settings.printed()),
            (mysql, 'candidates', [mysql_in] if mysql_in else []),
            (
                mysql_catalogue,
                'read',
                test_mysql_settings.MySQLTest.printed(),
            ),
        ):
            self.useFixture(
                fixtures.MockPatchObject(module, name, return_value=found)
            )

    def test_its_parameters_are_those_that_it_lists(self):
        self.installed(18, 6)
        system.register_datastores(self.conf)

        self.assertEqual(['jit'], self.parameters('postgresql'))

    def parameters(self, name):
        version = datastores.get_version(datastores.get(self.conf, name))
        return [each.name for each in parameters.list_(version.id)]

    def mariadb(self, version):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('mariadbd', 'mariadb-install-db'):
            program = directory / name
            program.write_text(f'#!/bin/sh\necho "Ver {version}-MariaDB"\n')
            program.chmod(0o755)
        return directory

    def versions(self, name='postgresql'):
        datastore = datastores.get(self.conf, name, inactive=True)
        return {
            version.name: version.active
            for version in datastores.versions(datastore.id, inactive=True)
        }

    def default(self, name='postgresql'):
        datastore = datastores.get(self.conf, name)
        return datastores.get_version(datastore).name

    def test_what_is_installed_becomes_the_default_version(self):
        self.installed(18, 6)

        for _ in range(2):
            self.assertEqual(
                ['postgresql 18'], system.register_datastores(self.conf)
            )

        self.assertEqual({'18': True}, self.versions())
        self.assertEqual('18', self.default())
        self.assertIn('MariaDB is not offered', self.logs.output)

    def test_what_is_no_longer_installed_takes_no_new_instances(self):
        self.installed(17, 2)
        system.register_datastores(self.conf)
        self.installed(18, 6)

        system.register_datastores(self.conf)

        self.assertEqual({'17': False, '18': True}, self.versions())
        self.assertEqual('18', self.default())

    def test_mariadb_is_offered_when_it_is_installed(self):
        self.installed(18, 6, mariadb=self.mariadb('10.11.19'))

        self.assertEqual(
            ['postgresql 18', 'mariadb 10.11'],
            system.register_datastores(self.conf),
        )

        self.assertEqual({'10.11': True}, self.versions('mariadb'))
        self.assertEqual('10.11', self.default('mariadb'))
        self.assertIn('max_connections', self.parameters('mariadb'))
        # When it is removed
        self.installed(18, 6)
        system.register_datastores(self.conf)
        self.assertEqual({'10.11': False}, self.versions('mariadb'))

    @testtools.skipIf(os.geteuid(), 'only root uses another user')
    def test_the_user_of_the_databases_may_not_reach_its_programs(self):
        private = self.mariadb('10.11.19')
        self.installed(18, 6, mariadb=private)

        system.register_datastores(self.conf)

        (programs_read, _), _ = catalogue.read.call_args
        self.assertIn(
            pathlib.Path(self.staging), programs_read.directory.parents
        )

    def test_mysql_is_offered_when_it_is_installed(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        program = directory / 'mysqld'
        program.write_text('#!/bin/sh\necho "Ver 9.7.4-2 for Linux"\n')
        program.chmod(0o755)
        self.installed(18, 6, mysql_in=directory)

        self.assertEqual(
            ['postgresql 18', 'mysql 9.7'],
            system.register_datastores(self.conf),
        )

        self.assertEqual('9.7', self.default('mysql'))
        self.assertIn('max_connections', self.parameters('mysql'))
