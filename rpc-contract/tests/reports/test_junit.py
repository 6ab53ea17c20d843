# SPDX-License-Identifier: Apache-2.0
"""What shows test results."""

from __future__ import annotations

import dataclasses

import junitparser

from rpc_contract import reports
from rpc_contract import rules
from tests.reports import base


class TestJunit(base.TestCase):
    def parsed(self, report: reports.Report) -> junitparser.JUnitXml:
        text = self.written(report, 'junit')
        return junitparser.JUnitXml.fromstring(text.encode())

    def suites(
        self, report: reports.Report
    ) -> dict[str, junitparser.TestSuite]:
        return {suite.name: suite for suite in self.parsed(report)}

    def test_an_interface_is_a_suite(self) -> None:
        suites = self.suites(self.everything())

        self.assertEqual(['guestagent', 'conductor'], list(suites))
        self.assertEqual(
            [
                ('version', '1.5'),
                ('against', 'guestagent 1.0'),
                ('against', 'guestagent 1.4'),
            ],
            [(p.name, p.value) for p in suites['guestagent'].properties()],
        )

    def test_a_rule_that_is_kept_is_a_test_that_passed(self) -> None:
        suite = self.suites(self.report())['guestagent']

        self.assertEqual(list(rules.RULES), [case.name for case in suite])
        self.assertTrue(all(case.is_passed for case in suite))

    def test_a_finding_is_a_test_that_failed(self) -> None:
        (case, *others) = self.suites(self.report(base.REMOVED))['guestagent']

        self.assertEqual(
            'method-removed: guestagent.restart against guestagent 1.0',
            case.name,
        )
        self.assertEqual('guestagent', case.classname)
        (failure,) = case.result
        self.assertIsInstance(failure, junitparser.Failure)
        self.assertEqual(base.REMOVED.message, failure.message)
        self.assertEqual('error', failure.type)
        self.assertIn('New client, old server: safe.', failure.text)
        self.assertIn(base.REMOVED.fix, failure.text)
        self.assertIn('server.py:40', failure.text)
        self.assertNotIn('method-removed', [each.name for each in others])

    def test_a_suppressed_finding_is_a_test_that_was_skipped(self) -> None:
        case = next(iter(self.suites(self.report(base.BORNE))['conductor']))

        self.assertTrue(case.is_skipped)
        self.assertEqual(base.BORNE.suppressed, case.result[0].message)

    def test_a_note_fails_nothing(self) -> None:
        case = next(iter(self.suites(self.report(base.UNREAD))['conductor']))

        self.assertTrue(case.is_passed)
        self.assertIn(base.UNREAD.message, case.system_out)

    def test_the_counts_are_those_of_the_cases(self) -> None:
        parsed = self.parsed(self.everything())
        said = parsed.tests, parsed.failures, parsed.skipped

        parsed.update_statistics()

        self.assertEqual((parsed.tests, parsed.failures, parsed.skipped), said)
        self.assertEqual((3, 1), (parsed.failures, parsed.skipped))

    def test_what_xml_cannot_say(self) -> None:
        odd = dataclasses.replace(base.REMOVED, message='a\x00b <&" c')

        case = next(iter(self.suites(self.report(odd))['guestagent']))

        self.assertEqual('a\ufffdb <&" c', case.result[0].message)
