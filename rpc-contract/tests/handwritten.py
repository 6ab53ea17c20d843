# SPDX-License-Identifier: Apache-2.0
"""Small projects whose RPC is written by hand."""

from __future__ import annotations

import datetime

from rpc_contract import checks
from rpc_contract import findings
from rpc_contract import idioms
from rpc_contract import model
from rpc_contract import projects
from rpc_contract import reading
from tests import base

_TODAY = datetime.date(2027, 1, 1)
_SUBJECT = projects.Subject('cellar', 'cellar:API', 'cellar:Manager')


class TestCase(base.TestCase):
    """Has a tree, in which the module ``cellar`` is the project."""

    def client(self, source: str, spec: str = 'cellar:API') -> model.Contract:
        """Read the client of a source."""
        self.tree.write('cellar.py', source)
        tree = reading.Tree(self.tree.top)
        return idioms.read_client(tree, spec, 'cellar')

    def endpoint(self, source: str, *specs: str) -> model.Contract:
        """Read the endpoints of a source."""
        self.tree.write('cellar.py', source)
        tree = reading.Tree(self.tree.top)
        specs = specs or ('cellar:Manager',)
        return idioms.read_endpoints(tree, specs, 'cellar')

    def check(
        self,
        source: str,
        older: str | None = None,
        subject: projects.Subject = _SUBJECT,
    ) -> list[findings.Finding]:
        """Check a source, also against an older one if it is given."""
        self.tree.write('cellar.py', source)
        state = None
        if older is not None:
            path = self.tree.write('older/cellar.py', older)
            state = checks.Older('cellar 1', path.parent)
        project = projects.Project((subject,))
        report = checks.check(self.tree.top, project, _TODAY, state)
        return list(report.findings)

    def found(
        self, source: str, older: str | None = None
    ) -> set[tuple[str, str]]:
        """Check a source; returns the rules and the symbols of findings."""
        return {(each.rule, each.symbol) for each in self.check(source, older)}


def told(contract: model.Contract) -> list[str]:
    """Write down what is sent, a line each.

    ``cast store 1.1 (1.0 1.1) wine shelf? **``: the caps in parentheses where
    it is not sent under any, a question mark where it may be left out.
    """
    return [_line(send) for send in contract.sends]


def _line(send: model.Send) -> str:
    parts = [str(send.kind), send.method, str(send.version)]
    if send.caps:
        parts.append(f'({" ".join(send.caps)})')
    parts += [
        name if sure == 'always' else f'{name}?'
        for name, sure in send.arguments.items()
    ]
    if send.any_fields:
        parts.append('**')
    return ' '.join(parts)
