# SPDX-License-Identifier: Apache-2.0
"""How much a process keeps for each peer that it knows."""

from __future__ import annotations

import gc
import itertools
import tracemalloc

from trove.common import rpc
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
