# SPDX-License-Identifier: Apache-2.0
"""What a report says of its findings, whatever the format."""

from __future__ import annotations

from tests.reports import base


class TestReport(base.TestCase):
    def test_in_the_order_of_places(self) -> None:
        report = self.everything()

        self.assertEqual(
            (base.UNREAD, base.NO_CHANGE, base.RENAMED, base.REMOVED),
            report.open,
        )
        self.assertEqual((base.BORNE,), report.suppressed)

    def test_counts(self) -> None:
        self.assertEqual(
            {'error': 2, 'warning': 1, 'note': 1, 'suppressed': 1},
            self.everything().counts,
        )

    def test_verdict(self) -> None:
        for passed, *found in (
            (True,),
            (True, base.UNREAD, base.BORNE),
            (False, base.NO_CHANGE),
            (False, base.REMOVED, base.BORNE),
        ):
            with self.subTest([each.rule for each in found]):
                self.assertEqual(passed, self.report(*found).passed)
