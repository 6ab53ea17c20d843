# SPDX-License-Identifier: Apache-2.0
"""rpc-contract rules and explain."""

from __future__ import annotations

import json

from rpc_contract import rules
from tests import base
from tests.commands import base as commands_base


class RulesTest(base.TestCase):
    def test_all_of_them(self) -> None:
        status, out, error = commands_base.run('rules', '-f', 'json')

        self.assertEqual((0, ''), (status, error))
        found = {row['Rule']: row for row in json.loads(out)}
        self.assertEqual(list(rules.RULES), list(found))
        self.assertEqual('breaking', found['method-removed']['Forward'])
        self.assertEqual('safe', found['method-removed']['Backward'])

    def test_each_is_explained(self) -> None:
        for rule in rules.RULES.values():
            with self.subTest(rule.id):
                status, out, _error = commands_base.run('explain', rule.id)
                self.assertEqual(0, status)
                self.assertTrue(out.startswith(f'{rule.id}: {rule.title}.\n'))
                self.assertIn(str(rule.severity), out)

    def test_both_directions_and_an_example(self) -> None:
        _status, out, _error = commands_base.run('explain', 'default-changed')

        self.assertIn('old client -> new server: breaking', out)
        self.assertIn('new client -> old server: breaking', out)
        self.assertIn('-    def count(self, context: Context, shelf: str', out)

    def test_no_such_rule(self) -> None:
        status, out, error = commands_base.run('explain', 'default-change')

        self.assertEqual((2, ''), (status, out))
        self.assertIn('Is it default-changed?', error)
