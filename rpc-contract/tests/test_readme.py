# SPDX-License-Identifier: Apache-2.0
"""The README names each setting and each command, and is right."""

from __future__ import annotations

import datetime
import pathlib
import re
import textwrap
import tomllib

import rpc_contract
from rpc_contract import commands
from rpc_contract import findings
from rpc_contract import model
from rpc_contract import projects
from rpc_contract import suppressions
from tests import base

README = pathlib.Path(__file__).parents[1] / 'README.rst'


def block(language: str) -> str:
    """Return the only block of a language."""
    text = README.read_text('utf-8')
    (found,) = re.findall(
        rf'\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)', text
    )
    return textwrap.dedent(found)


class ReadmeTest(base.TestCase):
    def test_settings(self) -> None:
        text = block('toml')
        for path in ('src', 'wine/legacy', 'wine/cellar/manager.py'):
            (self.tree.top / path).mkdir(parents=True)
        self.tree.write('pyproject.toml', text)

        found = projects.read(self.tree.top)

        self.assertEqual(['cellar'], [x.interface for x in found.subjects])
        told = tomllib.loads(text)['tool']['rpc-contract']
        self.assertEqual(set(projects.KEYS), set(told))
        self.assertEqual(
            set(projects.INTERFACE_KEYS), set(told['interfaces']['cellar'])
        )

    def test_suppressions(self) -> None:
        self.tree.write('borne.yaml', block('yaml'))
        finding = findings.Finding(
            'default-changed',
            'cellar',
            'store(bottles)',
            model.Location(),
            'It was 1 and is 2.',
            'Make it 1.',
        )

        (found,) = suppressions.apply(
            [finding],
            self.tree.top,
            'borne.yaml',
            datetime.date(2027, 1, 1),
        )

        self.assertIn('No release had', found.suppressed or '')

    def test_commands(self) -> None:
        text = README.read_text('utf-8')

        for name in commands.COMMANDS:
            self.assertRegex(text, rf'(?m)^(``\w+``, )?``{name}``')


class WayTest(base.TestCase):
    def test_each_module_is_named(self) -> None:
        """In the way of a check, by the files to open in order."""
        top = pathlib.Path(rpc_contract.__file__).parent
        there = {
            path.name
            for path in top.iterdir()
            if path.suffix == '.py' or (path / '__init__.py').exists()
        }

        told = set(re.findall(r'``([\w.]+)``', rpc_contract.__doc__ or ''))

        private = {'__init__.py', '__main__.py'}
        self.assertEqual(
            there - private, {each for each in told if each.islower()}
        )
