# SPDX-License-Identifier: Apache-2.0
"""Names of objects in a row."""

from __future__ import annotations

from trove.common import numbered
from trove.tests import base


class NamesTest(base.TestCase):
    def test_their_places(self) -> None:
        names = numbered.Names('log-', '.gz', 9, 3)

        listed = list(names)

        self.assertEqual(
            ['log-00000009.gz', 'log-00000010.gz', 'log-00000011.gz'], listed
        )
        self.assertEqual([0, 1, 2], [names.index(each) for each in listed])

    def test_others(self) -> None:
        names = numbered.Names('log-', '.gz', 9, 3)
        for name in (
            'log-00000008.gz',
            'log-00000012.gz',
            'log-9.gz',
            'log-00000009',
            '00000009.gz',
            'log-0000000a.gz',
            'log-\N{SUPERSCRIPT TWO}0000009.gz',
            'log-.gz',
            '',
        ):
            self.assertIsNone(names.index(name), name)

    def test_one_without_a_number(self) -> None:
        names = numbered.Names('b1.tar.gz')

        self.assertEqual(['b1.tar.gz'], list(names))
        self.assertEqual(0, names.index('b1.tar.gz'))
        self.assertIsNone(names.index('b1.tar'))


class PrefixesTest(base.TestCase):
    def test_all_later_ones_and_no_earlier_one(self):
        for first in (2, 9, 10, 99, 100, 1234, 99_999, 99_999_999):
            names = numbered.Names('log-', '.gz', first, 1)

            begins = tuple(names.prefixes())

            self.assertLess(len(begins), 80)
            for number in (
                *range(max(0, first - 120), first + 120),
                0,
                first * 10,
                99_999_999,
            ):
                if number > 99_999_999:
                    continue
                self.assertEqual(
                    number >= first,
                    f'log-{number:08d}.gz'.startswith(begins),
                    f'{number} from {first}',
                )

    def test_a_row_from_its_beginning(self):
        self.assertEqual(
            ['log-'], numbered.Names('log-', '.gz', 1, 9).prefixes()
        )

    def test_a_single_name(self):
        self.assertEqual(['a.gz'], numbered.Names('a', '.gz').prefixes())
