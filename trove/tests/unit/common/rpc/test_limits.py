# SPDX-License-Identifier: Apache-2.0
"""How much one sender may say."""

from trove.common.rpc import _limits
from trove.tests import base


class LimitTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.most = 2
        self.limit = _limits.Limit(lambda: self.most, lambda: self.now)

    def taken(self, count, sender='one'):
        return [self.limit.take(sender) for _ in range(count)]

    def test_each_has_its_own(self):
        self.assertEqual([True, True, False, False], self.taken(4))
        self.assertEqual([True, True, False], self.taken(3, 'another'))

    def test_it_counts_anew_after_an_hour(self):
        self.taken(3)
        self.now += 3599
        self.assertEqual([False], self.taken(1))
        self.now += 1
        self.assertEqual([True, True, False], self.taken(3))

    def test_a_higher_one_counts_at_once(self):
        self.taken(3)
        self.most = 5
        self.assertEqual([True, True, False], self.taken(3))

    def test_only_so_many_senders_are_remembered(self):
        self.taken(3)
        for number in range(_limits._MOST_COUNTED - 1):
            self.limit.take(str(number))
        self.assertEqual([False], self.taken(1))
        # When as many others were heard since then, it is forgotten
        for number in range(_limits._MOST_COUNTED):
            self.limit.take(str(number))
        self.assertEqual([True], self.taken(1))
