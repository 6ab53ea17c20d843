# SPDX-License-Identifier: Apache-2.0
"""How a process waits for what the message broker has for it.

oslo.messaging looks after 1, 2, 4 ms, and so on up to 5 s, whether a message
is there, and sets up an error handling for each look and each message: a good
part of what a message costs. Who stops waits until the last look is over.
Here a reader sleeps until there is something to read or it is to stop, and
reads on as long as messages come. What is idle costs nothing: this holds for
the broker in memory too, which oslo.messaging would ask without a pause.
"""

from __future__ import annotations

from collections.abc import Callable
import select
from typing import Any

from oslo_messaging._drivers import impl_rabbit

from trove.common.rpc._broker import buffer
from trove.common.rpc._broker import memory
from trove.common.rpc._broker import needs

#: Seconds without a message after which oslo.messaging looks after the
#: connection; as it does by itself.
_IDLE = 5.0

#: The same, for the broker in memory.
_IDLE_IN_MEMORY = 1.0

#: Seconds for which messages that have come wait for the next one.
_SOON = 0.001


def attach(
    connection: Any,
    deliver: Callable[[], None],
    more: Callable[[], bool] = lambda: False,
) -> None:
    """Have a connection of oslo.messaging read in this way.

    Where its driver is none for RabbitMQ nothing is changed: it works as
    before.

    :param connection: of the driver
    :param deliver: called in the thread that reads, when messages may have
        come
    :param more: whether another one that is there may be read before that
    """
    if needs.met('reader') and isinstance(connection, impl_rabbit.Connection):
        _Reader(connection, deliver, more).install()


class _Reader:
    """Takes the place of kombu's way to wait for a message."""

    def __init__(
        self,
        connection: Any,
        deliver: Callable[[], None],
        more: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._broker = connection.connection
        self._stop = connection.stop_consuming
        self._drain_events = self._broker.drain_events
        self._deliver = deliver
        self._more = more
        self._waker = memory.Waker()

    def install(self) -> None:
        self._connection.stop_consuming = self._stop_consuming
        self._broker.drain_events = self._read

    def _stop_consuming(self) -> None:
        self._stop()
        self._waker.wake()

    def _read(self, timeout: float | None = None) -> None:
        """Read until it is stopped, or has to be connected anew.

        :raises TimeoutError: no message came for a while
        """
        if self._broker.connected and self._in_memory():
            self._read_memory()
            return
        # The first come while the broker is told who wants them.
        self._deliver()
        # An acknowledgement that fails tells nobody; kombu would connect by
        # itself then, and the broker not know who wants messages.
        while self._broker.connected and self._wait():
            with buffer.together(self._transport()):
                self._take_some(timeout)
            self._deliver()

    def _take_some(self, timeout: float | None) -> None:
        self._drain_events(timeout=timeout)
        # To hand on each by itself makes the threads wait for each other.
        while self._more() and self._is_there():
            try:
                self._drain_events(timeout=_SOON)
            except TimeoutError:
                # Part of a message: those before it do not wait for it.
                break

    def _read_memory(self) -> None:
        """Do the same with kombu's broker in memory, which has no socket.

        :raises TimeoutError: no message came for a while
        """
        self._waker.watch()
        # What was there before.
        self._waker.wake()
        while self._wait():
            self._waker.clear()
            self._take_all()

    def _take_all(self) -> None:
        while not self._connection._consume_loop_stopped:
            try:
                self._drain_events(timeout=0)
            except TimeoutError:
                return
            finally:
                self._deliver()

    def _in_memory(self) -> bool:
        return isinstance(self._broker.transport, memory.Transport)

    def _socket(self) -> Any:
        # Each time, for it is another one after the connection was lost.
        return getattr(self._broker.connection, 'sock', None)

    def _transport(self) -> Any:
        # That of the broker in memory has none.
        return getattr(self._broker.connection, 'transport', None)

    def _is_there(self) -> bool:
        if not self._broker.connected:
            return False
        sock = self._socket()
        return sock is not None and self._poll(sock, 0)

    def _wait(self) -> bool:
        """Wait for something to read.

        :returns: False where it is stopped
        :raises TimeoutError: nothing came for a while
        """
        sock = self._socket()
        if sock is None and not self._in_memory():
            # What cannot be waited for is left to what reads.
            return not self._connection._consume_loop_stopped
        # In memory nothing can be lost, and oslo.messaging looks too often.
        idle = (
            _IDLE_IN_MEMORY
            if sock is None
            else min(_IDLE, self._connection._poll_timeout)
        )
        come = self._poll(sock, idle)
        if self._connection._consume_loop_stopped:
            return False
        if not come:
            raise TimeoutError
        return True

    def _poll(self, sock: Any, seconds: float) -> bool:
        poll = select.poll()
        if sock is not None:
            if buffer.has_frame(self._broker.connection.transport):
                return True
            # TLS may have read more than was asked for.
            if getattr(sock, 'pending', int)():
                return True
            poll.register(sock, select.POLLIN)
        poll.register(self._waker, select.POLLIN)
        return bool(poll.poll(1000 * seconds))
