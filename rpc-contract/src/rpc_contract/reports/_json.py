# SPDX-License-Identifier: Apache-2.0
"""For programs; ``report.schema.json`` says what is in it."""

from __future__ import annotations

import json
from typing import Any
from typing import TextIO

from rpc_contract import findings
from rpc_contract.reports import _report

#: What a reader can rely on. Keys may be added to it; anything else would be
#: a form of its own.
FORM = 'rpc-contract-report/1'


def write(report: _report.Report, stream: TextIO) -> None:
    """Write the report as one JSON object."""
    json.dump(_document(report), stream, indent=2)
    stream.write('\n')


def _document(report: _report.Report) -> dict[str, Any]:
    return {
        'form': FORM,
        'tool': {'name': _report.TOOL, 'version': report.tool},
        'passed': report.passed,
        'counts': dict(report.counts),
        'checked': [
            {
                'interface': each.interface,
                'version': each.version,
                'methods': each.methods,
                'against': list(each.against),
                'sent': each.sent,
                'served': each.served,
            }
            for each in report.checked
        ],
        'findings': [
            _finding(report, each)
            for each in (*report.open, *report.suppressed)
        ],
    }


def _finding(
    report: _report.Report, finding: findings.Finding
) -> dict[str, Any]:
    rule = report.rule(finding)
    return {
        'rule': rule.id,
        'title': rule.title,
        'kind': rule.kind,
        'severity': rule.severity.value,
        'forward': rule.forward.value,
        'backward': rule.backward.value,
        'interface': finding.interface,
        'symbol': finding.symbol,
        'path': report.path(finding.where) or None,
        'line': finding.where.line or None,
        'message': finding.message,
        'fix': finding.fix,
        'against': finding.against,
        'suppressed': finding.suppressed,
    }
