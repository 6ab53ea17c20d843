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
            # In the forms that C has for numbers; the server takes them all.
            ('.5GB', 'kB', 524288),
            ('1.MB', 'kB', 1024),
            (' 64  MB ', 'kB', 65536),
            ('+64MB', 'kB', 65536),
            ('1e3', 'kB', 1000),
            ('1E+3MB', 'kB', 1024000),
            ('1e-3GB', 'kB', 1048.576),
            ('0x4000', 'kB', 16384),
            ('0X40MB', 'kB', 65536),
            ('0x1.8p10', 'kB', 1536),
            ('010000kB', 'kB', 4096),
            ('-0x1', 'kB', -1),
            ('029.5', 's', 29.5),
        ):
            with self.subTest(f'{text} in {unit}'):
                self.assertEqual(amount, measures.convert(text, unit))

    def test_what_is_no_amount(self) -> None:
        texts = ['', ' ', 'MB', '1 8kB', '64mb', '64MX', '5s', '1MB\n']
        texts += ['1e', '0x', '0xg', '64_000', '0b1', '0o7', '6 4MB', '- 1']
        texts += ['inf', 'nan', '1e400', '1e308TB', '0x1p9999', '64\u212ab']
        for text in texts:
            with self.subTest(text):
                self.assertIsNone(measures.convert(text, 'kB'))

    def test_what_is_offered_is_taken(self) -> None:
        for unit in 'B', 'kB', '8kB', 'MB', 'ms', 's', 'min':
            self.assertIsNotNone(
                measures.convert(measures.example(unit), unit)
            )
            for each in measures.units(unit):
                self.assertIsNotNone(measures.convert(f'1{each}', unit))
