# SPDX-License-Identifier: Apache-2.0
"""trove-manage as an operator runs it: arguments in, output and status out."""

from __future__ import annotations

import os

import fixtures
from oslo_config import cfg

from trove.cmd import manage
from trove.db import migration
from trove.tests import base
from trove.tests.fixtures import database


class ManageTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.database = self.useFixture(
            database.SQLiteDatabase(migrated=False)
        )
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(directory, 'trove.conf')
        with open(self.file, 'w') as file:
            file.write(f'[database]\nconnection = {self.database.url}\n')
        # The handlers of the tests stay in place.
        self.useFixture(fixtures.MockPatch('oslo_log.log.setup'))

    def run_manage(self, *arguments):
        """Run it as a process would; return the exit status."""
        stdout = fixtures.StringStream('stdout')
        stderr = fixtures.StringStream('stderr')
        with stdout, stderr:
            with (
                fixtures.MonkeyPatch('sys.stdout', stdout.stream),
                fixtures.MonkeyPatch('sys.stderr', stderr.stream),
            ):
                try:
                    status = manage.main(
                        ['--config-file', self.file, *arguments],
                        cfg.ConfigOpts(),
                    )
                except SystemExit as error:
                    status = error.code
            stdout.stream.seek(0)
            stderr.stream.seek(0)
            details = stdout.getDetails() | stderr.getDetails()
            self.out = details['stdout'].as_text()
            self.error = details['stderr'].as_text()
        return status

    def synced(self):
        migration.sync(database.make_conf(self.database.url))
        self.database.configure(self.conf)
