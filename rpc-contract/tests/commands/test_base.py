# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common."""

from __future__ import annotations

from rpc_contract import commands
from rpc_contract.commands import base as commands_base
from tests.commands import base


class BaseTest(base.TestCase):
    def test_help_tells_each_form_of_another_state(self) -> None:
        for name in ('check', 'freeze', 'diff', 'changelog'):
            with self.subTest(name):
                self.run_it(name, '--help')
                text = ' '.join(self.out.split())
                self.assertIn(commands_base.STATE, text)
                self.assertIn('a wheel or an sdist', text)

    def test_help_is_about_the_command(self) -> None:
        for name, command in commands.COMMANDS.items():
            if isinstance(command, commands_base.TreeCommand):
                with self.subTest(name):
                    self.run_it(name, '--help')
                    text = ' '.join(self.out.split())
                    self.assertIn('Which of the interfaces that', text)

    def test_what_is_for_named_classes_only_is_told_by_its_name(self) -> None:
        self.unusable('check', '--allow-unread')
        self.assertIn('--allow-unread requires --client', self.error)

        self.unusable('check', '--allow-unread-of', 'find')
        self.assertIn('--allow-unread-of requires --client', self.error)
