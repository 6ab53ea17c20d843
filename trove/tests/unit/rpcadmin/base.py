# SPDX-License-Identifier: Apache-2.0
"""trove-rpc as an operator runs it: arguments in, output and status out."""

from __future__ import annotations

import json
import os

import fixtures
from oslo_config import cfg

from trove.cmd import rpc
from trove.tests.unit.objects import base


def run(*arguments, conf=None):
    """Run trove-rpc; return its exit status, output and errors.

    :param conf: the options object that it reads into
    """
    conf = cfg.ConfigOpts() if conf is None else conf
    stdout = fixtures.StringStream('stdout')
    stderr = fixtures.StringStream('stderr')
    with stdout, stderr:
        with (
            fixtures.MonkeyPatch('sys.stdout', stdout.stream),
            fixtures.MonkeyPatch('sys.stderr', stderr.stream),
        ):
            try:
                status = rpc.main(list(arguments), conf)
            except SystemExit as error:
                # None is what a process ends well with.
                status = error.code or 0
        stdout.stream.seek(0)
        stderr.stream.seek(0)
        details = stdout.getDetails() | stderr.getDetails()
        return (
            status,
            details['stdout'].as_text(),
            details['stderr'].as_text(),
        )


class TestCase(base.TestCase):
    """A database with a datastore, and a file with the options.

    ``out`` and ``error`` are what the last run wrote.
    """

    OPTIONS = 'enable_secure_rpc_messaging = false\n'

    def setUp(self):
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(self.directory, 'trove.conf')
        self.configure()
        # The handlers of the tests stay in place.
        self.useFixture(fixtures.MockPatch('oslo_log.log.setup'))
        self.useFixture(
            fixtures.MockPatch('trove.peers.transport', self.make_transport)
        )

    def make_transport(self, conf):
        """What the command sends by; a test may serve behind it."""
        return self.memory_transport()

    def options(self):
        """The options object that the command reads into."""
        return cfg.ConfigOpts()

    def configure(self, more=''):
        with open(self.file, 'w') as file:
            file.write(
                f'[DEFAULT]\n{self.OPTIONS}'
                f'[database]\nconnection = {self.conf.database.connection}\n'
                f'{more}'
            )

    def run_rpc(self, *arguments):
        """Run it as a process would; return the exit status."""
        status, self.out, self.error = run(
            '--config-file', self.file, *arguments, conf=self.options()
        )
        return status

    def json(self, *arguments):
        """What it prints as JSON; it must end well."""
        status = self.run_rpc(*arguments, '-f', 'json')
        self.assertEqual(0, status, self.error)
        return json.loads(self.out)
