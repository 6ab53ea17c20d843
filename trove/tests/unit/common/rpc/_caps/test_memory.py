# SPDX-License-Identifier: Apache-2.0
"""How much a process keeps for each peer that it knows."""

from __future__ import annotations

import gc
import itertools
import tracemalloc

import fixtures

from trove.common import rpc
from trove.common.rpc import _plan
from trove.common.rpc._caps import memory
from trove.tests import base as tests_base
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample

PEERS = 1000

#: About twice what one takes: the benchmark of fleets tells it exactly.
MOST_BYTES = 800


class RememberedMemoryTest(base.MessageTestCase):
    def test_a_peer_takes_little(self) -> None:
        # Given peers that announce themselves or were asked, whose answers
        # come out of a database, each as a text of its own,
        turns = itertools.cycle(('1.0', '1.0/hasty', '1.2', '1.10'))

        def announced(peer: str | None) -> str:
            text = ''.join(list(next(turns)))
            return text if text == '1.10' else rpc.Probed(text, 1.0)

        transport = self.memory_transport(discover={'guestagent': announced})

        def look(first: int) -> None:
            for number in range(first, first + PEERS):
                str(sample.API(transport, f'{number:036}').cap)

        look(0)

        # when as many again are looked up,
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        look(PEERS)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()

        # then little is kept for each.
        self.assertLess((after - before) / PEERS, MOST_BYTES)


class RememberedTest(tests_base.TestCase):
    """Given what is known of peers, as of now."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 100.0
        self.remembered = memory.Remembered(lambda: self.now)

    def put(
        self, name: str, peer: str, until: float = 99.0, used: bool = True
    ) -> memory.Key:
        revision = sample.API.interface.latest
        which = name, 1, peer
        self.remembered.put(
            which,
            memory.Known(
                _plan.cap(revision, revision, True), until, None, used=used
            ),
        )
        return which

    def known(self) -> set[str]:
        """Return the peers that are known, of those that there are."""
        return {
            peer
            for name, peer in itertools.product(('a', 'b'), '123456')
            if self.remembered.get((name, 1, peer)) is not None
        }

    def test_one_peer_is_forgotten(self) -> None:
        self.put('a', '1')
        self.put('a', '2')

        self.remembered.forget('a', '1')

        self.assertEqual({'2'}, self.known())
        self.assertEqual(1, self.remembered.forgotten)

    def test_one_interface_is_forgotten(self) -> None:
        self.put('a', '1')
        self.put('b', '2')

        self.remembered.forget('a', None)

        self.assertEqual({'2'}, self.known())

    def test_it_has_an_end(self) -> None:
        self.useFixture(fixtures.MockPatchObject(memory, '_MOST', 3))
        for peer in '1233':
            self.put('a', peer)
        self.assertEqual({'1', '2', '3'}, self.known())

        self.put('a', '4')

        self.assertEqual({'4'}, self.known())

    def test_those_whose_time_is_over_are_looked_up_together(self) -> None:
        first, soon = self.put('a', '1'), self.put('a', '2', until=104.0)
        self.put('a', '3', until=106.0)
        self.put('a', '4', used=False)
        self.put('b', '5')

        claimed = self.remembered.claim(first, early=5.0)

        self.assertEqual({first, soon}, set(claimed))
        self.put('a', '6')
        # What is known of them goes on to count, and nobody else claims them.
        self.assertEqual({}, self.remembered.claim(first, early=5.0))

    def test_who_is_alone_is_not(self) -> None:
        first = self.put('a', '1')

        self.assertEqual({}, self.remembered.claim(first, early=5.0))

    def test_not_all_are_looked_up_at_once(self) -> None:
        self.useFixture(fixtures.MockPatchObject(memory, 'TOGETHER', 2))
        first, *_ = [self.put('a', peer) for peer in '123']

        self.assertEqual(2, len(self.remembered.claim(first, early=5.0)))
