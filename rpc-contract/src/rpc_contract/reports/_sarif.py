# SPDX-License-Identifier: Apache-2.0
"""For code scanning: SARIF 2.1.0, a standard of OASIS."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from typing import TextIO
from urllib import parse

from rpc_contract import findings
from rpc_contract import rules
from rpc_contract.reports import _report

SCHEMA = (
    'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/'
    'sarif-schema-2.1.0.json'
)
#: Who reads the report knows where that is.
_ROOT = '%SRCROOT%'


def write(report: _report.Report, stream: TextIO) -> None:
    """Write the report as a log file of one run."""
    json.dump(_log(report), stream, indent=2)
    stream.write('\n')


def _log(report: _report.Report) -> dict[str, Any]:
    used = report.selected.counted
    numbers = {name: index for index, name in enumerate(used)}
    return {
        '$schema': SCHEMA,
        'version': '2.1.0',
        'runs': [
            {
                'tool': {
                    'driver': {
                        'name': _report.TOOL,
                        'version': report.tool,
                        # All of them: so what is found no more is known to
                        # be mended, not to be looked for no more.
                        'rules': [
                            _rule(each) for each in used.values()
                        ],
                    }
                },
                # As is what was checked: without findings too.
                'invocations': [{'executionSuccessful': True}],
                'columnKind': 'unicodeCodePoints',
                'originalUriBaseIds': {
                    _ROOT: {
                        'description': {'text': 'Where the check was run.'}
                    }
                },
                'results': [
                    _result(report, each, numbers[each.rule])
                    for each in (*report.open, *report.suppressed)
                ],
                'properties': {
                    'checked': [
                        {
                            'interface': each.interface,
                            'version': each.version,
                            'methods': each.methods,
                            'against': list(each.against),
                        }
                        for each in report.checked
                    ]
                },
            }
        ],
    }


def _rule(rule: rules.Rule) -> dict[str, Any]:
    verdicts = ' '.join(_report.verdicts(rule))
    fix = f'\n\nFix: {rule.fix}' if rule.fix else ''
    return {
        'id': rule.id,
        'shortDescription': {'text': f'{rule.title}.'},
        'fullDescription': {'text': rule.why or f'{rule.title}.'},
        'help': {'text': f'{rule.why}\n\n{verdicts}{fix}'.strip() or rule.id},
        'defaultConfiguration': {'level': rule.severity.value},
        'properties': {
            'kind': rule.kind,
            'forward': rule.forward.value,
            'backward': rule.backward.value,
            'tags': ['rpc', rule.kind],
        },
    }


def _result(
    report: _report.Report, finding: findings.Finding, number: int
) -> dict[str, Any]:
    rule = report.rule(finding)
    parts = [finding.message, *_report.verdicts(rule)]
    if finding.fix:
        parts.append(f'Fix: {finding.fix}')
    result: dict[str, Any] = {
        'ruleId': rule.id,
        'ruleIndex': number,
        'level': rule.severity.value,
        'message': {'text': '\n'.join(parts)},
        'locations': [_location(report, finding)],
        'partialFingerprints': {'contract/v1': _fingerprint(finding)},
    }
    if finding.against:
        result['properties'] = {'against': finding.against}
    if finding.suppressed is not None:
        result['suppressions'] = [
            {
                'kind': 'external',
                'status': 'accepted',
                'justification': finding.suppressed,
            }
        ]
    return result


def _location(
    report: _report.Report, finding: findings.Finding
) -> dict[str, Any]:
    symbol = _report.symbol(finding)
    location: dict[str, Any] = {
        'logicalLocations': [
            {'fullyQualifiedName': symbol, 'kind': _kind(finding)}
        ]
    }
    if finding.where.path:
        physical: dict[str, Any] = {
            'artifactLocation': {
                'uri': parse.quote(report.path(finding.where)),
                'uriBaseId': _ROOT,
            }
        }
        if finding.where.line:
            physical['region'] = {'startLine': finding.where.line}
        location['physicalLocation'] = physical
    return location


def _kind(finding: findings.Finding) -> str:
    if not finding.symbol:
        return 'type'
    return 'parameter' if '(' in finding.symbol else 'function'


def _fingerprint(finding: findings.Finding) -> str:
    """Return what stays the same when lines move and words change."""
    parts = finding.rule, _report.symbol(finding), finding.against or ''
    return hashlib.sha256('\0'.join(parts).encode()).hexdigest()
