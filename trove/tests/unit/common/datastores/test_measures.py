# SPDX-License-Identifier: Apache-2.0
"""Amounts with a unit."""

from __future__ import annotations

from trove.common.datastores import measures
from trove.tests import base


class ConvertTest(base.TestCase):
    def test_amounts_are_in_the_base_unit(self) -> None:
        for text, unit, amount in (
            ('64MB', '8kB', 8192),
            ('64 MB', 'kB', 65536),
            ('1.5GB', 'MB', 1536),
            ('-1', 'kB', -1),
            ('7', '8kB', 7),
            ('2min', 's', 120),
            ('1d', 'ms', 86400000),
            ('500us', 'ms', 0.5),
        ):
            with self.subTest(f'{text} in {unit}'):
                self.assertEqual(amount, measures.convert(text, unit))

    def test_what_is_no_amount(self) -> None:
        for text in '', 'MB', '1 8kB', '1e3', '64mb', '64MX', '5s', '1MB\n':
            with self.subTest(text):
                self.assertIsNone(measures.convert(text, 'kB'))

    def test_what_is_offered_is_taken(self) -> None:
        for unit in 'B', 'kB', '8kB', 'MB', 'ms', 's', 'min':
            self.assertIsNotNone(
                measures.convert(measures.example(unit), unit)
            )
            for each in measures.units(unit):
                self.assertIsNotNone(measures.convert(f'1{each}', unit))
