# SPDX-License-Identifier: Apache-2.0
"""Peers whose time is over are looked up together."""

from __future__ import annotations

from trove.common import exception
from trove.common import rpc
from trove.common.rpc._caps import caps as rpc_caps
from trove.common.rpc._caps import memory
from trove.tests import base
from trove.tests.unit.common.rpc import sample

INTERFACE = sample.API.interface
COUNT = 2 * memory.TOGETHER + 50


class TogetherTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(refresh_interval=10, group='upgrade_levels')
        self.now = 0.0
        self.stored = {f'x{number}': '1.1' for number in range(COUNT)}
        self.looked_up = []
        self.probed = []
        self.happens = lambda: None
        self.caps = rpc_caps.Caps(
            self.conf,
            {'guestagent': rpc.Together(self.one, self.several)},
            {'guestagent': lambda peer, revision: None},
            self.probe,
            clock=lambda: self.now,
        )
        self.assert_caps('1.1')
        self.looked_up.clear()

    def one(self, peer):
        self.looked_up.append([peer])
        return self.stored.get(peer)

    def several(self, peers):
        self.looked_up.append(list(peers))
        read = {p: self.stored[p] for p in peers if p in self.stored}
        self.happens()
        return read

    def probe(self, interface, peer):
        self.probed.append(peer)

    def cap(self, peer):
        return str(self.caps.get(INTERFACE, peer))

    def assert_caps(self, text, peers=None):
        for peer in peers or self.stored:
            self.assertEqual(text, self.cap(peer), peer)

    def given_all_upgraded(self):
        self.stored = dict.fromkeys(self.stored, '1.2')
        self.now += 10.5

    def test_it_takes_a_few_look_ups(self):
        self.given_all_upgraded()

        self.assert_caps('1.2')

        self.assertEqual(3, len(self.looked_up))
        self.assertEqual(COUNT, len(set(sum(self.looked_up, []))))
        # And none more, for they are known as long as ever.
        self.now += 9.9
        self.assert_caps('1.2')
        self.assertEqual(3, len(self.looked_up))

    def test_those_whose_time_is_nearly_over_come_along(self):
        self.now = 9.0
        self.cap('late')
        self.looked_up.clear()

        self.now = 10.5
        self.cap('x0')
        self.assertNotIn('late', self.looked_up[0])

        self.now = 19.5
        self.stored['late'] = '1.1'
        self.cap('late')
        self.assertIn('x0', self.looked_up[-1])

    def test_who_is_not_asked_for_is_not_looked_up_for_ever(self):
        for _ in range(4):
            self.now += 10.5
            self.cap('x0')

        names = sum(self.looked_up, [])
        self.assertEqual(4, names.count('x0'))
        self.assertEqual(1, names.count('x1'))

    def test_a_database_that_is_away_is_asked_once_and_told_once(self):
        def away():
            raise exception.ServiceUnavailable(what='The database')

        self.given_all_upgraded()
        self.happens = away
        few = [f'x{number}' for number in range(10)]

        self.assert_caps('1.1', few)
        self.assertEqual(1, len(self.looked_up))
        self.now += 1.1
        self.assert_caps('1.1', few)
        self.assertEqual(2, len(self.looked_up))
        self.assertEqual(1, self.logs.output.count('Could not determine'))

        self.happens = lambda: None
        self.now += 1.1
        self.assert_caps('1.2')

    def test_what_was_forgotten_meanwhile_is_looked_up_anew(self):
        self.given_all_upgraded()

        def rolled_back():
            self.happens = lambda: None
            self.stored['x0'] = self.stored['x1'] = '1.0'
            self.caps.forget('guestagent', 'x0')
            self.caps.forget('guestagent', 'x1')

        self.happens = rolled_back

        self.assert_caps('1.0', ['x0', 'x1'])
        self.assertEqual('1.2', self.cap('x2'))

    def test_who_is_not_known_any_more_is_asked(self):
        self.given_all_upgraded()
        del self.stored['x1']

        self.cap('x0')
        self.assertEqual([], self.probed)
        self.cap('x1')

        self.assertEqual(['x1'], self.probed)

    def test_many_who_are_not_known_any_more_are_looked_up_once_more(self):
        """As after a roll-back of many to a release that says nothing."""
        self.given_all_upgraded()
        peers, self.stored = list(self.stored), {}

        for peer in peers:
            self.cap(peer)

        together = [each for each in self.looked_up if len(each) > 1]
        self.assertEqual(3, len(together))
        self.assertEqual(peers, self.probed)

    def test_others_do_not_wait(self):
        self.given_all_upgraded()
        seen = []
        self.happens = lambda: seen.append(self.cap('x1'))

        self.cap('x0')

        self.assertEqual(['1.1'], seen)
        self.assertEqual('1.2', self.cap('x1'))
