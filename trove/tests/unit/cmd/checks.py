# SPDX-License-Identifier: Apache-2.0
"""Runs trove-status upgrade check, and holds its results against words."""

from __future__ import annotations

import json
import os

import fixtures
from oslo_config import cfg

from trove.cmd import status
from trove.db import models
from trove.db import session
from trove.guestagent import api as guestagent
from trove.objects.instance import states
from trove.tests import base
from trove.tests.fixtures import database

SUCCESS, WARNING, FAILURE = range(3)
LATEST = str(guestagent.API.interface.latest)


class TestCase(base.TestCase):
    storage = 'local'

    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(directory, 'trove.conf')
        # There is no message broker.
        self.reach = self.useFixture(
            fixtures.MockPatchObject(status, '_reach', return_value=[])
        ).mock

    def use(self, migrated=True):
        found = self.useFixture(database.SQLiteDatabase(migrated=migrated))
        found.configure(self.conf)
        self.write(connection=found.url)

    def write(
        self,
        connection,
        secure='true',
        keys=True,
        pin='auto',
        guests='guest',
        more='',
    ):
        given = (
            'taskmanager_rpc_encr_key = a\ninst_rpc_key_encr_key = b\n'
            if keys
            else ''
        )
        self.url = connection
        with open(self.file, 'w') as file:
            file.write(
                f'[DEFAULT]\nenable_secure_rpc_messaging = {secure}\n{given}'
                f'storage_strategy = {self.storage}\n{more}\n'
                'transport_url = rabbit://trove:pass-word@broker/\n'
                '[taskmanager]\nguest_transport_url = '
                f'rabbit://{guests}:pass-word@broker/\n'
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
                task_id=states.Task.NONE.code,
                **{'encrypted_key': 'x', **columns},
            ),
            models.AgentHeartbeat(
                instance_id=key, guest_agent_version=version
            ),
        )
