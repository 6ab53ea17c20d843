# SPDX-License-Identifier: Apache-2.0
"""Write the reference of an RPC interface from its declaration.

``.. rpc-interface:: trove.guestagent.api`` becomes the history of the
interface, and each method with its arguments, kind and first revision. There
is nothing to keep in step by hand: it is what the services run with.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import importlib
import re
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

# First of trove's modules: it chooses the threading backend.
from trove.common import rpc

#: How releases of one revision are shortened, at most so many are spelled.
SPELLED = 4


def releases(names: tuple[str, ...]) -> str:
    """Say which releases are of a revision."""
    if not names:
        return 'no release'
    if len(names) <= SPELLED:
        return ', '.join(names)
    return f'{names[0]} to {names[-1]}'


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a list-table.

    A cell may have several lines.
    """
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for row in [header, *rows]:
        for index, cell in enumerate(row):
            first, *others = cell.splitlines() or ['']
            lines.append(f'   {"*" if index == 0 else " "} - {first}')
            lines += [f'       {line}'.rstrip() for line in others]
    return [*lines, '']


def span_notes(span: rpc.Span, since: str) -> Iterator[str]:
    """Say what is special about a span; nothing for most.

    :param since: what needs not be said
    """
    if span.since != since:
        yield f'since {span.since}'
    if span.until is not None:
        yield f'until {span.until}'
    if span.again is not None:
        yield f'again since {span.again}'
    if span.required is not None:
        first, last = span.required
        yield f'required in {first} to {last}'
    if span.may_omit:
        yield 'left out for peers that do not know it'


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
    notes = ', '.join(span_notes(method.span, ''))
    kind = f'*{method.kind}, {notes}*'
    if method.timeout:
        kind += f'; the reply is waited for ``{method.timeout}`` seconds'
    if method.sealed:
        kind += '; where messages are encrypted, only with authentication'
    lines = [f'``{signature(method)}``', f'    {kind}', '']
    summary = method.doc.split('\n\n', maxsplit=1)[0]
    # The methods are on this page, but are no targets.
    summary = re.sub(r':\w+:`([^`]+)`', r'``\1``', summary)
    lines += [f'    {line.strip()}' for line in summary.splitlines()]
    lines.append('')
    for argument in method.arguments.values():
        note = ', '.join(span_notes(argument.span, method.span.since))
        if note:
            lines += [f'    - ``{argument.name}``: {note}']
    return [*lines, '']


def changes(
    before: dict[str, rpc.Method], after: dict[str, rpc.Method]
) -> list[str]:
    """Say what methods and arguments came and went with a revision."""
    found = []
    for what, names in (
        ('came', after.keys() - before.keys()),
        ('went', before.keys() - after.keys()),
    ):
        if names:
            listed = ', '.join(f'``{name}``' for name in sorted(names))
            found.append(f'{what}: {listed}')
    for name in sorted(before.keys() & after.keys()):
        notes = argument_changes(before[name].arguments, after[name].arguments)
        if notes:
            found.append(f'``{name}`` {"; ".join(notes)}')
    return found


def argument_changes(
    old: Mapping[str, rpc.Argument], new: Mapping[str, rpc.Argument]
) -> list[str]:
    def required(arguments: Mapping[str, rpc.Argument]) -> set[str]:
        return {
            name
            for name, argument in arguments.items()
            if argument.default is rpc.REQUIRED
        }

    found = (
        ('takes', new.keys() - old.keys()),
        ('lost', old.keys() - new.keys()),
        ('requires', required(new) - required(old)),
        ('does without', (required(old) - required(new)) & new.keys()),
    )
    return [
        f'{word} {", ".join(f"``{name}``" for name in sorted(names))}'
        for word, names in found
        if names
    ]


def history(interface: rpc.Interface) -> list[str]:
    """Return the lines of the table of an interface's revisions."""
    rows = []
    before: dict[str, rpc.Method] | None = None
    for entry in interface.history:
        after = interface.as_of(entry)
        if before is None:
            found = [f'{len(after)} methods']
        else:
            found = changes(before, after)
        rows.append(
            [
                f'``{entry.name}``',
                releases(entry.releases),
                entry.changes,
                '\n'.join(f'- {each}' for each in found),
            ]
        )
        before = after
    return table(
        ['Revision', 'Releases', 'What changed', 'Methods and arguments'],
        rows,
    )


def declared_in(module: ModuleType) -> str:
    """Return the path of the package or file of a module."""
    path = module.__name__.replace('.', '/')
    return f'{path}/' if hasattr(module, '__path__') else f'{path}.py'


class InterfaceDirective(Directive):
    """``.. rpc-interface:: MODULE``; the module has a class ``API``."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        interface: rpc.Interface = module.API.interface
        lines = [
            f'Option of ``[upgrade_levels]``: ``{interface.name}``. Latest '
            f'revision: {interface.latest}. Declared in '
            f'``{declared_in(module)}``.',
            '',
            *history(interface),
        ]
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
