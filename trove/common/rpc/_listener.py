# SPDX-License-Identifier: Apache-2.0
"""Servers that can be stopped even when there is no message broker."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
from typing import Any

import oslo_messaging

from trove.common.rpc import _dispatch
from trove.common.rpc import _reading

LOG = logging.getLogger(__name__)

#: Seconds for which a start waits for the broker.
_PATIENCE = 5.0

#: Who says in oslo.messaging that a message was thrown away, and how.
_DRIVER = 'oslo.messaging._drivers.impl_rabbit'
_SKIPPED = 'Failed to process message'

#: Seconds after which a server that is stuck takes one message more: where
#: it reads nothing for heartbeat_timeout_threshold (60 s), the broker closes
#: the connection and gives to others what this one goes on to carry out.
_BREATH = 10.0

#: Messages that are read before they are handed on, when they are there.
_TOGETHER = 16

_Plain: Any = oslo_messaging.rpc.server.RPCServer


class Listener:
    """An ``oslo_messaging.RPCServer`` that starts in the background.

    By itself it tries for ever to reach a broker that is away, and nothing
    could end the process meanwhile.

    :param unreadable: told of messages that are none, with the name of the
        class of the exception
    """

    def __init__(
        self,
        server: _Bounded,
        unreadable: Callable[[str], None],
    ) -> None:
        self._server = server
        self._skipped = _Skipped(unreadable)
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._listens = False
        self._stopped = False
        self._late = False
        self._error: Exception | None = None

    def start(self) -> None:
        """Listen: at once, or as soon as the broker can be reached.

        :raises Exception: of the transport's driver, when it cannot be tried
        """
        logging.getLogger(_DRIVER).addHandler(self._skipped)
        threading.Thread(
            target=self._start, name='rpc-start', daemon=True
        ).start()
        if not self._settled.wait(_PATIENCE):
            self._late = True
            LOG.warning(
                'The message broker cannot be reached yet. Check that it '
                'runs and that transport_url is right; messages are taken as '
                'soon as it is there.'
            )
        elif self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Take no more messages."""
        logging.getLogger(_DRIVER).removeHandler(self._skipped)
        with self._lock:
            self._stopped = True
            if not self._listens:
                return
        self._server.end()

    def wait(self) -> None:
        """Return when the messages that were begun are finished."""
        with self._lock:
            if not self._listens:
                return
        self._server.wait()

    def _start(self) -> None:
        try:
            self._server.start()
        except Exception as error:
            self._error = error
            if self._late:
                LOG.exception('Cannot take messages. Restart the service.')
        else:
            with self._lock:
                self._listens = not self._stopped
            if self._stopped:
                self._server.end()
                self._server.wait()
        finally:
            self._settled.set()


class _Skipped(logging.Handler):
    """Notices messages that oslo.messaging itself cannot read.

    It throws them away before anybody is asked, and tells only the log.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(_SKIPPED):
            error = record.exc_info[0] if record.exc_info else None
            self._tell(error.__name__ if error else 'unknown')


class _Bounded(_Plain):  # type: ignore[misc]
    """Takes no more messages than it can begin with before long.

    oslo.messaging acknowledges a message when it comes in and puts it into a
    list without an end, so what it asks the broker to send at once (QoS) is
    a limit of nothing.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._room = threading.Condition()
        self._most: int = self.conf.executor_thread_pool_size
        self._waiting = 0
        self._ending = False

    def end(self) -> None:
        """Take no more; what was taken is done, the broker has the rest."""
        with self._room:
            self._ending = True
            self._room.notify_all()
        self.stop()
        # To close a connection reads what is on its way here, which would be
        # acknowledged and forgotten. None are left where it is closed already.
        for consumer in getattr(_held(self.listener), '_consumers', ()):
            consumer.callback = _leave

    def _create_listener(self) -> Any:
        listener = super()._create_listener()
        reader = getattr(listener, '_poll_style_listener', None)
        came = getattr(reader, 'incoming', [])

        def deliver() -> None:
            while came:
                self._on_incoming([came.pop(0)])

        def more() -> bool:
            read = len(came)
            return read < _TOGETHER and self._waiting + read < self._most

        _reading.attach(_held(listener), deliver, more)
        return listener

    def _on_incoming(self, incoming: Any) -> None:
        # In the thread that reads from the broker.
        with self._room:
            if self._waiting >= self._most:
                self._room.wait_for(self._has_room, timeout=_BREATH)
            self._waiting += 1
        super()._on_incoming(incoming)

    def _process_incoming(self, incoming: Any) -> None:
        with self._room:
            self._waiting -= 1
            if self._waiting == self._most // 2:
                # Not for each: to wake a thread takes its time.
                self._room.notify()
        super()._process_incoming(incoming)

    def _has_room(self) -> bool:
        return self._ending or self._waiting <= self._most // 2


def _held(listener: Any) -> Any:
    """Return oslo.messaging's connection, None where it has none."""
    reader = getattr(listener, '_poll_style_listener', None)
    return getattr(getattr(reader, 'conn', None), 'connection', None)


def _leave(message: object) -> None:
    """What is not acknowledged goes back to the broker."""


def make_server(
    transport: oslo_messaging.Transport,
    target: oslo_messaging.Target,
    dispatcher: _dispatch.Dispatcher,
) -> _Bounded:
    """Return a server whose messages go through ``dispatcher`` only."""

    def server(
        transport: Any, target: Any, _dispatcher: Any, executor: Any
    ) -> Any:
        return _Bounded(transport, target, dispatcher, executor)

    made: _Bounded = oslo_messaging.get_rpc_server(
        transport, target, [], server_cls=server
    )
    return made
