# SPDX-License-Identifier: Apache-2.0
"""A message broker within the process, below oslo.messaging.

It is kombu's transport ``memory``, which is not made for many listeners: each
of them looks for messages all the time. Here a listener sleeps until there
is one. To use it, give oslo.messaging :data:`URL`.
"""

from __future__ import annotations

import collections
import queue as queues
import threading
import time
from typing import Any

from kombu import transport as transports
from kombu.transport import memory
from kombu.transport import virtual

URL = 'kombu+trove-rehearsal:///'

#: Seconds between two checks of a listener whether it should stop.
_POLL_INTERVAL = 0.05


class Channel(memory.Channel):
    """One of kombu's, that wakes those who wait for a message."""

    queues: dict[str, Any] = {}
    listeners: dict[str, set[Any]] = collections.defaultdict(set)

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> None:
        consume: Any = super().basic_consume
        consume(queue, *args, **kwargs)
        self.listeners[queue].add(self.connection)

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        put: Any = super()._put
        put(queue, message, **kwargs)
        for listener in tuple(self.listeners[queue]):
            listener.arrived.set()


class Transport(memory.Transport):
    """One of kombu's, without its loop."""

    Channel = Channel
    global_state: Any = virtual.BrokerState()  # type: ignore[no-untyped-call]

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        self.arrived = threading.Event()

    def drain_events(
        self, connection: Any, timeout: float | None = None, **_: Any
    ) -> None:
        """Handle one message, or raise ``TimeoutError``."""
        end = time.monotonic() + (
            _POLL_INTERVAL if timeout is None else timeout
        )
        cycle: Any = self.cycle
        while True:
            self.arrived.clear()
            try:
                cycle.get(self._deliver, timeout=timeout)
                return
            except queues.Empty:
                left = min(end - time.monotonic(), _POLL_INTERVAL)
            if left <= 0 or not self.arrived.wait(left):
                raise TimeoutError


def forget(prefix: str) -> None:
    """Drop the queues whose names begin so, with what is in them."""
    state = Transport.global_state
    for name in [n for n in Channel.queues if n.startswith(prefix)]:
        Channel.queues.pop(name, None)
        Channel.listeners.pop(name, None)
        state.queue_bindings_delete(name)


transports.TRANSPORT_ALIASES['trove-rehearsal'] = f'{__name__}:Transport'
