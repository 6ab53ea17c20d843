# SPDX-License-Identifier: Apache-2.0
"""How much one sender may cause."""

from __future__ import annotations

import threading

import fixtures

from trove.common.rpc import _limits
from trove.tests import base

ONE = _limits.Payer('one', True)
OTHER = _limits.Payer('other', True)


class BudgetTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.most = 8
        self.budget = _limits.Budget(
            lambda: self.most, ('beat',), lambda: self.now
        )

    def taken(self, count, payer=ONE, method='report', size=0):
        """How many of so many messages are taken."""
        return sum(
            self.budget.take(payer, method, size) for _ in range(count)
        )

    def test_each_has_its_own(self):
        self.assertEqual(6, self.taken(10))
        self.assertEqual(6, self.taken(10, OTHER))

    def test_who_reports_too_much_is_still_heard_to_live(self):
        self.taken(100)
        self.assertEqual(2, self.taken(10, method='beat'))

    def test_who_beats_too_much_can_still_report(self):
        self.assertEqual(2, self.taken(100, method='beat'))
        self.assertEqual(6, self.taken(10))

    def test_it_comes_back_bit_by_bit(self):
        self.taken(100)
        self.now += 10
        self.assertEqual(1, self.taken(10))
        self.now += 3600
        self.assertEqual(6, self.taken(10))

    def test_a_higher_one_counts_for_what_comes_back(self):
        self.taken(100)
        self.most = 80
        self.now += 60
        self.assertEqual(60, self.taken(100))

    def test_large_ones_cost_more(self):
        self.assertEqual(2, self.taken(10, size=3 * 16_384))
        # and what is larger than all of it is taken, and made up for.
        self.assertEqual(1, self.taken(10, OTHER, size=12 * 16_384))
        self.now += 60
        self.assertEqual(0, self.taken(10, OTHER))
        self.now += 30
        self.assertEqual(1, self.taken(1, OTHER))

    def test_who_only_claims_to_be_somebody_uses_up_nothing_of_his(self):
        self.assertEqual(6, self.taken(100, _limits.Payer('one', False)))
        self.assertEqual(6, self.taken(10))

    def test_what_was_sent_before_uses_up_nothing_of_what_is_sent_now(self):
        self.assertEqual(6, self.taken(100, _limits.Payer('one', True, True)))
        self.assertEqual(6, self.taken(10))

    def test_a_flood_of_names_gives_nobody_a_new_account(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.rpc._limits._MOST_ACCOUNTS', 10)
        )
        # Given one who has sent too much
        self.taken(100)
        # When more come than can be remembered
        names = [_limits.Payer(str(number), True) for number in range(50)]
        taken = sum(self.taken(1, name) for name in names)
        # Then nine have their own, and the others share one,
        self.assertEqual(9 + 6, taken)
        # nothing is forgotten,
        self.assertEqual(0, self.taken(1))
        # and whoever was quiet makes room.
        self.now += 60
        self.assertEqual(9, sum(self.taken(1, name) for name in names[20:29]))


class TurnTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.budget = _limits.Budget(lambda: 100)
        for _ in range(_limits.AT_ONCE):
            self.assertEqual('now', self.budget.enter(ONE))
        self.done = []

    def enter(self, name):
        return self.budget.enter(ONE, lambda _: self.done.append(name))

    def test_one_sender_gets_a_few_threads_only(self):
        self.assertEqual('refused', self.budget.enter(ONE))
        self.assertEqual('now', self.budget.enter(OTHER))

    def test_others_wait_in_no_thread_and_are_done_in_their_order(self):
        """Given six that take long and a hundred, all others were stopped."""
        for number in range(100):
            self.assertEqual('later', self.enter(number))
        self.assertEqual([], self.done)

        self.budget.leave(ONE)

        self.assertEqual(list(range(100)), self.done)
        self.assertEqual('now', self.budget.enter(ONE))

    def test_who_waits_for_an_answer_does_not_wait_for_them(self):
        done = threading.Event()
        waiting = threading.Event()
        self.budget.enter(ONE, lambda _: done.wait(60) and waiting.set())

        self.budget.leave(ONE, answered=True)

        self.assertFalse(waiting.is_set())
        done.set()
        self.assertTrue(waiting.wait(60))

    def test_what_waits_is_given_up_when_the_time_is_over(self):
        for _ in range(3):
            self.budget.enter(ONE, self.done.append)

        self.budget.give_up()
        self.budget.leave(ONE)

        self.assertEqual([True, True, True], self.done)

    def test_only_so_many_wait(self):
        for number in range(_limits.MOST_WAITING):
            self.assertEqual('later', self.enter(number))

        self.assertEqual('refused', self.enter('one more'))

    def test_nothing_is_kept_of_who_is_done(self):
        self.enter('x')
        for _ in range(_limits.AT_ONCE):
            self.budget.leave(ONE)

        self.assertEqual(['x'], self.done)
        self.assertEqual({}, self.budget._working)
        self.assertEqual({}, self.budget._waiting)
