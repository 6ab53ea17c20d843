# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract rules`` and ``explain``: what is checked, and why."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import difflib
import json
import pathlib
import textwrap
from typing import TextIO

from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import rules
from rpc_contract.commands import base

_COLUMNS = ('Rule', 'Kind', 'Severity', 'Forward', 'Backward', 'Title')


class List(base.Command):
    """List the rules.

    Forward is what becomes of the messages of an old client at a new server,
    backward of those of a new client at an old server.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            '--configured',
            action='store_true',
            help='Only the rules that are selected in the tree, with their '
            'severities there.',
        )
        parser.add_argument(
            '--tree',
            default='.',
            metavar='PATH',
            help='The directory of its pyproject.toml (default: the current '
            'one).',
        )
        parser.add_argument(
            '-f',
            '--format',
            choices=('table', 'json'),
            default='table',
            help='Output format (default: %(default)s).',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        counted: Mapping[str, rules.Rule] = rules.RULES
        if given.configured:
            project = projects.read(pathlib.Path(given.tree).resolve())
            counted = project.selected.counted
        rows = [
            (
                rule.id,
                rule.kind,
                str(rule.severity),
                str(rule.forward),
                str(rule.backward),
                rule.title,
            )
            for rule in counted.values()
        ]
        if given.format == 'json':
            told = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
            stdout.write(f'{json.dumps(told, indent=2)}\n')
            return 0
        widths = [
            max(len(cell) for cell in column)
            for column in zip(_COLUMNS, *rows, strict=True)
        ]
        for row in (_COLUMNS, *rows):
            cells = zip(row, widths, strict=True)
            line = '  '.join(cell.ljust(width) for cell, width in cells)
            stdout.write(f'{line.rstrip()}\n')
        return 0


class Explain(base.Command):
    """Say what a rule is there for, with an example."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('rule', help='The id of the rule.')

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        rule = rules.RULES.get(given.rule)
        if rule is None:
            near = difflib.get_close_matches(given.rule, rules.RULES, 1)
            hint = f' Is it {near[0]}?' if near else ''
            raise reading.Unusable(
                f'There is no rule "{given.rule}".{hint} "rpc-contract '
                'rules" lists them.'
            )
        stdout.write(explain(rule))
        return 0


def explain(rule: rules.Rule) -> str:
    """Write a rule down for people."""
    lines = [f'{rule.id}: {rule.title}.', '']
    if rule.forward is not rules.Verdict.NONE:
        lines += [
            f'  old client -> new server: {rule.forward}',
            f'  new client -> old server: {rule.backward}',
        ]
    lines += [f'  severity: {rule.severity}']
    for heading, text in (('Why', rule.why), ('What to do', rule.fix)):
        if text:
            lines += ['', f'{heading}:', *_filled(text)]
    for heading, text in (('Found', rule.bad), ('Done well', rule.good)):
        if text:
            lines += ['', f'{heading}:', *text.strip('\n').splitlines()]
    return '\n'.join(lines) + '\n'


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, 76, initial_indent='  ', subsequent_indent='  ')
