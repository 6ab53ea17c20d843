# SPDX-License-Identifier: Apache-2.0
"""What became of the tests of a run: tools/summarize_tests.py."""

from __future__ import annotations

import contextlib
import io
import pathlib

import fixtures
import subunit

from trove.tests import base
from trove.tests.unit import test_tools


class TestSummary(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.summary = test_tools.tool('summarize_tests')
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def stream(self, summary: str = '', **tests: str) -> str:
        """Write a stream of tests by name with their statuses.

        :param summary: what those that passed have to say
        """
        path = self.directory / f'stream{len(list(self.directory.iterdir()))}'
        with path.open('wb') as file:
            result = subunit.StreamResultToBytes(file)
            for name, status in tests.items():
                result.status(test_id=name, test_status='inprogress')
                if status == 'skip':
                    result.status(
                        test_id=name,
                        file_name='reason',
                        file_bytes=b'no broker here',
                        mime_type='text/plain;charset=utf8',
                    )
                if status == 'success' and summary:
                    result.status(
                        test_id=name,
                        file_name='summary',
                        file_bytes=summary.encode(),
                        mime_type='text/plain;charset=utf8',
                    )
                if status == 'fail':
                    result.status(
                        test_id=name,
                        file_name='traceback',
                        file_bytes=b'far above\n' * 200 + b'why\n',
                        mime_type='text/plain;charset=utf8',
                    )
                if status != 'inprogress':
                    result.status(test_id=name, test_status=status)
        return str(path)

    def run_summary(self, *paths: str) -> tuple[int, list[str]]:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = self.summary.main(list(paths))
        return status, output.getvalue().splitlines()

    def test_all_passed(self) -> None:
        one = self.stream(a='success', b='xfail')
        two = self.stream(c='success')

        status, lines = self.run_summary(one, two)

        self.assertEqual(0, status)
        self.assertEqual(['3 passed, 0 failed, 0 skipped'], lines)

    def test_what_passed_ones_have_to_say(self) -> None:
        status, lines = self.run_summary(
            self.stream(summary='3 of 3 caught\n', a='success', b='fail')
        )

        self.assertEqual(1, status)
        self.assertEqual(['a:', '  3 of 3 caught', 'Failed: b'], lines[:3])

    def test_skipped_ones_have_reasons(self) -> None:
        status, lines = self.run_summary(self.stream(a='success', b='skip'))

        self.assertEqual(0, status)
        self.assertIn('  b: no broker here', lines)
        self.assertEqual('1 passed, 0 failed, 1 skipped', lines[-1])

    def test_failed_ones_are_named(self) -> None:
        status, lines = self.run_summary(
            self.stream(a='fail', b='uxsuccess', c='success')
        )

        self.assertEqual(1, status)
        self.assertIn('Failed: a', lines)
        self.assertEqual('1 passed, 2 failed, 0 skipped', lines[-1])

    def test_one_that_never_ended_failed(self) -> None:
        status, lines = self.run_summary(self.stream(a='inprogress'))

        self.assertEqual(1, status)
        self.assertEqual('0 passed, 1 failed, 0 skipped', lines[-1])

    def repeat(self, first: str, **tests: str) -> None:
        """Write what a second run of some tests of a stream gave."""
        pathlib.Path(self.stream(**tests)).rename(f'{first}.repeated')

    def test_one_that_then_passed_by_itself_is_unsteady(self) -> None:
        first = self.stream(a='success', b='fail')
        self.repeat(first, b='success')

        status, lines = self.run_summary(first)

        self.assertEqual(0, status)
        self.assertIn('b failed, then passed by itself', lines[0])
        self.assertEqual('  why', lines[-2])
        self.assertLess(len('\n'.join(lines)), 2000)
        self.assertEqual('2 passed, 0 failed, 0 skipped', lines[-1])

    def test_one_that_did_not_fail_is_not_unsteady(self) -> None:
        first = self.stream(a='success', b='fail')
        self.repeat(first, a='success', b='success')

        _, lines = self.run_summary(first)

        unsteady = [line for line in lines if 'passed by itself' in line]
        self.assertEqual(1, len(unsteady))
        self.assertIn('b failed, then', unsteady[0])

    def test_one_that_failed_twice_failed(self) -> None:
        first = self.stream(a='success', b='fail', c='fail')
        self.repeat(first, b='fail', c='success')

        status, lines = self.run_summary(first)

        self.assertEqual(1, status)
        self.assertIn('Failed: b', lines)
        self.assertEqual('2 passed, 1 failed, 0 skipped', lines[-1])

    def test_a_few_are_worth_a_second_run(self) -> None:
        _, lines = self.run_summary(
            '--repeat', self.stream(a='success', b='fail', c='uxsuccess')
        )

        self.assertEqual(['b', 'c'], lines)

    def test_what_is_no_accident_is_not_run_again(self) -> None:
        many = dict.fromkeys('abcdefghijklm', 'fail')
        for why, tests in (
            ('many', many),
            ('a process died', {'a': 'fail', 'b': 'inprogress'}),
        ):
            with self.subTest(why):
                _, lines = self.run_summary('--repeat', self.stream(**tests))

                self.assertEqual([], lines)

    def test_a_listing_is_not_a_result(self) -> None:
        status, lines = self.run_summary(self.stream(a='exists'))

        self.assertEqual(1, status)

    def test_nothing_was_run(self) -> None:
        good = self.stream(a='success')
        for name, path in (
            ('empty', self.stream()),
            ('missing', str(self.directory / 'missing')),
        ):
            with self.subTest(name):
                status, lines = self.run_summary(good, path)

                self.assertEqual(1, status)
                self.assertIn(path, lines[0])
                self.assertEqual('1 passed, 0 failed, 0 skipped', lines[-1])
