# SPDX-License-Identifier: Apache-2.0
"""The program around the commands."""

from __future__ import annotations

import os

from trove.tests.unit.rpcadmin import base

COMMANDS = (
    'guests list',
    'guests rollback',
    'guests upgrade',
    'history',
    'peers',
    'probe',
    'rejected list',
    'rejected show',
    'rejected replay',
    'rejected discard',
    'rotate-key',
)


class AppTest(base.TestCase):
    def test_help_lists_the_commands(self):
        self.assertEqual(0, self.run_rpc('--help'))

        self.assertIn('usage: trove-rpc', self.out)
        for command in COMMANDS:
            self.assertIn(command, self.out)

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            with self.subTest(command):
                self.assertEqual(0, self.run_rpc(*command.split(), '--help'))
                self.assertIn(f'usage: trove-rpc {command}', self.out)

    def test_version(self):
        self.assertEqual(0, self.run_rpc('--version'))

        self.assertTrue(self.out.startswith('trove-rpc '))

    def test_no_command_is_status_2(self):
        self.assertEqual(2, self.run_rpc())

        self.assertIn('no command', self.error)
        self.assertEqual('', self.out)

    def test_unknown_command_is_status_2(self):
        for words in (['nonsense'], ['rejected'], ['rejected', 'eat']):
            for before in ([], ['help']):
                with self.subTest(before + words):
                    self.assertEqual(2, self.run_rpc(*before, *words))
                    said = f'"{" ".join(words)}" is not a command'
                    self.assertIn(said, self.error)
                    self.assertEqual('', self.out)

    def test_checker_of_contracts_is_another_program(self):
        self.assertEqual(2, self.run_rpc('contract', 'check'))
        self.assertIn('a separate program: rpc-contract', self.error)

    def test_half_a_command_is_told_the_rest(self):
        for words in (['rejected'], ['help', 'rejected'], ['rejected', 'eat']):
            with self.subTest(words):
                self.assertEqual(2, self.run_rpc(*words))
                self.assertIn(
                    'rejected needs discard, list, replay or show', self.error
                )

    def test_wrong_argument_is_status_2(self):
        self.assertEqual(2, self.run_rpc('peers', '--nonsense'))
        self.assertEqual(2, self.run_rpc('history', 'nonsense'))

    def test_number_that_is_none_is_status_2(self):
        for words in (
            ['rejected', 'list', '--limit', '-1'],
            ['rejected', 'list', '--limit', '0'],
            ['probe', '--conductor', '--timeout', '-1'],
            ['probe', '--conductor', '--timeout', 'nan'],
        ):
            with self.subTest(words):
                self.assertEqual(2, self.run_rpc(*words))
                self.assertIn(f'argument {words[-2]}', self.error)

    def test_column_that_is_not_there_is_status_2(self):
        for words in (['history'], ['peers', '-c', 'Kind']):
            with self.subTest(words):
                self.assertEqual(2, self.run_rpc(*words, '-c', 'no such'))
                self.assertIn('no column "no such"', self.error)
                self.assertNotIn('This is a bug', self.error)

        self.assertEqual(0, self.run_rpc('peers', '-c', 'last_seen'))

    def test_database_that_is_away_is_a_sentence_and_status_1(self):
        with open(self.file, 'w') as file:
            file.write(
                '[database]\nconnection = '
                'mysql+pymysql://trove:pass-word@127.0.0.1:1/trove\n'
                'max_retries = 0\n'
            )

        self.assertEqual(1, self.run_rpc('peers'))

        self.assertIn('trove-rpc: the database is unavailable', self.error)
        self.assertNotIn('pass-word', self.error)
        self.assertNotIn('Traceback', self.error)

    def test_database_of_another_release_is_a_sentence_and_status_1(self):
        path = os.path.join(self.directory, 'empty.sqlite')
        with open(self.file, 'w') as file:
            file.write(f'[database]\nconnection = sqlite:///{path}\n')

        self.assertEqual(1, self.run_rpc('rejected', 'list'))

        self.assertIn('trove-manage db_version', self.error)

    def test_file_that_is_not_there_is_a_sentence_and_status_1(self):
        self.file = os.path.join(self.directory, 'missing.conf')

        self.assertEqual(1, self.run_rpc('peers'))

        self.assertIn('missing.conf', self.error)

    def test_wrong_pin_is_a_sentence_and_status_1(self):
        self.configure('[upgrade_levels]\nguestagent = nonsense\n')

        self.assertEqual(1, self.run_rpc('peers'))

        self.assertIn('[upgrade_levels] guestagent', self.error)
        self.assertIn('victoria', self.error)
