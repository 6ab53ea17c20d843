# SPDX-License-Identifier: Apache-2.0
"""What programs read."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

import jsonschema

from rpc_contract import reports
from tests.reports import base


class TestJson(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        source = importlib.resources.files(reports) / 'report.schema.json'
        schema = json.loads(source.read_text('utf-8'))
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def document(self, report: reports.Report) -> dict[str, Any]:
        return json.loads(self.written(report, 'json'))

    def test_it_is_of_the_documented_form(self) -> None:
        for report in (
            reports.Report((), ()),
            self.report(),
            self.everything(),
        ):
            with self.subTest(len(report.findings)):
                self.validator.validate(self.document(report))

    def test_the_form_takes_nothing_else(self) -> None:
        document = self.document(self.everything())
        for change in (
            {'form': 'rpc-contract-report/2'},
            {'passed': 'no'},
            {'findings': [{**document['findings'][0], 'line': 0}]},
            {'findings': [{**document['findings'][0], 'forward': 'good'}]},
            {'more': 1},
        ):
            with self.subTest(change):
                self.assertRaises(
                    jsonschema.ValidationError,
                    self.validator.validate,
                    {**document, **change},
                )

    def test_a_finding(self) -> None:
        document = self.document(self.report(base.REMOVED))

        self.assertEqual(
            [
                {
                    'rule': 'method-removed',
                    'title': 'A method is no longer served',
                    'kind': 'change',
                    'severity': 'error',
                    'forward': 'breaking',
                    'backward': 'safe',
                    'interface': 'guestagent',
                    'symbol': 'restart',
                    'path': 'guestagent/api/server.py',
                    'line': 40,
                    'message': base.REMOVED.message,
                    'fix': base.REMOVED.fix,
                    'against': 'guestagent 1.0',
                    'suppressed': None,
                }
            ],
            document['findings'],
        )
        self.assertFalse(document['passed'])

    def test_suppressed_ones_come_last(self) -> None:
        document = self.document(self.everything())

        self.assertEqual(
            [None, None, None, None, base.BORNE.suppressed],
            [each['suppressed'] for each in document['findings']],
        )
        self.assertEqual(1, document['counts']['suppressed'])
