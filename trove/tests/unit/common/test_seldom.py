# SPDX-License-Identifier: Apache-2.0
"""What comes again and again is told of once an hour, with its number."""

from __future__ import annotations

import logging

import fixtures

from trove.common import seldom
from trove.tests import base

LOG = logging.getLogger(__name__)


class SeldomTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.seldom = seldom.Seldom(lambda: self.now)
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.seldom._seldom', self.seldom)
        )

    def test_each_kind_once_an_hour(self):
        due = self.seldom.due
        self.assertEqual(
            [0, None, 0, None], [due('a'), due('a'), due('b'), due('a', 5)]
        )
        self.now += seldom.WINDOW - 1
        self.assertIsNone(due('a'))
        self.now += 1

        self.assertEqual([7, None], [due('a'), due('a')])

    def test_kinds_without_end_count_as_one(self):
        self.useFixture(fixtures.MonkeyPatch('trove.common.seldom._MOST', 3))

        due = [self.seldom.due(kind) for kind in [*range(100), 0]]

        self.assertEqual([0] * 4 + [None] * 97, due)
        self.assertEqual(4, len(self.seldom._told))
        # And: who is quiet for long makes room.
        self.now += 2 * seldom.WINDOW
        self.assertEqual([0] * 3, [self.seldom.due(n) for n in range(3)])

    def test_of_each_peer_and_cause_there_is_a_line(self):
        for who in 'one', 'other', 'one':
            for text in 'the clock of %s is wrong.', 'nobody knows %s.':
                seldom.warning(LOG, who, text, who)

        self.assertEqual(4, len(self.logs.output.splitlines()))
        self.assertIn('nobody knows other.', self.logs.output)

    def test_the_next_line_says_how_many_were_left_out(self):
        for _ in range(10):
            seldom.warning(LOG, 'one', '%s is old.', 'one')
        self.now += seldom.WINDOW

        seldom.warning(LOG, 'one', '%s is old.', 'one')

        first, second = self.logs.output.splitlines()
        self.assertEqual('one is old.', first)
        self.assertIn(
            'one is old. (9 such lines were suppressed since', second
        )
