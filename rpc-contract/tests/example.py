# SPDX-License-Identifier: Apache-2.0
"""A project with one interface, for the examples of the rules and for tests.

A change of it is a text as ``diff -u`` writes it: lines with ``-`` are
replaced by those with ``+``, in ``cellar/api.py`` unless a line ``--- path``
says otherwise; ``@@`` begins another place.
"""

from __future__ import annotations

import datetime
import re

from rpc_contract import checks
from rpc_contract import declared
from rpc_contract import locks
from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import reports
from tests import base

API = """
from wine import rpc

INTERFACE = rpc.Interface(
    name='cellar',
    topic=lambda conf, peer: 'cellar',
    peer='cellars',
    remedy='Dig.',
    history=(
        rpc.Revision('1.0', 'The first.', releases=('2026.1',)),
        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    @rpc.call('1.0')
    def count(self, context: Context, shelf: str = 'top') -> int:
        '''Count the bottles of a shelf.'''

    @rpc.cast('1.0')
    def store(self, context: Context, wine: str, bottles: int) -> None:
        '''Put bottles into the cellar.'''

    @rpc.call('1.1')
    def find(self, context: Context, wine: str) -> str | None:
        '''Return the shelf of a wine.'''

    @rpc.cast('1.2')
    def close(self, context: Context) -> None:
        '''Shut the door.'''
"""

MANAGER = """
from cellar import api


class Manager:
    interface = api.API.interface

    def count(self, context: Context, shelf: str = 'top') -> int:
        return 0

    def store(self, context: Context, wine: str, bottles: int) -> None:
        pass

    def find(self, context: Context, wine: str) -> str | None:
        return None

    def close(self, context: Context) -> None:
        pass
"""

PROJECT = """
[tool.rpc-contract.interfaces.cellar]
client = "cellar.api:API"
endpoint = "cellar.manager:Manager"
"""

TODAY = datetime.date(2027, 1, 1)


class TestCase(base.TestCase):
    """Has the project in ``self.tree``; 1.0 and 1.1 are frozen."""

    def setUp(self) -> None:
        super().setUp()
        self.tree.write('cellar/__init__.py', '')
        self.tree.write('cellar/api.py', API)
        self.tree.write('cellar/manager.py', MANAGER)
        self.tree.write('pyproject.toml', PROJECT)
        self.freeze()

    def freeze(self, latest: bool = False) -> None:
        contract = declared.read(reading.Tree(self.tree.top), 'cellar.api:API')
        locks.freeze(self.tree.top / 'contracts', contract, latest=latest)

    def change(self, text: str) -> None:
        name = 'cellar/api.py'
        for part in re.split(r'^@@.*\n', text, flags=re.MULTILINE):
            lines = part.strip('\n').splitlines()
            if lines and lines[0].startswith('--- '):
                name = lines.pop(0).removeprefix('--- ')
            old = [line[1:] for line in lines if line[:1] != '+']
            new = [line[1:] for line in lines if line[:1] != '-']
            path = self.tree.top / name
            source = path.read_text('utf-8') if path.exists() else ''
            before = '\n'.join(old)
            assert source.count(before) == 1, f'{before!r} is not once there'
            path.write_text(source.replace(before, '\n'.join(new)), 'utf-8')

    def check(self) -> reports.Report:
        return checks.check(self.tree.top, projects.read(self.tree.top), TODAY)

    def found(self) -> set[tuple[str, str]]:
        """Check; returns rule and symbol of what is to be mended."""
        return {(each.rule, each.symbol) for each in self.check().open}
