# SPDX-License-Identifier: Apache-2.0
"""Each rule finds its bad example, and nothing in its good one."""

from __future__ import annotations

import testscenarios

from rpc_contract import rules
from tests import example


class RulesTest(example.TestCase):
    def test_example_has_nothing_to_mend(self) -> None:
        self.assertEqual(set(), self.found())


class BadExamplesTest(testscenarios.WithScenarios, example.TestCase):
    scenarios = [
        (rule.id, {'rule': rule})
        for rule in rules.RULES.values()
        if rule.bad and rule.kind != 'cross'
    ]

    def test_it_is_found(self) -> None:
        self.change(self.rule.bad)

        found = self.check().open

        self.assertIn(self.rule.id, {each.rule for each in found}, found)


class GoodExamplesTest(testscenarios.WithScenarios, example.TestCase):
    scenarios = [
        (rule.id, {'rule': rule})
        for rule in rules.RULES.values()
        if rule.good and rule.kind != 'cross'
    ]

    def test_there_is_nothing_to_mend(self) -> None:
        self.change(self.rule.good)

        self.assertEqual((), self.check().open)
