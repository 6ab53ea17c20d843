# SPDX-License-Identifier: Apache-2.0
"""What "Adopt it in ten minutes" says of rpc-contract works as it says.

Each command of the page is run in the released trees of other projects, and
prints what the page says.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
import pathlib
import subprocess
import sys
import textwrap
from typing import NamedTuple

import fixtures

from trove.tests import base
from trove.tests.fixtures import released

PAGE = released.TOP / 'rpc-contract/doc/adopt.rst'
TREE = '.. tree: '
BLOCK = '.. code-block:: '


class Block(NamedTuple):
    """A code block of the page.

    :param tree: project, older and newer release
    """

    tree: tuple[str, str, str]
    language: str
    text: str


def blocks() -> Iterator[Block]:
    """Return the blocks of the page."""
    tree = ('', '', '')
    language, lines = '', []
    for line in [*PAGE.read_text('utf-8').splitlines(), 'The end.']:
        if language and line and not line.startswith(' '):
            text = textwrap.dedent('\n'.join(lines)).strip('\n')
            yield Block(tree, language, f'{text}\n')
            language, lines = '', []
        if line.startswith(TREE):
            name, old, new = line.removeprefix(TREE).split()
            tree = name, old, new
        elif line.startswith(BLOCK):
            language = line.removeprefix(BLOCK)
        elif language:
            lines.append(line)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Return the commands of a console, and what they print."""
    command, printed = '', []
    for line in [*text.splitlines(), '$ ']:
        if line.startswith('$ '):
            if command:
                yield command, '\n'.join(printed).strip('\n')
            command, printed = line.removeprefix('$ '), []
        else:
            printed.append(line)


class Tree(fixtures.Fixture):
    """A git repository with two releases of a project; the newer is there."""

    def __init__(self, name: str, old: str, new: str) -> None:
        self._name = name
        self._releases = old, new

    def _setUp(self) -> None:
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.run('git init --quiet')
        for release in self._releases:
            self.run('git rm -r --quiet . 2>/dev/null || true')
            archive = released.tree(self._name, release)
            self.run(
                f'tar --extract --file "{archive}" --strip-components 1 '
                "--wildcards '*.py' '*/pyproject.toml'"
            )
            self.run('git add --all')
            self.run(f'git commit --quiet --message {release}')
            self.run(f'git tag {release}')

    def run(self, command: str) -> str:
        """Run a command of a shell; return what it prints."""
        who = {
            f'GIT_{role}_{what}': 'n@example.org'
            for role in ('AUTHOR', 'COMMITTER')
            for what in ('NAME', 'EMAIL')
        }
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('GIT_', 'PYTHON'))
        }
        own = os.path.dirname(sys.executable)
        return subprocess.run(
            ['bash', '-c', command],
            cwd=self.top,
            env={
                **inherited,
                **who,
                'HOME': str(self.top),
                'LC_ALL': 'C.UTF-8',
                'PATH': f'{own}:{os.environ["PATH"]}',
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        ).stdout.strip('\n')


class AdoptionTest(base.TestCase):
    def follow(self, name: str) -> None:
        """Do what the page says of a project."""
        own = [each for each in blocks() if each.tree[0] == name]
        tree = self.useFixture(Tree(*own[0].tree))
        ran = 0
        for block in own:
            if block.language == 'toml':
                with (tree.top / 'pyproject.toml').open('a') as file:
                    file.write(f'\n{block.text}')
            elif block.language == 'diff':
                (tree.top / '.diff').write_text(block.text)
                self.assertEqual('', tree.run('git apply .diff'))
            elif block.language == 'console':
                for command, printed in commands(block.text):
                    self.assertEqual(printed, tree.run(command), command)
                    ran += 1
        self.assertGreater(ran, 1)

    def test_manila(self) -> None:
        self.follow('manila')

    def test_ironic(self) -> None:
        self.follow('ironic')

    def test_nothing_of_the_page_is_of_another_project(self) -> None:
        self.assertEqual(
            {'manila', 'ironic'}, {each.tree[0] for each in blocks()}
        )
