# SPDX-License-Identifier: Apache-2.0
"""Who watches a clock tells once when it is set."""

import multiprocessing

from trove.common import clocks
from trove.tests import base

HOUR = 3600.0


class Clock:
    """A clock that is set, and one that goes on evenly."""

    def __init__(self):
        self.passed = 100.0
        self.ahead = 1_795_000_000.0
        #: Seconds that it takes to read the first.
        self.slow = 0.0

    def read(self):
        now = self.passed + self.ahead
        self.passed += self.slow
        return now


class WatchTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock()
        self.watch = clocks.Watch(
            'the database',
            self.clock.read,
            lambda: self.clock.passed,
            shared=True,
        )

    def look(self, seconds=clocks.INTERVAL):
        self.clock.passed += seconds
        self.watch.look()

    def test_each_step_is_told_once(self):
        self.look()
        self.assertEqual('', self.logs.output)
        for step, words in (
            (HOUR, 'the database was set forward by 3600 seconds'),
            (-2 * HOUR, 'the database was set back by 7200 seconds'),
        ):
            self.clock.ahead += step
            for _ in range(5):
                self.look()
            self.assertEqual(1, self.logs.output.count(words))
        self.assertEqual(2, self.logs.output.count('was set'))

    def test_what_a_time_service_corrects_is_not_told(self):
        self.look()
        for _ in range(9):
            self.clock.ahead += 1
            self.look(seconds=HOUR)

        self.assertEqual('', self.logs.output)

    def test_nothing_follows_from_an_answer_that_comes_late(self):
        self.look()
        self.clock.slow = 60.0
        self.look()
        self.clock.slow = 0.0
        self.look()

        self.assertEqual('', self.logs.output)

    def test_of_several_processes_one_tells(self):
        self.look()
        self.clock.ahead += HOUR
        context = multiprocessing.get_context('fork')
        others = [context.Process(target=self.watch.look) for _ in range(2)]
        for each in others:
            each.start()
        for each in others:
            each.join(30)
        self.look()

        # It was one of the others.
        self.assertEqual('', self.logs.output)
