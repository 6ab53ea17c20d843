# SPDX-License-Identifier: Apache-2.0
"""What the programs say of configuration files that they cannot read."""

from __future__ import annotations

import os

import fixtures
from oslo_config import cfg

from trove import conf as trove_conf
from trove.cmd import api
from trove.cmd import conductor
from trove.cmd import guestagent
from trove.cmd import manage
from trove.cmd import rpc
from trove.cmd import status
from trove.cmd import taskmanager
from trove.common import exception
from trove.tests import base

PROGRAMS = {
    'trove-api': (api, []),
    'trove-conductor': (conductor, []),
    'trove-guestagent': (guestagent, []),
    'trove-manage': (manage, ['db_version']),
    'trove-taskmanager': (taskmanager, []),
}


class OptionsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = os.path.join(directory, 'trove.conf')

    def complaint(self, program):
        """Run it; return what it says while it ends with status 1."""
        command, arguments = PROGRAMS[program]
        # Some of the programs use none but the global one.
        self.useFixture(
            fixtures.MonkeyPatch('oslo_config.cfg.CONF', cfg.ConfigOpts())
        )
        stderr = fixtures.StringStream('stderr')
        with stderr, fixtures.MonkeyPatch('sys.stderr', stderr.stream):
            given = ['--config-file', self.file, *arguments]
            extra = (cfg.ConfigOpts(),) if command is manage else ()
            error = self.assertRaises(SystemExit, command.main, given, *extra)
            stderr.stream.seek(0)
            text = stderr.getDetails()['stderr'].as_text()
        self.assertEqual(1, error.code)
        self.assertTrue(text.startswith(f'{program}: '), text)
        self.assertEqual(1, text.count('\n'), text)
        return text

    def test_file_that_is_not_there_is_a_sentence(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertIn(self.file, self.complaint(program))

    def test_file_that_makes_no_sense_names_the_line(self):
        with open(self.file, 'w') as file:
            file.write('[DEFAULT]\nnonsense\n')

        said = self.complaint('trove-manage')

        self.assertIn(f'{self.file}:2', said)

    def test_directory_that_is_not_there(self):
        error = self.assertRaises(
            exception.ConfigurationError,
            trove_conf.setup,
            cfg.ConfigOpts(),
            ['--config-dir', self.file],
            'trove-api',
        )

        self.assertIn(self.file, str(error))

    def test_a_line_that_makes_no_sense_is_not_shown(self):
        for line in ('  = s3cret', '  s3cret', "  'it's s3cret'", '[s3cret'):
            with open(self.file, 'w') as file:
                file.write(f'[DEFAULT]\n{line}\n')

            said = self.complaint('trove-manage')

            self.assertIn(f'{self.file}:2', said)
            self.assertNotIn('s3cret', said)
            self.assertRegex(said, 'continuation|section')

    def ends(self, command, arguments):
        """Run it; return its status and all that it says."""
        said = fixtures.StringStream('said')
        # The handlers of the tests stay in place.
        setup = fixtures.MockPatch('oslo_log.log.setup')
        with (
            setup,
            said,
            fixtures.MonkeyPatch('sys.stdout', said.stream),
            fixtures.MonkeyPatch('sys.stderr', said.stream),
        ):
            given = ['--config-file', self.file, *arguments]
            code = command.main(given, cfg.ConfigOpts())
            said.stream.seek(0)
            return code, said.getDetails()['said'].as_text()

    def test_urls_that_are_wrong_are_a_sentence_without_the_secret(self):
        for url in (
            'mysql+pymysql://trove:s3@cret@127.0.0.1/trove',
            'mysqll://trove:s3cret@127.0.0.1/trove',
            'mysql+pymysql://trove:s3cret@127.0.0.1:abc/trove',
            'trove:s3cret@127.0.0.1',
        ):
            with open(self.file, 'w') as file:
                file.write(f'[database]\nconnection = {url}\n')
            for command, arguments in (
                (manage, ['db_sync']),
                (manage, ['service_list']),
                (status, ['upgrade', 'check']),
                (rpc, ['peers']),
            ):
                code, said = self.ends(command, arguments)
                self.assertNotEqual(0, code)
                self.assertIn('[database] connection', said)
                self.assertIn('percent-encode', said)
                self.assertNotIn('cret', said)
                self.assertNotIn('Traceback', said)
