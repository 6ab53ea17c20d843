# SPDX-License-Identifier: Apache-2.0
"""Servers that can be stopped even when there is no message broker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
import functools
import logging
import threading
import time
from typing import Any

import oslo_messaging
from oslo_messaging._drivers import common

from trove.common import exception
from trove.common.rpc import _dispatch
from trove.common.rpc import _endpoint
from trove.common.rpc._broker import errors
from trove.common.rpc._broker import frames
from trove.common.rpc._broker import needs
from trove.common.rpc._broker import reader
from trove.common.rpc._broker import redelivery
from trove.common.rpc._broker import replies
from trove.common.rpc._broker import waits

LOG = logging.getLogger(__name__)

#: Seconds for which a start waits for the broker to connect.
_START_TIMEOUT = 5.0

#: The same, while the broker reports transient errors: a starting cluster may
#: load its virtual hosts or its authentication backend later.
_TRANSIENT_TIMEOUT = 60.0

#: Seconds between two checks of the broker's answer.
_POLL_INTERVAL = 0.5

#: Seconds after which a full server reads one more message: if it reads
#: nothing for heartbeat_timeout_threshold (60 s), the broker closes the
#: connection and redelivers messages that are still being carried out.
_STUCK_INTERVAL = 10.0

#: Seconds between two attempts to read from a broker that refuses.
_RETRY_INTERVAL = 2.0

#: Maximum number of available messages that are read before dispatch.
_BATCH_SIZE = 16

#: Bytes of a message that makes room for others when it no longer waits.
_LARGE = 65_536

_Plain: Any = oslo_messaging.rpc.server.RPCServer


class Listener:
    """An ``oslo_messaging.RPCServer`` that starts in the background.

    By itself it tries for ever to reach a broker that is away, and nothing
    could end the process meanwhile.

    :param problem: gives the option for which the broker refuses it
    """

    def __init__(
        self,
        server: _Bounded,
        problem: Callable[[], exception.ConfigurationError | None],
    ) -> None:
        self._server = server
        self._problem = problem
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._listens = False
        self._stopped = False
        self._late = False
        self._error: Exception | None = None

    def start(self) -> None:
        """Listen: at once, or as soon as the broker can be reached.

        :raises trove.common.exception.ConfigurationError: the broker is
            there, and an option is not as it wants it, for a minute where
            that may pass
        :raises Exception: of the transport's driver, when it cannot be tried
        """
        threading.Thread(
            target=self._start, name='rpc-start', daemon=True
        ).start()
        if not self._settled.wait(_START_TIMEOUT):
            self._late = True
            problem = self._lasting()
            if problem is not None:
                self._stopped = True
                self._server.give_up()
                raise problem
            if self._settled.is_set():
                self._raise()
                return
            LOG.warning(
                'The message broker is unreachable. Check that it is running '
                'and that transport_url, and [oslo_messaging_rabbit] ssl for '
                'its port, are correct; the service connects as soon as the '
                'broker is available.'
            )
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _lasting(self) -> exception.ConfigurationError | None:
        """Return what the broker wants otherwise; wait for what may pass."""
        end = time.monotonic() + _TRANSIENT_TIMEOUT
        told = ''
        while (problem := self._problem()) is not None:
            if not isinstance(problem, errors.MayPass):
                break
            if time.monotonic() >= end or self._stopped:
                break
            if str(problem) != told:
                told = str(problem)
                LOG.warning(
                    'The start waits up to %d seconds for this error to pass, '
                    'in case the message broker has just been started: %s',
                    _TRANSIENT_TIMEOUT,
                    problem,
                )
            if self._settled.wait(_POLL_INTERVAL):
                return None
        return problem

    def stop(self) -> None:
        """Take no more messages."""
        with self._lock:
            self._stopped = True
            if not self._listens:
                self._server.give_up()
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
        except Exception as error:  # noqa: BLE001
            self._error = errors.explain(error) or error
            if self._late and not self._stopped:
                LOG.error(
                    'Cannot receive messages: %s Then restart the service.',
                    self._error,
                )
        else:
            with self._lock:
                self._listens = not self._stopped
            if self._stopped:
                self._server.end()
                self._server.wait()
        finally:
            self._settled.set()


class _Bounded(_Plain):  # type: ignore[misc]
    """Takes no more messages than it can begin with before long.

    oslo.messaging acknowledges a message when it comes in and puts it into a
    list without an end, so what it asks the broker to send at once (QoS) is
    a limit of nothing.

    :param dispatcher: told of messages that are none, come again, or are
        dropped by oslo.messaging
    :param tell: told of what the broker refuses; whether it is understood
    """

    def __init__(
        self,
        dispatcher: _dispatch.Dispatcher,
        tell: Callable[[Exception], bool],
        *args: Any,
    ) -> None:
        super().__init__(*args)
        # That of oslo.messaging (futurist) begins a thread for each message
        # until it has all, which wake every second to see whether to go on.
        self._executor_cls = functools.partial(
            futures.ThreadPoolExecutor, thread_name_prefix='rpc'
        )
        self._duplicate = dispatcher.duplicate
        self._tell = tell
        self._again = redelivery.Again(dispatcher.doubt)
        self._inbox = frames.Inbox(
            lambda queue, error: dispatcher.unreadable(error), self._again
        )
        self._room = threading.Condition()
        self._most: int = self.conf.executor_thread_pool_size
        if self._most < 1:
            raise exception.ConfigurationError(
                option='[DEFAULT] executor_thread_pool_size',
                value=self._most,
                remedy='use a number above 0.',
            )
        self._waiting = 0
        #: Bytes of the messages that wait.
        self._held = 0
        self._ending = False

    def end(self) -> None:
        """Take no more; what was taken is done, the broker has the rest."""
        with self._room:
            self._ending = True
            self._room.notify_all()
        self.stop()
        # To close a connection reads what is on its way here, which would be
        # acknowledged and forgotten; so it goes back to the broker.
        self._inbox.left = True
        self._again.settle()

    def give_up(self) -> None:
        """Wait no more for the broker to let it listen."""
        with self._room:
            self._ending = True
            self._room.notify_all()

    def _listen(self) -> Any:
        """Make oslo.messaging's listener, and wait for what may pass.

        oslo.messaging tries on when the broker is away, and gives up when it
        answers that it does not want it.
        """
        while True:
            try:
                return super()._create_listener()
            except Exception as error:
                explained = errors.explain(error)
                if not isinstance(explained, errors.MayPass):
                    raise
                self._tell(error)
                with self._room:
                    if self._room.wait_for(
                        lambda: self._ending, _RETRY_INTERVAL
                    ):
                        raise

    def _create_listener(self) -> Any:
        listener = self._listen()
        polled: Any = getattr(listener, '_poll_style_listener', None)
        came = getattr(polled, 'incoming', [])
        replies.attach(polled)
        self._count_duplicates(getattr(polled, 'msg_id_cache', None))

        def deliver() -> None:
            # A thread for each would cost more than what it does.
            together = []
            while came:
                message = came.pop(0)
                if self.dispatcher.joins(message):
                    together.append(message)
                else:
                    self._on_incoming([message])
            if together:
                self._on_incoming(together)

        def more() -> bool:
            read = len(came)
            return (
                read < _BATCH_SIZE
                and self._waiting + read < self._most
                and self._held + sum(map(_size, came)) < self._largest()
            )

        conn = getattr(polled, 'conn', None)
        held = getattr(conn, 'connection', None)
        if held is not None:
            frames.receive(held.connection, self._inbox)
            reader.attach(held, deliver, more)
            polled.poll = functools.partial(self._poll, polled.poll)
        listener.cleanup = functools.partial(
            waits.close, listener.cleanup, self.conf.rpc_confirm_timeout
        )
        return listener

    def _count_duplicates(self, cache: Any) -> None:
        if cache is None or not needs.met('duplicates'):
            return
        check = cache.check_duplicate_message

        def checked(message: Any) -> Any:
            try:
                return check(message)
            except common.DuplicateMessageError:
                self._duplicate()
                raise

        cache.check_duplicate_message = checked

    def _poll(self, poll: Any, *args: Any, **kwargs: Any) -> Any:
        """Read on whatever happens: an error would end the thread."""
        try:
            return poll(*args, **kwargs)
        except Exception as error:  # noqa: BLE001
            if not self._tell(error):
                LOG.warning(
                    'Could not read messages (%s). Retrying; if this '
                    'persists, check the log of the message broker.',
                    error,
                )
            with self._room:
                self._room.wait_for(
                    lambda: self._ending, timeout=_RETRY_INTERVAL
                )
            return []

    def _on_incoming(self, incoming: Any) -> None:
        # In the thread that reads from the broker.
        with self._room:
            if self._waiting >= self._most or self._held >= self._largest():
                self._room.wait_for(self._has_room, timeout=_STUCK_INTERVAL)
            self._waiting += len(incoming)
            self._held += sum(map(_size, incoming))
        for each in incoming:
            each.place = _endpoint.Arrival(self.dispatcher.expect(each))
        try:
            super()._on_incoming(incoming)
        except BaseException:
            for each in incoming:
                self._begin(each)
                each.place.leave()
            raise

    def _begin(self, message: Any) -> None:
        """Make room for another one; this one waits no more."""
        size = _size(message)
        with self._room:
            self._waiting -= 1
            self._held -= size
            if size > _LARGE or self._waiting == self._most // 2:
                # Not for each: to wake a thread takes its time.
                self._room.notify()

    def _process_incoming(self, incoming: Any) -> None:
        for message in incoming:
            self._begin(message)
            try:
                super()._process_incoming([message])
            except Exception:
                # Those behind it are not to be lost with it.
                LOG.exception(
                    'Could not process a message; continuing with the next. '
                    'Report this as a bug, with the traceback, and repeat the '
                    'requests that were not carried out.'
                )
            finally:
                message.place.leave()

    def _has_room(self) -> bool:
        return self._ending or (
            self._waiting <= self._most // 2 and self._held < self._largest()
        )

    def _largest(self) -> int:
        largest: int = self.conf.rpc_max_message_bytes
        return largest


def _size(incoming: Any) -> int:
    """About how many bytes a message takes while it waits."""
    raw = getattr(incoming.message, '_raw_message', None)
    return getattr(raw, 'size', 0)


def make_server(
    transport: oslo_messaging.Transport,
    target: oslo_messaging.Target,
    dispatcher: _dispatch.Dispatcher,
    tell: Callable[[Exception], bool],
) -> _Bounded:
    """Return a server whose messages go through ``dispatcher`` only.

    :param tell: told of what the broker refuses; whether it is understood
    """

    def server(
        transport: Any, target: Any, _dispatcher: Any, executor: Any
    ) -> Any:
        return _Bounded(
            dispatcher, tell, transport, target, dispatcher, executor
        )

    made: _Bounded = oslo_messaging.get_rpc_server(
        transport, target, [], server_cls=server
    )
    return made
