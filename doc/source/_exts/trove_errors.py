# SPDX-License-Identifier: Apache-2.0
"""``.. trove-errors::`` lists the errors that a user or operator can meet."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

from trove.common import exception


def errors() -> list[type[exception.TroveError]]:
    """All classes that are raised, by status and name."""
    found = [
        value
        for value in vars(exception).values()
        if isinstance(value, type)
        and issubclass(value, exception.TroveError)
        and value is not exception.TroveError
    ]
    return sorted(found, key=lambda each: (each.code, each.__name__))


def text(error: type[exception.TroveError]) -> str:
    """Return the message with its values named: ``%(id)s`` is *id*."""
    plain = error.message.replace('*', r'\*').replace('`', r'\`')
    parts = plain.split('%(')
    for index, part in enumerate(parts[1:], 1):
        name, _, rest = part.partition(')')
        parts[index] = rf'\ *{name}*\ {rest[1:]}'
    return ''.join(parts)


class ErrorsDirective(Directive):
    """A list-table of status, fault and message."""

    def run(self) -> list[nodes.Node]:
        lines = ['.. list-table::', '   :header-rows: 1', '']
        lines += ['   * - Status', '     - Error', '     - Message']
        for error in errors():
            lines += [
                f'   * - {error.code} {error.fault}',
                f'     - {error.__name__}',
                f'     - {text(error)}',
            ]
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(
            self.state, StringList(lines, source=exception.__file__), node
        )
        return node.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('trove-errors', ErrorsDirective)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
