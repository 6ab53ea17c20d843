# SPDX-License-Identifier: Apache-2.0
"""Which process runs which functional tests: tools/share_tests.py."""

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
        workers = yaml.safe_load(self.printed('share', '3'))

        self.assertEqual(3, len(workers))
        rules = [rule for each in workers for rule in each['worker']]
        for name in self.tool.modules():
            test = f'trove.tests.functional.{name}.SomeTest.test_it'
            self.assertEqual(
                1, sum(bool(re.search(rule, test)) for rule in rules), test
            )
        self.assertIn('db.test_objects', self.tool.modules())
        self.assertNotIn('tempest', str(rules))

    def test_those_that_take_long_are_shared_out_first(self) -> None:
        shares = self.tool.share(
            ['a', 'b', 'c', 'd', 'new'],
            {'a': 10, 'b': 20, 'c': 90, 'd': 80},
            2,
        )

        # The new one counts 50, the average.
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
            ['db.test_one 10', 'test_four 6', 'test_three 22', 'test_two 2'],
            lines,
        )
        # And they are read as they are printed
        path.write_text('\n'.join(lines))
        self.assertEqual(22, self.tool.read(path)['test_three'])
