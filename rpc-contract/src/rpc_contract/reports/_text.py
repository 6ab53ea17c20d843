# SPDX-License-Identifier: Apache-2.0
"""For people: what is wrong, what it does, what to do, and where."""

from __future__ import annotations

import collections
from typing import TextIO

from rich import console
from rich import text

from rpc_contract import findings
from rpc_contract import rules
from rpc_contract.reports import _report

#: For a terminal; elsewhere, and with NO_COLOR, there are none.
_STYLES = {
    rules.Severity.ERROR: 'bold red',
    rules.Severity.WARNING: 'bold yellow',
    rules.Severity.NOTE: 'bold cyan',
}
_VERDICT_STYLES = {
    rules.Verdict.SAFE: 'green',
    rules.Verdict.GATED: 'yellow',
    rules.Verdict.BREAKING: 'red',
    rules.Verdict.NONE: 'dim',
}


def write(report: _report.Report, stream: TextIO) -> None:
    """Write each finding as a paragraph, and a summary."""
    output = console.Console(
        file=stream, highlight=False, markup=False, emoji=False
    )
    # What is the same against several contracts is told once.
    told = collections.defaultdict(list)
    for each in report.open:
        told[_same(each)].append(each)
    for group in told.values():
        against = [each.against for each in group if each.against]
        output.print(
            _paragraph(report, group[0], against), soft_wrap=True, end='\n\n'
        )
    for each in report.suppressed:
        output.print(
            f'{_place(report, each)}suppressed: {each.rule}: '
            f'{_report.symbol(each)}: {each.suppressed}',
            soft_wrap=True,
        )
    if report.suppressed:
        output.print()
    output.print(_summary(report), soft_wrap=True)


def _same(each: findings.Finding) -> tuple[object, ...]:
    return each.rule, each.interface, each.symbol, each.where, each.fix


def _place(report: _report.Report, each: findings.Finding) -> str:
    path = report.path(each.where)
    if not path:
        return ''
    line = f':{each.where.line}' if each.where.line else ''
    return f'{path}{line}: '


def _paragraph(
    report: _report.Report, each: findings.Finding, against: list[str]
) -> text.Text:
    """Return the lines of a finding.

    The first is in the form of compilers, which editors understand.
    """
    rule = report.rule(each)
    lines = text.Text.assemble(
        (_place(report, each), 'bold'),
        (rule.severity.value, _STYLES[rule.severity]),
        f': {each.rule}: ',
        (_report.symbol(each), 'bold'),
        f'\n    {each.message}',
    )
    if against:
        lines.append(f'\n    Against: {", ".join(dict.fromkeys(against))}.')
    directions = zip(
        _report.verdicts(rule), (rule.forward, rule.backward), strict=False
    )
    for sentence, verdict in directions:
        lines.append('\n    ')
        lines.append(sentence, _VERDICT_STYLES[verdict])
    if each.fix:
        lines.append('\n    ')
        lines.append('Fix: ', 'bold')
        # An edit of several lines stays one.
        lines.append(each.fix.strip().replace('\n', '\n      '))
    return lines


def _summary(report: _report.Report) -> text.Text:
    counts = dict(report.counts)
    borne = counts.pop('suppressed')
    parts = [
        f'{count} {word}{"" if count == 1 else "s"}'
        for word, count in counts.items()
        if count
    ]
    lines = text.Text()
    lines.append(
        ', '.join(parts) or 'No problems found',
        'bold green' if report.passed else 'bold red',
    )
    lines.append(f'; {borne} suppressed.' if borne else '.')
    lines.append(f' {_checked(report)}')
    if report.open:
        lines.append(
            f'\nWhat a rule is there for: "{_report.TOOL} explain RULE".'
        )
    if report.checked:
        lines.append(f'\n{_read(report)}')
    return lines


def _read(report: _report.Report) -> str:
    """Say how much was read; the last line, for what was not is not told."""
    sent = sum(each.sent or 0 for each in report.checked)
    served = sum(each.served or 0 for each in report.checked)
    sides = ', '.join(
        f'{each.interface} {_count(each.sent)}/{_count(each.served)}'
        for each in report.checked
    )
    return f'Read: {sent} methods sent, {served} served ({sides}).'


def _count(read: int | None) -> str:
    return '-' if read is None else str(read)


def _checked(report: _report.Report) -> str:
    if not report.checked:
        return 'There was nothing to check.'
    methods = sum(each.methods for each in report.checked)
    against = {name for each in report.checked for name in each.against}
    names = ', '.join(str(each) for each in report.checked)
    return (
        f'Checked: {names}; {methods} methods, against '
        f'{len(against)} other contract{"" if len(against) == 1 else "s"}.'
    )
