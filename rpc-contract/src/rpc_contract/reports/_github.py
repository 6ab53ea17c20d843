# SPDX-License-Identifier: Apache-2.0
"""For GitHub Actions: workflow commands that become notes at the lines.

GitHub shows at most ten errors, ten warnings and ten notices of a step; what
does not fit is still in the log.
"""

from __future__ import annotations

from typing import TextIO

from rpc_contract import findings
from rpc_contract import rules
from rpc_contract.reports import _report

_COMMANDS = {
    rules.Severity.ERROR: 'error',
    rules.Severity.WARNING: 'warning',
    rules.Severity.NOTE: 'notice',
}


def write(report: _report.Report, stream: TextIO) -> None:
    """Write a workflow command for each finding that is not suppressed."""
    for each in report.open:
        stream.write(_command(report, each) + '\n')


def _command(report: _report.Report, finding: findings.Finding) -> str:
    rule = report.rule(finding)
    properties = {
        'file': report.path(finding.where),
        'line': str(finding.where.line or ''),
        'title': f'{finding.rule}: {_report.symbol(finding)}',
    }
    listed = ','.join(
        f'{name}={_property(value)}'
        for name, value in properties.items()
        if value
    )
    parts = [finding.message, *_report.verdicts(rule)]
    if finding.against:
        parts.append(f'Against: {finding.against}.')
    if finding.fix:
        parts.append(f'Fix: {finding.fix}')
    return (
        f'::{_COMMANDS[rule.severity]} {listed}::{_data(chr(10).join(parts))}'
    )


def _data(value: str) -> str:
    return value.replace('%', '%25').replace('\r', '%0D').replace('\n', '%0A')


def _property(value: str) -> str:
    return _data(value).replace(':', '%3A').replace(',', '%2C')
