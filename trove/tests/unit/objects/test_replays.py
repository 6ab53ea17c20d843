# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

from trove.objects import replays
from trove.tests.unit.objects import base

ONE, OTHER = 'a' * 64, 'b' * 64


class TestReplays(base.TestCase):
    def test_the_second_time_is_not_the_first(self):
        soon = time.time() + 60

        self.assertTrue(replays.first(ONE, soon))

        self.assertFalse(replays.first(ONE, soon))
        self.assertFalse(replays.first(ONE, soon + 1))
        self.assertTrue(replays.first(OTHER, soon))

    def test_of_many_at_once_one_is_the_first(self):
        soon = time.time() + 60

        got = base.at_once(*[lambda: replays.first(ONE, soon)] * 4)

        self.assertEqual([False, False, False, True], sorted(got))

    def test_who_asks_again_gets_the_same_answer(self):
        soon = time.time() + 60

        self.assertTrue(replays.first(ONE, soon, 'mine'))
        self.assertTrue(replays.first(ONE, soon, 'mine'))
        self.assertFalse(replays.first(ONE, soon, 'of another'))
        self.assertFalse(replays.first(ONE, soon))

    def test_what_has_expired_is_forgotten_and_the_rest_is_not(self):
        now = time.time()
        replays.first(ONE, now - 2)
        replays.first(OTHER, now + 60)

        self.assertEqual(1, replays.purge())

        self.assertTrue(replays.first(ONE, now + 60))
        self.assertFalse(replays.first(OTHER, now + 60))
        self.assertEqual(2, replays.purge(now + 62))
