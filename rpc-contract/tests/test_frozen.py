# SPDX-License-Identifier: Apache-2.0
"""Whether an edit of a lock file is found out."""

from __future__ import annotations

import dataclasses
import os

import fixtures

from rpc_contract import locks
from rpc_contract import reading
from tests import base
from tests import example


class FrozenTest(example.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.tree.top / 'contracts/cellar/1.1.yaml'

    def found(self) -> list[str]:
        return [
            each.message
            for each in self.check().open
            if each.rule == 'frozen-edited'
        ]

    def edit(self) -> None:
        """Change a frozen contract, and its digest with it."""
        lock = locks.read(self.path)
        methods = dict(lock.contract.methods)
        del methods['find']
        contract = dataclasses.replace(lock.contract, methods=methods)
        self.path.write_text(locks.write(contract))
        self.assertIsNone(locks.read(self.path).broken)

    def test_without_git_the_digest_tells(self) -> None:
        self.path.write_text(self.path.read_text().replace('wine', 'beer'))

        (text,) = self.found()

        self.assertIn('contracts/cellar/1.1.yaml was edited: its dig', text)

    def test_git_tells_an_edit_with_the_digest_made_new(self) -> None:
        self.tree.commit()
        self.assertEqual([], self.found())

        self.edit()

        self.assertIn('from the one first committed', self.found()[0])
        self.tree.commit()
        self.assertIn('from the one first committed', self.found()[0])

    def test_repository_is_that_of_the_tree_in_a_hook_too(self) -> None:
        self.tree.commit()
        other = self.useFixture(base.Tree())
        other.write('a', 'b')
        before = other.commit()
        self.useFixture(
            fixtures.EnvironmentVariable('GIT_DIR', str(other.top / '.git'))
        )

        self.edit()
        self.tree.commit()

        self.assertIn('from the one first committed', self.found()[0])
        self.assertEqual(before, other.git('rev-parse', 'HEAD').strip())

    def test_git_tells_a_lock_that_was_deleted(self) -> None:
        self.tree.commit()
        self.path.unlink()

        self.assertIn('was deleted', self.found()[0])
        self.tree.commit()
        self.assertIn('was deleted', self.found()[0])

    def test_what_is_taken_back_is_no_edit(self) -> None:
        self.tree.commit()
        before = self.path.read_bytes()
        self.edit()
        self.tree.commit()
        self.path.write_bytes(before)
        self.tree.commit()

        self.assertEqual([], self.found())

    def test_what_is_not_committed_yet_may_be_written_anew(self) -> None:
        self.path.unlink()
        self.tree.commit()
        self.freeze()

        self.assertEqual([], self.found())

    def test_tree_in_a_directory_of_a_repository(self) -> None:
        self.tree.commit()
        whole, self.tree.top = self.tree.top, self.tree.top / 'part'
        self.tree.top.mkdir()
        for name in ('cellar', 'contracts', 'pyproject.toml'):
            (whole / name).rename(self.tree.top / name)
        self.path = self.tree.top / 'contracts/cellar/1.1.yaml'
        self.tree.top = whole
        self.tree.commit()
        self.tree.top = whole / 'part'
        self.edit()

        self.assertIn('from the one first committed', self.found()[0])

    def test_git_that_does_not_read_the_history_is_told(self) -> None:
        self.tree.commit()
        self.edit()
        (self.tree.top / '.git/config').write_text('[core')

        error = self.assertRaises(reading.Unusable, self.check)

        self.assertIn('git does not read the history', str(error))
        self.assertIn('config', str(error))

    def test_repository_of_somebody_else_is_read_when_it_is_safe(self) -> None:
        self.tree.commit()
        self.edit()
        owner = os.geteuid() + 1
        for path in (self.tree.top, self.tree.top / '.git'):
            try:
                os.chown(path, owner, -1)
            except PermissionError:
                self.skipTest('Only root gives files away.')
        error = self.assertRaises(reading.Unusable, self.check)
        self.assertIn('dubious ownership', str(error))

        for name, value in (
            ('COUNT', '1'),
            ('KEY_0', 'safe.directory'),
            ('VALUE_0', str(self.tree.top)),
        ):
            self.useFixture(
                fixtures.EnvironmentVariable(f'GIT_CONFIG_{name}', value)
            )

        self.assertIn('from the one first committed', self.found()[0])

    def test_repository_without_a_commit(self) -> None:
        self.tree.git('init', '--quiet')

        self.assertEqual((), self.check().open)

    def test_history_that_is_not_whole_is_told(self) -> None:
        self.tree.commit()
        self.tree.write('cellar/other.py', '')
        self.tree.commit()
        source = self.tree.top
        self.tree.top = self.useFixture(base.Tree()).top / 'clone'
        self.tree.top.mkdir()
        self.tree.git('clone', '--quiet', '--depth=1', f'file://{source}', '.')

        (found,) = self.check().open

        self.assertEqual('history-unread', found.rule)
        self.assertIn('the clone is shallow', found.message)
        self.assertTrue(self.check().passed)

    def test_without_git_it_is_told(self) -> None:
        self.tree.commit()
        self.useFixture(fixtures.EnvironmentVariable('PATH', ''))

        (found,) = self.check().open

        self.assertIn('git is not installed', found.message)
