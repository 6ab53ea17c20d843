# SPDX-License-Identifier: Apache-2.0
"""Explain the rules of ``rpc-contract`` from their table.

``.. contract-rules:: change`` becomes a section for each rule of that kind:
what a breach is, what becomes of messages, why, what to do, an example of it
and the same done well.
"""

from __future__ import annotations

import textwrap
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rpc_contract import rules

#: What a severity means to whoever reads the page.
SEVERITIES = {
    rules.Severity.ERROR: 'An error: the check fails.',
    rules.Severity.WARNING: 'A warning: the check fails.',
    rules.Severity.NOTE: 'A note: the check does not fail.',
}


def code(caption: str, source: str) -> list[str]:
    """Return the lines of an example; none where there is none."""
    if not source.strip():
        return []
    block = source.strip('\n')
    return [
        caption,
        '',
        f'.. code-block:: {language(block)}',
        '',
        *textwrap.indent(block, '   ').splitlines(),
        '',
    ]


def language(source: str) -> str:
    """Tell a change, as ``diff -u`` writes it, from Python."""
    changes = any(line[:1] in ('+', '-') for line in source.splitlines())
    return 'diff' if changes else 'python'


def verdicts(rule: rules.Rule) -> list[str]:
    """Return the lines about both directions."""
    if rule.forward is rule.backward is rules.Verdict.NONE:
        return []
    return [
        '.. list-table::',
        '',
        '   * - Old client, new server',
        f'     - {rule.forward}',
        '   * - New client, old server',
        f'     - {rule.backward}',
        '',
    ]


def section(rule: rules.Rule) -> list[str]:
    """Return the lines of the section about a rule."""
    return [
        rule.id,
        '-' * len(rule.id),
        '',
        f'{rule.title}. {SEVERITIES[rule.severity]}',
        '',
        *verdicts(rule),
        *([rule.why, ''] if rule.why else []),
        *([f'**What to do.** {rule.fix}', ''] if rule.fix else []),
        *code('It is found here:', rule.bad),
        *code('Done well:', rule.good),
    ]


class RulesDirective(SphinxDirective):
    """``.. contract-rules:: KIND``"""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        kind = directives.choice(
            self.arguments[0], ('change', 'hygiene', 'cross')
        )
        lines = [
            line
            for rule in rules.RULES.values()
            if rule.kind == kind
            for line in section(rule)
        ]
        return self.parse_text_to_nodes(
            '\n'.join(lines), allow_section_headings=True
        )


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('contract-rules', RulesDirective)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
