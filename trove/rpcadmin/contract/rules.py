# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc contract rules`` and ``explain``: what is checked, and why."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import difflib
import textwrap
from typing import Any

from cliff import lister

from trove.contracts import reading
from trove.contracts import rules
from trove.rpcadmin.contract import base


class List(base.Command, lister.Lister):
    """List the rules.

    Forward is what becomes of the messages of an old client at a new server,
    backward of those of a new client at an old server. A note does not make
    a check fail.
    """

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        return (
            ('Rule', 'Kind', 'Severity', 'Forward', 'Backward', 'Title'),
            (
                (
                    rule.id,
                    rule.kind,
                    str(rule.severity),
                    str(rule.forward),
                    str(rule.backward),
                    rule.title,
                )
                for rule in rules.RULES.values()
            ),
        )


class Explain(base.Command):
    """Say what a rule is there for, with an example."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('rule', help='The id of the rule.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        rule = rules.RULES.get(parsed_args.rule)
        if rule is None:
            near = difflib.get_close_matches(parsed_args.rule, rules.RULES, 1)
            hint = f' Is it {near[0]}?' if near else ''
            raise reading.Unusable(
                f'There is no rule "{parsed_args.rule}".{hint} "trove-rpc '
                'contract rules" lists them.'
            )
        self.app.stdout.write(explain(rule))
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
