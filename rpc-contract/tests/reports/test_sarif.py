# SPDX-License-Identifier: Apache-2.0
"""What code scanning reads.

``sarif-schema-2.1.0.json`` is the schema that goes with the standard, with
its first errata, unchanged; Copyright OASIS Open.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import jsonschema

from rpc_contract import model
from rpc_contract import reports
from rpc_contract import rules
from tests.reports import base

SCHEMA = pathlib.Path(__file__).with_name('sarif-schema-2.1.0.json')


class TestSarif(base.TestCase):
    def run_of(self, report: reports.Report) -> dict[str, Any]:
        """Validate the report and return the one run that is in it."""
        document = json.loads(self.written(report, 'sarif'))
        schema = json.loads(SCHEMA.read_text('utf-8'))
        jsonschema.Draft4Validator(
            schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
        ).validate(document)
        self.assertEqual(schema['id'], document['$schema'])
        (run,) = document['runs']
        return run

    def test_it_is_valid(self) -> None:
        for report in (reports.Report((), ()), self.everything()):
            with self.subTest(len(report.findings)):
                self.run_of(report)

    def test_all_rules_are_there(self) -> None:
        listed = self.run_of(self.report())['tool']['driver']['rules']

        self.assertEqual(list(rules.RULES), [each['id'] for each in listed])
        for each in listed:
            with self.subTest(each['id']):
                self.assertEqual(
                    rules.RULES[each['id']].severity.value,
                    each['defaultConfiguration']['level'],
                )
                self.assertTrue(each['help']['text'])

    def test_a_finding(self) -> None:
        run = self.run_of(self.report(base.REMOVED))

        (result,) = run['results']
        self.assertEqual('method-removed', result['ruleId'])
        rule = run['tool']['driver']['rules'][result['ruleIndex']]
        self.assertEqual('method-removed', rule['id'])
        self.assertEqual('error', result['level'])
        self.assertIn(base.REMOVED.message, result['message']['text'])
        self.assertIn(base.REMOVED.fix, result['message']['text'])
        (location,) = result['locations']
        physical = location['physicalLocation']
        self.assertEqual(
            'guestagent/api/server.py',
            physical['artifactLocation']['uri'],
        )
        self.assertIn(
            physical['artifactLocation']['uriBaseId'],
            run['originalUriBaseIds'],
        )
        self.assertEqual(40, physical['region']['startLine'])
        self.assertEqual(
            [{'fullyQualifiedName': 'guestagent.restart', 'kind': 'function'}],
            location['logicalLocations'],
        )

    def test_suppressed(self) -> None:
        (result,) = self.run_of(self.report(base.BORNE))['results']

        (suppression,) = result['suppressions']
        self.assertEqual(base.BORNE.suppressed, suppression['justification'])

    def test_without_a_place(self) -> None:
        (result,) = self.run_of(self.report(base.UNREAD))['results']

        self.assertNotIn('physicalLocation', result['locations'][0])

    def test_a_finding_stays_the_same_when_lines_move(self) -> None:
        moved = dataclasses.replace(
            base.REMOVED,
            where=model.Location('guestagent/api/elsewhere.py', 9),
            message='Said otherwise.',
        )
        other = dataclasses.replace(base.REMOVED, symbol='reboot')

        prints = [
            self.run_of(self.report(each))['results'][0]['partialFingerprints']
            for each in (base.REMOVED, moved, other)
        ]

        self.assertEqual(prints[0], prints[1])
        self.assertNotEqual(prints[0], prints[2])
