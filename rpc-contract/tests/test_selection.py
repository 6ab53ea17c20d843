# SPDX-License-Identifier: Apache-2.0
"""Which rules count, where, and how much."""

from __future__ import annotations

import json

from rpc_contract import reading
from rpc_contract import rules
from tests import example
from tests.commands import base


class SelectionTest(example.TestCase):
    """The project of the example: two changes of what was released."""

    def setUp(self) -> None:
        super().setUp()
        self.change("""
-    @rpc.call('1.1')
+    @rpc.cast('1.1')
@@
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, shelf: str = 'low') -> int:
""")
        self.assertEqual(
            {
                ('call-to-cast', 'find'),
                ('default-changed', 'count(shelf)'),
            },
            self.found(),
        )

    def settings(self, text: str) -> None:
        self.tree.write(
            'pyproject.toml', f'[tool.rpc-contract]\n{text}\n{example.PROJECT}'
        )

    def rules(self) -> set[str]:
        return {rule for rule, _symbol in self.found()}

    def test_use(self) -> None:
        for used, found in (
            ('["change"]', {'call-to-cast', 'default-changed'}),
            ('["hygiene", "call-to-cast"]', {'call-to-cast'}),
            ('"default-changed"', {'default-changed'}),
            ('["cross", "hygiene"]', set()),
        ):
            with self.subTest(used):
                self.settings(f'use = {used}')
                self.assertEqual(found, self.rules())

    def test_except(self) -> None:
        self.settings('use = "change"\nexcept = ["call-to-cast"]')

        self.assertEqual({'default-changed'}, self.rules())

    def test_no_rule_is_left(self) -> None:
        self.settings('use = ["unread"]\nexcept = ["unread"]')

        error = self.assertRaises(reading.Unusable, self.check)

        self.assertIn('leaves no rule', str(error))

    def test_rule_that_there_is_not(self) -> None:
        for key in ('use', 'except'):
            with self.subTest(key):
                self.settings(f'{key} = ["call-to-casts"]')
                error = self.assertRaises(reading.Unusable, self.check)
                self.assertIn('"call-to-casts"', str(error))
                self.assertIn('Is it "call-to-cast"?', str(error))

    def test_ignore(self) -> None:
        for ignored, found in (
            ('"cellar/api.py"', {'default-changed'}),
            ('["cellar"]', set()),
            ('["./cellar/", "pyproject.toml"]', set()),
            ('["cellar/manager.py"]', {'call-to-cast', 'default-changed'}),
            ('["pyproject.toml"]', {'call-to-cast', 'default-changed'}),
        ):
            with self.subTest(ignored):
                self.settings(f'ignore = {ignored}')
                self.assertEqual(found, self.rules())

    def test_path_is_of_whole_names(self) -> None:
        self.tree.write('cell', '')
        self.settings('ignore = ["cell"]')

        self.assertIn('call-to-cast', self.rules())

    def test_ignore_only(self) -> None:
        self.settings(
            '[tool.rpc-contract.ignore-only]\ncall-to-cast = "cellar"'
        )

        self.assertNotIn('call-to-cast', self.rules())
        self.assertIn('default-changed', self.rules())

    def test_entry_for_a_rule_that_does_not_count_is_needless(self) -> None:
        self.tree.write(
            'contracts/suppressions.yaml',
            """
            suppressions:
              - rule: call-to-cast
                symbol: cellar.find
                reason: Nobody waits for wine.
                expires: 2999-01-01
            """,
        )
        self.settings('except = ["call-to-cast"]')

        self.assertIn(('suppression-unused', 'find'), self.found())

    def test_severity(self) -> None:
        self.settings(
            'use = "call-to-cast"\n'
            '[tool.rpc-contract.severity]\ncall-to-cast = "note"'
        )

        report = self.check()

        self.assertEqual(1, report.counts['note'])
        self.assertTrue(report.passed)

    def test_severity_shows_in_every_format(self) -> None:
        self.settings(
            'use = "call-to-cast"\n'
            '[tool.rpc-contract.severity]\ncall-to-cast = "warning"'
        )
        for form, text in (
            ('text', 'warning: call-to-cast'),
            ('json', '"severity": "warning"'),
            ('junit', 'type="warning"'),
            ('github', '::warning '),
            ('sarif', '"level": "warning"'),
        ):
            with self.subTest(form):
                tree = str(self.tree.top)
                status, out, error = base.run(
                    'check', '--tree', tree, '-f', form
                )
                self.assertEqual((1, ''), (status, error))
                self.assertIn(text, out)

    def test_rules_that_do_not_count_are_not_reported_as_kept(self) -> None:
        self.settings('use = ["call-to-cast", "unread"]')

        _status, out, _error = base.run(
            'check', '--tree', str(self.tree.top), '-f', 'sarif'
        )

        (run,) = json.loads(out)['runs']
        self.assertEqual(
            {'call-to-cast', 'unread'},
            {each['id'] for each in run['tool']['driver']['rules']},
        )

    def test_rules_that_count_are_listed(self) -> None:
        self.settings(
            'use = ["call-to-cast", "unread"]\n'
            '[tool.rpc-contract.severity]\nunread = "error"'
        )

        status, out, error = base.run(
            'rules', '--configured', '--tree', str(self.tree.top), '-f', 'json'
        )

        self.assertEqual((0, ''), (status, error))
        self.assertEqual(
            {'call-to-cast': 'error', 'unread': 'error'},
            {each['Rule']: each['Severity'] for each in json.loads(out)},
        )

    def test_they_count_for_classes_on_the_command_line_too(self) -> None:
        pair = ['--client', 'cellar.api:API']
        pair += ['--endpoint', 'cellar.manager:Manager']
        for settings, found in (
            ('use = "call-to-cast"', 'call-to-cast: cellar.find'),
            ('ignore = "cellar"', 'No problems found'),
        ):
            with self.subTest(settings):
                self.settings(settings)
                _status, out, error = base.run(
                    'check', '--tree', str(self.tree.top), *pair
                )
                self.assertEqual('', error)
                self.assertIn(found, out)
                self.assertNotIn('default-changed', out)

    def test_all_count_without_a_word(self) -> None:
        self.assertEqual(rules.RULES, dict(self.check().selected.counted))
