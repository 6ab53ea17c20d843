# SPDX-License-Identifier: Apache-2.0
"""tools/quick_tests.py: the checks that matter for a file."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from trove.tests import base
from trove.tests.unit import import_rules
from trove.tests.unit import test_tools

_UNIT = 'trove/tests/unit'


class QuickTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tool = test_tools.tool('quick_tests')

    def plan(self, *paths: str) -> Any:
        return self.tool.plan(paths)

    def assert_tested(self, path: str, *tests: str) -> None:
        found = self.plan(path).tests
        for test in tests:
            self.assertIn(f'{_UNIT}/{test}', found, path)

    def test_tests_are_named_after_the_file(self) -> None:
        self.assert_tested(
            'trove/common/rpc/_caps/caps.py',
            'common/rpc/_caps/test_caps.py',
            'common/rpc/_caps/test_caps_asked.py',
        )

    def test_tests_that_a_table_names(self) -> None:
        self.assert_tested(
            'trove/common/rpc/_client.py', 'common/rpc/test_calling.py'
        )

    def test_tests_that_import_the_file(self) -> None:
        plan = self.plan('trove/common/exception.py')

        self.assertIn(f'{_UNIT}/common/test_drivers.py', plan.tests)
        self.assertIn('more test modules import', ' '.join(plan.notes))
        self.assertLess(len(plan.tests), 12)

    def test_what_must_be_declared(self) -> None:
        for path, test in (
            ('trove/api/handlers/actions.py', 'api/test_declared.py'),
            ('trove/cloud/noop.py', 'cloud/test_declared.py'),
            ('trove/conf/cloud.py', 'conf/test_used.py'),
            ('trove/guestagent/manager.py', 'guestagent/test_orders.py'),
            (
                'trove/taskmanager/workflows/__init__.py',
                'taskmanager/workflows/test_registry.py',
            ),
            (
                'trove/objects/instance/workflows.py',
                'taskmanager/workflows/test_registry.py',
            ),
            ('requirements.txt', 'test_hygiene.py'),
            ('setup.cfg', 'test_hygiene.py'),
            ('HACKING.rst', 'test_words.py'),
        ):
            self.assert_tested(path, test)

    def test_each_check_is_there_and_meant_for_a_file(self) -> None:
        paths = [each.path for each in import_rules.modules()]
        paths += ['setup.cfg', 'doc/source/index.rst']
        for pattern, checks in self.tool.CHECKS:
            self.assertTrue(
                any(self.tool.re.fullmatch(pattern, each) for each in paths),
                f'No file is like {pattern}: correct CHECKS in '
                'tools/quick_tests.py.',
            )
            for check in checks:
                self.assertTrue(
                    (import_rules.TOP / _UNIT / check).exists(),
                    f'There is no {check}: correct CHECKS in '
                    'tools/quick_tests.py.',
                )

    def test_a_test_runs_itself(self) -> None:
        self.assert_tested(
            f'{_UNIT}/common/test_text.py', 'common/test_text.py'
        )

    def test_the_checker_has_tests_of_its_own(self) -> None:
        plan = self.plan('rpc-contract/src/rpc_contract/locks.py')

        self.assertIn('tests/test_locks.py', plan.tests)

    def test_a_tool(self) -> None:
        self.assert_tested('tools/quick_tests.py', 'test_tools_quick.py')

    def test_commands(self) -> None:
        plan = self.plan('trove/taskmanager/api.py', 'tools/run-tests.sh')

        commands = [command[0] for command in plan.commands()]

        self.assertEqual(
            ['bashate', 'shellcheck', 'ruff', 'flake8', 'rpc-contract'],
            commands[:-1],
        )
        *_, tests = plan.commands()
        self.assertIn('trove.tests.unit.test_imports', tests)

    def test_what_takes_longer_is_named(self) -> None:
        for path, check in (
            ('doc/source/index.rst', 'docs'),
            ('trove/tests/functional/test_flood.py', 'functional'),
        ):
            (note,) = self.plan(path).notes
            self.assertIn(f'tools/run-tests.sh {check}', note)

    def test_a_path_that_is_wrong(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(2, self.tool.main(['trove/nothing.py']))
            self.assertEqual(2, self.tool.main([]))

        self.assertIn('no file trove/nothing.py', said.getvalue())
        self.assertIn('which files?', said.getvalue())
