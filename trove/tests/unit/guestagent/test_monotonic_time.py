# SPDX-License-Identifier: Apache-2.0
"""What a guest says later bears a later time."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent import monotonic_time
from trove.tests import base


class MonotonicTimeTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.wall, self.passed = 1_000_000.0, 50.0
        self.file = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'x')
        self.time_sent = self.start()

    def start(self) -> monotonic_time.MonotonicTime:
        return monotonic_time.MonotonicTime(
            self.file, lambda: self.wall, lambda: self.passed
        )

    def test_it_goes_on_evenly_when_the_clock_is_set(self) -> None:
        self.assertEqual(1_000_000.0, self.time_sent())
        for number, step in enumerate((-3600.0, 3600.0), 1):
            self.wall += step
            self.passed += 10

            self.assertEqual(1_000_000.0 + 10 * number, self.time_sent())

    def test_the_next_process_goes_on_from_it(self) -> None:
        before = [self.time_sent()]
        for _ in range(20):
            self.passed += 10
            before.append(self.time_sent())
        self.wall -= 3600

        after = self.start()()

        self.assertGreater(after, max(before))
        self.assertLessEqual(after, max(before) + 1)

    def test_the_clock_of_the_machine_is_followed_forward(self) -> None:
        self.time_sent()
        self.wall += 3600

        self.assertEqual(self.wall, self.start()())

    def test_a_file_that_makes_no_sense(self) -> None:
        for text in '', '[]', '{"until": "x"}', '{"until": NaN}', '{':
            self.file.write_text(text)

            self.assertEqual(self.wall, self.start()())

        self.assertIn('Could not read', self.logs.output)

    def test_a_directory_that_cannot_be_written_to(self) -> None:
        self.file = pathlib.Path('/proc/nowhere/x')

        self.assertEqual(self.wall, self.start()())

        self.assertIn('Could not write', self.logs.output)
