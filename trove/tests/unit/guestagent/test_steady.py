# SPDX-License-Identifier: Apache-2.0
"""What a guest says later bears a later time."""

from __future__ import annotations

from trove.guestagent import steady
from trove.tests import base


class SteadyTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.wall, self.passed = 1_000_000.0, 50.0
        self.time_sent = steady.Steady(
            lambda: self.wall, lambda: self.passed
        )

    def test_it_goes_on_evenly_when_the_clock_is_set(self) -> None:
        self.assertEqual(1_000_000.0, self.time_sent())
        for number, step in enumerate((-3600.0, 3600.0), 1):
            self.wall += step
            self.passed += 10

            self.assertEqual(1_000_000.0 + 10 * number, self.time_sent())
