# SPDX-License-Identifier: Apache-2.0
"""Pages of lists."""

from __future__ import annotations

from trove.guestagent.datastores import pages
from trove.tests import base


class PageTest(base.TestCase):
    def test_one_row_too_many_is_a_next_page(self) -> None:
        rows = [('a',), ('b',), ('c',)]
        self.assertEqual((rows, None), pages.cut(rows, None))
        self.assertEqual((rows, None), pages.cut(rows, 3))
        self.assertEqual((rows[:2], 'b'), pages.cut(rows, 2))
        self.assertEqual(([], None), pages.cut(rows, 0))

    def test_the_marker_is_of_the_last_row(self) -> None:
        rows = [('a', 'x'), ('b', 'y'), ('c', 'z')]
        self.assertEqual(
            (rows[:2], 'b@y'), pages.cut(rows, 2, marker='@'.join)
        )
