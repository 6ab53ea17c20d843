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
