# SPDX-License-Identifier: Apache-2.0
"""For what shows test results: JUnit's XML, as Jenkins and Zuul read it.

An interface is a suite. A finding is a test that failed, one that is
suppressed a test that was skipped, and a rule that nothing breaks is a test
that passed.
"""

from __future__ import annotations

from collections.abc import Iterator
import re
from typing import TextIO
from xml.etree import ElementTree

from rpc_contract import findings
from rpc_contract.reports import _report

#: What XML 1.0 cannot say, whatever way it is written.
_UNSPEAKABLE = re.compile(
    '[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]'
)


def write(report: _report.Report, stream: TextIO) -> None:
    """Write the report as a document of XML."""
    suites = ElementTree.Element('testsuites', name=_report.TOOL)
    for name in _interfaces(report):
        suites.append(_suite(report, name))
    for key in 'tests', 'failures', 'errors', 'skipped':
        total = sum(int(suite.get(key, '0')) for suite in suites)
        suites.set(key, str(total))
    ElementTree.indent(suites)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(ElementTree.tostring(suites, 'unicode') + '\n')


def _interfaces(report: _report.Report) -> list[str]:
    """Return the interfaces that were checked or have findings."""
    return list(
        dict.fromkeys(
            [
                *(each.interface for each in report.checked),
                *(each.interface for each in report.open),
                *(each.interface for each in report.suppressed),
            ]
        )
    )


def _suite(report: _report.Report, interface: str) -> ElementTree.Element:
    cases = list(_cases(report, interface))
    suite = ElementTree.Element(
        'testsuite',
        name=_text(interface) or _report.TOOL,
        tests=str(len(cases)),
        failures=str(sum(case.find('failure') is not None for case in cases)),
        errors='0',
        skipped=str(sum(case.find('skipped') is not None for case in cases)),
        time='0',
    )
    properties = [
        (name, value)
        for each in report.checked
        if each.interface == interface
        for name, value in (
            ('version', each.version or ''),
            *(('against', name) for name in each.against),
        )
    ]
    if properties:
        parent = ElementTree.SubElement(suite, 'properties')
        for name, value in properties:
            ElementTree.SubElement(
                parent, 'property', name=name, value=_text(value)
            )
    suite.extend(cases)
    return suite


def _cases(
    report: _report.Report, interface: str
) -> Iterator[ElementTree.Element]:
    broken = set()
    for finding in (*report.open, *report.suppressed):
        if finding.interface == interface:
            broken.add(finding.rule)
            yield _finding(report, finding)
    for name in report.selected.counted:
        if name not in broken:
            yield _case(interface, name)


def _case(interface: str, name: str) -> ElementTree.Element:
    return ElementTree.Element(
        'testcase', classname=_text(interface), name=_text(name), time='0'
    )


def _finding(
    report: _report.Report, finding: findings.Finding
) -> ElementTree.Element:
    rule = report.rule(finding)
    against = f' against {finding.against}' if finding.against else ''
    case = _case(
        finding.interface,
        f'{finding.rule}: {_report.symbol(finding)}{against}',
    )
    where = finding.where
    if where.path:
        case.set('file', _text(report.path(where)))
    if where.line:
        case.set('line', str(where.line))
    if finding.suppressed is not None:
        ElementTree.SubElement(
            case, 'skipped', message=_text(finding.suppressed)
        )
        return case
    lines = [
        finding.message,
        *_report.verdicts(rule),
        f'Fix: {finding.fix}',
        str(where),
    ]
    if not report.fails(finding):
        # But it is worth reading.
        output = ElementTree.SubElement(case, 'system-out')
        output.text = _text('\n'.join(lines))
        return case
    failure = ElementTree.SubElement(
        case,
        'failure',
        type=rule.severity.value,
        message=_text(finding.message),
    )
    failure.text = _text('\n'.join(lines))
    return case


def _text(value: str) -> str:
    return _UNSPEAKABLE.sub('\ufffd', value)
