# SPDX-License-Identifier: Apache-2.0
"""trove-status upgrade check: what it finds and what it advises."""

from __future__ import annotations

import datetime
import json
import os

import fixtures
from oslo_config import cfg
from oslo_utils import timeutils

from trove.cmd import status
from trove.db import migration
from trove.db import models
from trove.db import session
from trove.guestagent import api as guestagent
from trove.objects import instance as instances
from trove.objects import service as services
from trove.tests import base
from trove.tests.fixtures import database

SUCCESS, WARNING, FAILURE = range(3)
LATEST = str(guestagent.API.interface.latest)


class StatusTest(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(directory, 'trove.conf')

    def use(self, migrated=True):
        found = self.useFixture(database.SQLiteDatabase(migrated=migrated))
        found.configure(self.conf)
        self.write(connection=found.url)

    def write(self, connection, secure='true', keys=True, pin='auto'):
        given = (
            'taskmanager_rpc_encr_key = a\ninst_rpc_key_encr_key = b\n'
            if keys
            else ''
        )
        self.url = connection
        with open(self.file, 'w') as file:
            file.write(
                f'[DEFAULT]\nenable_secure_rpc_messaging = {secure}\n{given}'
                f'[database]\nconnection = {connection}\n'
                f'[upgrade_levels]\nguestagent = {pin}\n'
            )

    def check(self):
        """Run it; return the exit status and all results by check."""
        stdout = fixtures.StringStream('stdout')
        with stdout, fixtures.MonkeyPatch('sys.stdout', stdout.stream):
            code = status.main(
                ['--config-file', self.file, 'upgrade', 'check', '--json'],
                cfg.ConfigOpts(),
            )
            stdout.stream.seek(0)
            text = stdout.getDetails()['stdout'].as_text()
        self.results = {
            each['check']: (each['result'], each['details'] or '')
            for each in json.loads(text)['checks']
        }
        return code

    def assertFound(self, check, code, *words):
        found, details = self.results[check]
        self.assertEqual(code, found, details)
        for word in words:
            self.assertIn(word, details)

    def add(self, *rows):
        with session.writer() as db:
            for row in rows:
                db.add(row)
                db.flush()

    def guest(self, key, version, **columns):
        self.add(
            models.Instance(
                id=key,
                task_id=instances.Task.NONE.code,
                **{'encrypted_key': 'x', **columns},
            ),
            models.AgentHeartbeat(
                instance_id=key, guest_agent_version=version
            ),
        )

    def test_new_deployment_is_ready(self):
        self.use()

        self.assertEqual(SUCCESS, self.check())

        self.assertEqual({(SUCCESS, '')}, set(self.results.values()))

    def test_database_of_release_26_needs_db_sync(self):
        self.use(migrated=False)
        migration.sync(self.conf, '95418fe2a1c8')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Database revision', FAILURE, 'trove-manage db_sync')
        self.assertFound('Services', WARNING, 'Not checked')
        self.assertFound('Guest agents', WARNING, 'Not checked')
        self.assertFound('Instances with running tasks', WARNING)

    def test_refused_database_is_a_failure_with_the_remedy(self):
        self.use(migrated=False)
        self.add()
        with session.engine().begin() as connection:
            connection.exec_driver_sql('CREATE TABLE nova_things (id INTEGER)')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Database revision', FAILURE, 'nova_things')

    def test_services_of_two_releases_are_named(self):
        self.use()
        services.report('trove-taskmanager', 'a', {}, '27.0.0')
        services.report('trove-conductor', 'b', {}, '28.0.0')

        self.assertEqual(WARNING, self.check())

        self.assertFound('Services', WARNING, '27.0.0, 28.0.0')

    def test_dead_service_is_named_with_what_to_do(self):
        self.use()
        long_ago = timeutils.utcnow() - datetime.timedelta(hours=1)
        self.add(
            models.Service(
                binary='trove-conductor', host='gone', last_report=long_ago
            )
        )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Services', WARNING, 'trove-conductor on gone', 'service_remove'
        )

    def test_found_services_are_not_told_to_report(self):
        self.use()
        long_ago = timeutils.utcnow() - datetime.timedelta(hours=1)
        self.add(
            models.Service(
                binary='trove-taskmanager',
                host=f'{services.UNREGISTERED} 1.0/victoria',
                last_report=long_ago,
            )
        )

        self.assertEqual(SUCCESS, self.check())

    def test_guests_of_which_little_is_known_are_counted_and_named(self):
        self.use()
        self.guest('old', '1.0 probed')
        self.guest('current', f'{LATEST} 27.0.0')
        self.guest('behind', '1.1 probed')
        self.guest('strange', 'icehouse')
        self.guest('alien', '7.0 99.0.0')
        self.guest('deleted', '1.0', deleted=True)
        self.add(models.Instance(id='silent', encrypted_key='x'))

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Guest agents',
            WARNING,
            '4 of 6',
            'old (1.0)',
            'silent (unknown)',
            'strange (icehouse)',
            'alien (7.0)',
            'trove-rpc peers',
        )

    def test_wrong_pin_is_a_failure_naming_the_valid_ones(self):
        self.use()
        self.write(self.url, pin='rokcy')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Pinned RPC versions', FAILURE, 'rokcy', 'rocky')

    def test_old_pin_is_a_warning(self):
        self.use()
        self.write(self.url, pin='victoria')

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Pinned RPC versions',
            WARNING,
            '[upgrade_levels] guestagent is victoria',
            'auto',
        )
        self.write(self.url, pin=LATEST)
        self.assertEqual(SUCCESS, self.check())

    def test_database_that_is_away_is_the_operators_to_repair(self):
        self.write(
            'mysql+pymysql://trove:pass-word@127.0.0.1:1/trove\n'
            'max_retries = 0'
        )

        self.assertEqual(FAILURE, self.check())

        found, details = self.results['Database revision']
        self.assertEqual(FAILURE, found)
        self.assertIn('[database] connection', details)
        self.assertNotIn('administrator', details)
        self.assertNotIn('pass-word', details)

    def test_file_that_is_not_there_is_a_sentence(self):
        stderr = fixtures.StringStream('stderr')
        with stderr, fixtures.MonkeyPatch('sys.stderr', stderr.stream):
            code = status.main(
                ['--config-file', self.file, 'upgrade', 'check'],
                cfg.ConfigOpts(),
            )
            stderr.stream.seek(0)
            text = stderr.getDetails()['stderr'].as_text()

        self.assertEqual(255, code)
        self.assertIn(f'config files: {self.file}', text)
        self.assertTrue(text.startswith('trove-status: '), text)

    def test_missing_keys_are_a_failure_with_the_remedy(self):
        self.use()
        self.write(self.url, keys=False)

        self.assertEqual(FAILURE, self.check())

        self.assertFound(
            'Keys of messages',
            FAILURE,
            'taskmanager_rpc_encr_key, inst_rpc_key_encr_key',
            'trove-manage generate_keys',
        )
        self.write(self.url, keys=False, secure='false')
        self.assertEqual(SUCCESS, self.check())

    def test_instances_without_keys_are_named(self):
        self.use()
        self.guest('open', LATEST, encrypted_key=None)
        self.guest('sealed', LATEST)

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            *('Keys of messages', WARNING),
            *('1 instances', 'open', 'Message security'),
        )

    def test_rejected_messages_that_wait_are_counted(self):
        self.use()
        filled = dict.fromkeys(
            (
                *('interface', 'host', 'method', 'version'),
                *('kind', 'reason', 'arguments'),
            ),
            '',
        )
        for state, cause, count in (
            ('waiting', 'version', 1),
            ('waiting', 'seal', 7),
            ('replaying', 'version', 2),
            ('discarded', 'form', 3),
        ):
            self.add(
                models.RejectedMessage(
                    **filled, cause=cause, state=state, count=count
                )
            )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Rejected messages',
            WARNING,
            '8 messages',
            '7 because of seal, 1 because of version',
            'trove-rpc rejected list',
            '2 rejected messages are being replayed',
        )

    def test_many_names_are_cut_short(self):
        self.use()
        for number in range(7):
            self.guest(f'old{number}', '1.0')

        self.check()

        self.assertFound('Guest agents', WARNING, 'old4', 'and 2 more')

    def test_busy_instances_are_named(self):
        self.use()
        self.guest('idle', LATEST)
        self.guest('busy', LATEST)
        with session.writer() as db:
            instance = db.get(models.Instance, 'busy')
            instance.task_id = instances.Task.RESIZING.code

        self.assertEqual(WARNING, self.check())

        self.assertFound('Instances with running tasks', WARNING, 'busy')

    def test_unset_connection_is_an_error(self):
        with open(self.file, 'w') as file:
            file.write('')
        stderr = self.useFixture(fixtures.StringStream('stderr')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', stderr))

        code = status.main(
            ['--config-file', self.file, 'upgrade', 'check'], cfg.ConfigOpts()
        )

        stderr.seek(0)
        self.assertEqual(FAILURE, code)
