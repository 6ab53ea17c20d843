# SPDX-License-Identifier: Apache-2.0
"""How much one sender may cause."""

from __future__ import annotations

from concurrent import futures

import fixtures

from trove.common.rpc import _budget
from trove.tests import base

ONE = _budget.Payer('one', True)
OTHER = _budget.Payer('other', True)


class BudgetTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.most = 8
        self.budget = _budget.Budget(
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
        self.assertEqual(6, self.taken(100, _budget.Payer('one', False)))
        self.assertEqual(6, self.taken(10))

    def test_a_flood_of_names_gives_nobody_a_new_account(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.rpc._budget._MOST', 10)
        )
        # Given one who has sent too much
        self.taken(100)
        # When more come than can be remembered
        names = [_budget.Payer(str(number), True) for number in range(50)]
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
        self.budget = _budget.Budget(lambda: 100)
        for _ in range(_budget.AT_ONCE):
            self.assertTrue(self.budget.enter(ONE, waits=False))

    def test_one_sender_gets_a_few_threads_only(self):
        self.assertFalse(self.budget.enter(ONE, waits=False))
        self.assertTrue(self.budget.enter(OTHER, waits=False))

    def test_the_next_one_waits_until_one_is_done(self):
        with futures.ThreadPoolExecutor(1) as threads:
            waits = threads.submit(self.budget.enter, ONE, waits=True)
            self.assertFalse(self.budget.enter(ONE, waits=False))
            self.budget.leave(ONE)
            self.assertTrue(waits.result(60))

    def test_nothing_is_kept_of_who_is_done(self):
        for _ in range(_budget.AT_ONCE):
            self.budget.leave(ONE)

        self.assertEqual({}, self.budget._working)

    def test_it_does_not_wait_for_ever(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.rpc._budget._PATIENCE', 0.01)
        )

        self.assertFalse(self.budget.enter(ONE, waits=True))
