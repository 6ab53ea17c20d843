# SPDX-License-Identifier: Apache-2.0
"""How a process waits for messages of the broker in memory."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import fixtures
from kombu.transport import memory

from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class ReadingTest(base.MessageTestCase):
    waits = 20

    def idle(self, seconds: float) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.rpc._broker.reader._IDLE_IN_MEMORY', seconds
            )
        )

    def watch(self, owner: Any, name: str) -> list[int]:
        """Note down each call of a method."""
        method, calls = getattr(owner, name), []

        def noted(*args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            return method(*args, **kwargs)

        self.useFixture(fixtures.MockPatchObject(owner, name, noted))
        return calls

    def test_who_waits_does_not_look_all_the_while(self) -> None:
        # Not above, for it imports oslo.service: see trove/common/service.py.
        impl_rabbit = importlib.import_module(
            'oslo_messaging._drivers.impl_rabbit'
        )
        # Given a client and a server that nobody says anything to,
        self.idle(0.05)
        self.serve().paint(self.context, 'cup')
        waits = self.watch(impl_rabbit.Connection, 'consume')
        looks = self.watch(memory.Channel, '_get')

        # when they have waited again and again,
        waiting.until(
            lambda: len(waits) >= self.waits, 'they have waited in vain'
        )

        # then they have looked once for each time, and not all the while.
        self.assertLess(len(looks), 25 * self.waits)

    def test_a_message_wakes_who_waits(self) -> None:
        self.idle(3600.0)
        api = self.serve()

        for number in range(self.waits):
            api.paint(self.context, str(number))

        self.assertEqual(self.waits, len(self.manager.received))

    def test_it_is_carried_out_by_a_thread_of_ours(self) -> None:
        # Those of futurist wake every second, all the time.
        names = []

        class Manager(sample.Manager):
            def scrape(self, context: Any) -> str:
                names.append(threading.current_thread().name)
                return 'smooth'

        self.serve(manager=Manager()).scrape(self.context)

        self.assertTrue(names[0].startswith('rpc_'), names)

    def test_who_waits_is_stopped_at_once(self) -> None:
        # Given a client and a server that sleep until something comes,
        self.idle(3600.0)
        transport = self.memory_transport()
        server = transport.server(self.manager, host='here', peer=self.id())
        server.start()

        # when they are stopped, then they end.
        for stop in server.stop, server.wait, transport.close:
            thread = threading.Thread(target=stop, daemon=True)
            thread.start()
            waiting.until(
                lambda thread=thread: not thread.is_alive(),
                f'{stop.__qualname__} is done',
            )
