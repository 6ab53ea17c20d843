# SPDX-License-Identifier: Apache-2.0
"""Write the reference of an RPC interface from its declaration.

``.. rpc-interface:: trove.guestagent.api`` becomes the history of the
interface, and each method with its arguments, kind and first version. There
is nothing to keep in step by hand: it is what the services run with.
"""

from __future__ import annotations

import importlib
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

# First of trove's modules: it chooses the threading backend.
from trove.common import rpc

#: How releases of one version are shortened, at most so many are spelled.
SPELLED = 4


def releases(names: tuple[str, ...]) -> str:
    """Say which releases speak a version."""
    if not names:
        return 'no release'
    if len(names) <= SPELLED:
        return ', '.join(names)
    return f'{names[0]} to {names[-1]}'


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a list-table."""
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for row in [header, *rows]:
        for index, cell in enumerate(row):
            lines.append(f'   {"*" if index == 0 else " "} - {cell}')
    return [*lines, '']


def since(argument: rpc.Argument, method: rpc.Method) -> str:
    """Say what is special about an argument; empty for most."""
    notes = []
    if argument.since > method.since:
        notes.append(f'since {argument.since}')
    if argument.until is not None:
        notes.append(f'until {argument.until}')
    if argument.may_omit:
        notes.append('left out for peers that do not know it')
    return ', '.join(notes)


def signature(method: rpc.Method) -> str:
    parts = []
    for argument in method.arguments.values():
        # REQUIRED is the class that inspect uses for "no default".
        if isinstance(argument.default, type):
            parts.append(argument.name)
        else:
            parts.append(f'{argument.name}={argument.default!r}')
    if method.any_fields:
        parts.append('**fields')
    return f'{method.name}({", ".join(parts)})'


def describe_method(method: rpc.Method) -> list[str]:
    kind = f'*{method.kind}, since {method.since}*'
    if method.timeout:
        kind += f'; the reply is waited for ``{method.timeout}`` seconds'
    lines = [f'``{signature(method)}``', f'    {kind}', '']
    summary = method.doc.split('\n\n', maxsplit=1)[0]
    lines += [f'    {line.strip()}' for line in summary.splitlines()]
    lines.append('')
    for argument in method.arguments.values():
        note = since(argument, method)
        if note:
            lines += [f'    - ``{argument.name}``: {note}']
    return [*lines, '']


class InterfaceDirective(Directive):
    """``.. rpc-interface:: MODULE``; the module has a class ``API``."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        interface: rpc.Interface = module.API.interface
        lines = [
            f'Option of ``[upgrade_levels]``: ``{interface.name}``. Latest '
            f'version: {interface.latest}. Declared in '
            f'``{module.__name__.replace(".", "/")}.py``.',
            '',
        ]
        lines += table(
            ['Version', 'Releases', 'What changed'],
            [
                [entry.version, releases(entry.releases), entry.changes]
                for entry in interface.history
            ],
        )
        for method in interface.methods.values():
            lines += describe_method(method)
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(
            self.state, StringList(lines, source=module.__file__ or ''), node
        )
        return node.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('rpc-interface', InterfaceDirective)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
