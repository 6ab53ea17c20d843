# SPDX-License-Identifier: Apache-2.0
"""Long waits, on a clock that the test sets."""

from __future__ import annotations

from trove.common import patience
from trove.tests import base


class TestPatience(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.wait = patience.Patience(1800, lambda: self.now)

    def test_a_wait_of_half_an_hour_has_five_lines(self):
        while not self.wait.is_over:
            self.wait.tell('Instance i1: create_instance: wait')
            self.now += 1

        lines = self.logs.output.splitlines()
        self.assertEqual(5, len(lines))
        self.assertEqual(
            'Instance i1: create_instance: wait: waiting for 960 of at most '
            '1800 seconds.',
            lines[-1],
        )

    def test_looks_become_rarer_and_end_with_the_timeout(self):
        pauses = []
        for self.now in 1000.0, 1400.0, 2600.0, 2799.5:
            pauses.append(self.wait.pause(0.5, interval=1))

        self.assertEqual([1, 10, 25, 0.5], pauses)
