# SPDX-License-Identifier: Apache-2.0
"""``.. rpc-matrix::`` embeds the page of ``trove-rpc matrix --html``.

And what it sums up to, as tables. The page is written into the HTML output.
"""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

from trove.peers import versions
from trove.rpcadmin.matrix import page
from trove.rpcadmin.matrix import rows

#: Where it is in the output.
PAGE = '_static/rpc-matrix.html'


def releases(found: tuple[rows.Release, ...]) -> str:
    """Say which releases share a row."""
    if len(found) == 1:
        return str(found[0])
    return f'{found[0]} to {found[-1]}'


def table(name: str) -> Iterator[str]:
    """Give the lines of the table of an interface."""
    everyone = rows.all_releases()
    words = [each.capitalize() for each in (*rows.OUTCOMES, rows.IN_VAIN)]
    lines = [['Sends', 'Receives', *words]]
    for group in rows.groups(name, everyone, everyone):
        sides = [releases(group.clients), releases(group.servers)]
        counts = [str(count or '') for count in group.counts().values()]
        lines.append([*sides, *counts])
    yield from (f'.. rubric:: {name}', '')
    yield from ('.. list-table::', '   :header-rows: 1', '')
    for line in lines:
        for index, cell in enumerate(line):
            yield f'   {"*" if index == 0 else " "} - {cell}'.rstrip()
    yield ''


class MatrixDirective(Directive):
    """The page in a frame, a link to it, and a table for each interface."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        docname = self.state.document.settings.env.docname
        place = '../' * docname.count('/') + PAGE
        lines = [
            '.. only:: html',
            '',
            '   .. raw:: html',
            '',
            f'      <p><a href="{place}">On a page of its own</a></p>',
            f'      <iframe src="{place}" title="Trove RPC matrix" '
            'loading="lazy" style="width: 100%; height: 70rem; border: 1px '
            'solid #8888; border-radius: 6px"></iframe>',
            '',
        ]
        for name in versions.INTERFACES:
            lines += table(name)
        node = nodes.section()
        node.document = self.state.document
        source = StringList(lines, source=rows.__file__)
        nested_parse_with_titles(self.state, source, node)
        return node.children


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the page where the directive looks for it."""
    if error is None and app.builder.format == 'html':
        path = pathlib.Path(app.outdir, PAGE)
        path.parent.mkdir(exist_ok=True)
        path.write_text(page.render(), 'utf-8')


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('rpc-matrix', MatrixDirective)
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
