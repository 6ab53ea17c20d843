# SPDX-License-Identifier: Apache-2.0
"""``.. peer-beliefs::`` shows the table of who may change what is believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

from trove.common import belief

_EFFECTS = {
    'sets': 'is what it says',
    'fills': 'is what it says if nothing is known, and it knows seals',
    'forgets': 'is not known',
    'keeps': 'as before',
}


def rows() -> Iterator[tuple[str, ...]]:
    """The rows of the table, and its head first."""
    yield (
        *('Evidence', 'What it speaks', 'What it speaks, once proven'),
        *('Proven', 'Released form permitted'),
    )
    for rule in belief.RULES.values():
        proven = {None: 'as before', 'says': 'if that knows seals'}
        allows = {
            None: 'as before',
            True: 'yes, held' if rule.holds else 'yes',
            False: 'no',
            'held': 'no, unless held',
        }
        yield (
            *(rule.what, _EFFECTS[rule.open], _EFFECTS[rule.proven]),
            *(proven.get(rule.proves, 'yes'), allows[rule.allows]),
        )


class BeliefsDirective(Directive):
    """A list-table of :data:`trove.common.belief.RULES`."""

    def run(self) -> list[nodes.Node]:
        lines = ['.. list-table::', '   :header-rows: 1', '']
        for first, *others in rows():
            lines.append(f'   * - {first}')
            lines += [f'     - {other}' for other in others]
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(
            self.state, StringList(lines, source=belief.__file__), node
        )
        return node.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('peer-beliefs', BeliefsDirective)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
