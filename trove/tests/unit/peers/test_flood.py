# SPDX-License-Identifier: Apache-2.0
"""A flood is written down in few rows, and all of it is counted."""

from __future__ import annotations

import fixtures

from trove.common import rpc
from trove.peers import flood
from trove.tests import base
from trove.tests.fixtures import waiting


class DamTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.written = []
        self.dam = flood.Limiter(self.write, lambda: self.now)

    def write(self, rejection, count):
        self.written.append((rejection.method, rejection.sender, count))

    def when_rejected(self, *methods, cause='seal'):
        for method in methods:
            self.dam(
                rpc.Rejection(
                    interface='conductor',
                    peer=None,
                    sender='a-guest',
                    method=method,
                    version='1.0',
                    kind='cast',
                    cause=cause,
                    reason='forged',
                    arguments={},
                )
            )

    def wait_for(self, number):
        waiting.until(
            lambda: sum(count for _, _, count in self.written) == number,
            'all are counted',
        )

    def test_a_few_are_written_at_once(self):
        names = [f'm{number}' for number in range(flood.PER_SECOND)]

        self.when_rejected(*names)

        self.assertEqual(
            [(name, 'a-guest', 1) for name in names], self.written
        )

    def test_of_one_kind_there_is_one_in_a_second_with_its_number(self):
        self.when_rejected(*['a'] * 200, 'b', 'a')
        self.wait_for(202)

        self.assertEqual(
            [('a', 'a-guest', 1), ('b', 'a-guest', 1), ('a', 'a-guest', 200)],
            self.written,
        )

    def test_of_a_guest_that_sends_too_much_all_are_one_kind(self):
        names = [f'm{number}' for number in range(9)]
        self.when_rejected(*names, cause='limit')
        self.wait_for(9)

        self.assertEqual(
            [('m0', 'a-guest', 1), ('m1', 'a-guest', 8)], self.written
        )

    def test_kinds_without_end_take_no_memory(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.peers.flood._MAX_KINDS', 3)
        )

        self.when_rejected(*(f'm{number}' for number in range(100)))
        self.wait_for(100)

        late = self.written[flood.PER_SECOND :]
        self.assertEqual(
            [(f'm{number}', 'a-guest', 1) for number in (20, 21, 22)]
            + [('*', None, 77)],
            late,
        )

    def test_in_the_next_second_there_is_room_again(self):
        self.when_rejected(*(f'm{i}' for i in range(flood.PER_SECOND)))
        self.now += 1

        self.when_rejected('b')

        self.assertEqual(('b', 'a-guest', 1), self.written[-1])
