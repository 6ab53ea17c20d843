# SPDX-License-Identifier: Apache-2.0
"""Which process runs which tests: tools/share_tests.py."""

from __future__ import annotations

import contextlib
import datetime
import io
import pathlib
import re

import fixtures
import subunit
import yaml

from trove.tests import base
from trove.tests.unit import test_tools

BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class TestShare(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tool = test_tools.tool('share_tests')

    def printed(self, *arguments: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertEqual(0, self.tool.main(list(arguments)))
        return output.getvalue()

    def test_each_module_has_one_process(self) -> None:
        for suite, some in (
            ('functional', 'functional.db.test_objects'),
            ('unit', 'unit.test_tools_share'),
            ('unit', 'tests.commands.test_check'),
        ):
            workers = yaml.safe_load(self.printed('share', suite, '3'))

            self.assertEqual(3, len(workers))
            rules = [rule for each in workers for rule in each['worker']]
            for name in self.tool.modules(suite):
                test = f'{name}.SomeTest.test_it'
                if not name.startswith('tests.'):
                    test = f'trove.tests.{test}'
                self.assertEqual(
                    1, sum(bool(re.search(rule, test)) for rule in rules), test
                )
            self.assertIn(some, self.tool.modules(suite))
            self.assertNotIn('tempest', str(rules))

    def test_those_that_are_no_more_are_not_in_the_file(self) -> None:
        found = self.tool.modules('functional') + self.tool.modules('unit')

        self.assertLessEqual(
            set(self.tool.read(self.tool.DURATIONS)), set(found)
        )

    def test_those_that_take_long_are_shared_out_first(self) -> None:
        shares = self.tool.share(
            ['a', 'b', 'c', 'd', 'new'],
            {'a': 10, 'b': 20, 'c': 90, 'd': 80},
            2,
        )

        # The new one counts 50, as the one in the middle.
        self.assertEqual([['c', 'b', 'a'], ['d', 'new']], shares)

    def test_a_module_takes_from_the_end_of_the_one_before(self) -> None:
        # Given two processes; what starts before a test is no event
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 's'
        with path.open('wb') as file:
            result = subunit.StreamResultToBytes(file)
            for test, worker, began, ended in (
                ('x.functional.db.test_one.A.a', '0', 0, 5),
                ('x.functional.db.test_one.A.b', '0', 6, 10),
                ('x.functional.test_two.A.a', '1', 1, 3),
                ('x.functional.test_three.A.a', '0', 30, 32),
                ('x.tests.unit.a.test_five.A.a(b.c)', '2', 1, 2),
                ('tests.test_six.A.a', '2', 2, 5),
                ('setUpClass (x.functional.test_four.A)', '1', 9, 9),
            ):
                for status, seconds in ('inprogress', began), ('skip', ended):
                    result.status(
                        test_id=test,
                        test_status=status,
                        test_tags={f'worker-{worker}'},
                        timestamp=BEGAN + datetime.timedelta(seconds=seconds),
                    )

        lines = self.printed('measure', str(path)).splitlines()

        self.assertEqual(
            [
                'functional.db.test_one 10',
                'functional.test_four 6',
                'functional.test_three 22',
                'functional.test_two 2',
                'tests.test_six 3',
                'unit.a.test_five 1',
            ],
            lines,
        )
        # And they are read as they are printed
        path.write_text('\n'.join(lines))
        self.assertEqual(22, self.tool.read(path)['functional.test_three'])

    def test_modules_without_any_result_are_named(self) -> None:
        # Given what a process ran before it died
        modules = self.tool.modules('functional')
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 's'
        with path.open('wb') as file:
            result = subunit.StreamResultToBytes(file)
            for name in modules[2:]:
                result.status(
                    test_id=f'trove.tests.{name}.A.a', test_status='skip'
                )

        lines = self.printed('missing', 'functional', str(path)).splitlines()

        self.assertEqual(modules[:2], lines)
