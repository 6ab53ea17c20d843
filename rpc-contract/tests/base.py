# SPDX-License-Identifier: Apache-2.0
"""What all tests share: small trees to check."""

from __future__ import annotations

import os
import pathlib
import subprocess
import textwrap
import warnings

import fixtures
import testtools

_TIMEOUT = 300


class Tree(fixtures.Fixture):
    """A directory of files.

    :ivar top: its path
    """

    def _setUp(self) -> None:
        directory = self.useFixture(fixtures.TempDir())
        self.top = pathlib.Path(directory.path)

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip('\n'), 'utf-8')
        return path

    def git(self, *arguments: str) -> str:
        """Run git in the directory, as somebody."""
        who = ['-c', 'user.name=N', '-c', 'user.email=n@example.org']
        return subprocess.run(
            ['git', *who, *arguments],
            cwd=self.top,
            # Run by git itself, as a hook is, the tests have those of another
            # repository, and would write to it.
            env={k: v for k, v in os.environ.items() if k[:4] != 'GIT_'},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def commit(self, subject: str = 'Change it') -> str:
        """Commit everything; returns the revision."""
        if not (self.top / '.git').is_dir():
            self.git('init', '--quiet')
        self.git('add', '--all')
        self.git('commit', '--quiet', '--message', subject)
        return self.git('rev-parse', 'HEAD').strip()


class WarningsAreErrors(fixtures.Fixture):
    """Any warning fails the test."""

    def _setUp(self) -> None:
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.simplefilter('error')


class TestCase(testtools.TestCase):
    """Has a tree, ``self.tree``; a warning or a long wait fails it."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(_TIMEOUT, gentle=True))
        self.useFixture(WarningsAreErrors())
        self.tree = self.useFixture(Tree())
