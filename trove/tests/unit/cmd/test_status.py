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


class StatusTest(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(directory, 'trove.conf')

    def use(self, migrated=True):
        found = self.useFixture(database.SQLiteDatabase(migrated=migrated))
        found.configure(self.conf)
        with open(self.file, 'w') as file:
            file.write(f'[database]\nconnection = {found.url}\n')

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
                id=key, task_id=instances.Task.NONE.code, **columns
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

    def test_guests_behind_are_counted_and_named(self):
        self.use()
        latest = str(guestagent.INTERFACE.latest)
        self.guest('old', '1.0')
        self.guest('current', latest)
        self.guest('strange', 'icehouse')
        self.guest('deleted', '1.0', deleted=True)
        self.add(models.Instance(id='silent'))

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Guest agents',
            WARNING,
            '3 of 4',
            'old (1.0)',
            'silent (unknown)',
            'strange (icehouse)',
        )

    def test_many_names_are_cut_short(self):
        self.use()
        for number in range(7):
            self.guest(f'old{number}', '1.0')

        self.check()

        self.assertFound('Guest agents', WARNING, 'old4', 'and 2 more')

    def test_busy_instances_are_named(self):
        self.use()
        latest = str(guestagent.INTERFACE.latest)
        self.guest('idle', latest)
        self.guest('busy', latest)
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
