# SPDX-License-Identifier: Apache-2.0
"""Each mutation has its turn."""

from __future__ import annotations

import fixtures

from trove.tests import base
from trove.tests.unit.mutations import thirds


class ThirdsTest(base.TestCase):
    NAMES = ('a', 'b', 'c', 'd')

    def tried(self, value: str | None) -> list[str]:
        self.useFixture(fixtures.EnvironmentVariable(thirds.VARIABLE, value))
        return thirds.tried(self.NAMES)

    def test_all_of_them(self) -> None:
        for value in (None, '', 'all'):
            self.assertEqual(['a', 'b', 'c', 'd'], self.tried(value))

    def test_one_third_of_them(self) -> None:
        self.assertEqual(['a', 'd'], self.tried('0'))
        self.assertEqual(['b'], self.tried('1'))
        self.assertEqual(['c'], self.tried('2'))

    def test_what_is_none_names_the_values(self) -> None:
        error = self.assertRaises(ValueError, self.tried, '3')

        self.assertIn('TROVE_MUTATIONS is 3: set it to', str(error))
