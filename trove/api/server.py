# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of trove-api: waitress, with a limit to each wait.

waitress reads and writes all connections in one thread, without ever
blocking, and hands a request to one of the worker threads when it is there
as a whole. So who is slow, or silent, holds a connection but no thread. What
it lacks is added here: deadlines for a whole request, a way to make room when
too many connections are open, errors of Trove's form, and a stricter look at
what begins a request.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

from waitress import adjustments
from waitress import server as waitress_server
from waitress import task as waitress_task
from waitress import wasyncore

from trove.api import connection
from trove.api import errors
from trove.common import exception

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)

#: Of the connections that a process has, how many more it takes up at a time.
#: What else there is comes first, and so do the other processes: the first one
#: that wakes would take all, and the others would be idle.
_MORE = 1 / 8

#: Seconds in which the others may take the next ones up.
_OTHERS_TURN = 0.002

#: Seconds between two looks at what is over its time.
_TICK = 1.0


class _Dispatcher(waitress_task.ThreadedTaskDispatcher):  # type: ignore[misc]
    logger = LOG
    #: It would warn at each request that waits for a thread.
    queue_logger = logging.getLogger(f'{__name__}.queue')
    queue_logger.setLevel(logging.ERROR)


class Server(waitress_server.TcpWSGIServer):  # type: ignore[misc]
    """Serves an application on a socket that listens already.

    :param application: called by several threads
    :param listener: closed by :meth:`serve` at its end
    """

    channel_class = connection.Channel
    logger = LOG

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        limits: connection.Limits,
    ) -> None:
        self.limits = limits
        self.stopping = False
        self._told = threading.Event()
        self._next_check = 0.0
        self._next_accept = 0.0
        self._full_said = False
        dispatcher = _Dispatcher()
        dispatcher.set_thread_count(limits.threads)
        super().__init__(
            application,
            map={},
            _start=False,
            _sock=listener,
            dispatcher=dispatcher,
            bind_socket=False,
            sockinfo=(
                listener.family,
                listener.type,
                listener.proto,
                listener.getsockname(),
            ),
            adj=adjustments.Adjustments(
                sockets=[listener],
                ident='trove-api',
                recv_bytes=connection.READ,
                max_request_header_size=limits.header,
                # It refuses one that is as large as this.
                max_request_body_size=limits.body + 1,
                log_socket_errors=False,
                # oslo.middleware looks at them, if the operator says so.
                clear_untrusted_proxy_headers=False,
                # So that a client that went away is noticed, and what it
                # asked for is not begun any more.
                channel_request_lookahead=1,
            ),
        )
        self.accepting = True

    def serve(self, grace: float) -> None:
        """Serve until :meth:`stop`.

        :param grace: seconds that requests may still take then
        """
        while not self.stopping:
            self._turn()
        self.accepting = False
        wasyncore.dispatcher.close(self)
        until = time.monotonic() + grace
        while time.monotonic() < until and not all(
            channel.quiet for channel in self.active_channels.values()
        ):
            self._turn()
        self.task_dispatcher.shutdown(timeout=1)
        # Not before the pipe that wakes this thread is needed no more.
        self._told.wait()
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """Take no more connections; :meth:`serve` returns after a while."""
        self.stopping = True
        self.pull_trigger()
        self._told.set()

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _TICK
            for channel in list(self.active_channels.values()):
                channel.check(now, self.limits)
        pause = self._next_accept - now
        wasyncore.loop(
            # poll() counts milliseconds, and would not wait for a part of one.
            pause + 0.001 if pause > 0 else _TICK,
            use_poll=True,
            map=self._map,
            count=1,
        )

    def readable(self) -> bool:
        return self.accepting and time.monotonic() >= self._next_accept

    def handle_accept(self) -> None:
        self._next_accept = time.monotonic() + _OTHERS_TURN
        for _ in range(1 + int(_MORE * len(self.active_channels))):
            try:
                accepted = self.accept()
            except OSError:
                # Too many open files, above all: come back when some closed.
                LOG.exception(
                    'Could not accept a connection. Raise the limit of open '
                    'files (LimitNOFILE in the unit), or lower [api_server] '
                    'max_connections.'
                )
                return
            if accepted is None:
                return
            client, address = accepted
            if self._has_room():
                self.set_socket_options(client)
                self.channel_class(
                    self, client, address, self.adj, map=self._map
                )
            else:
                _turn_away(client)

    def _has_room(self) -> bool:
        """Make room for a connection if need be, and tell if there is."""
        channels = [
            channel
            for channel in self.active_channels.values()
            if not channel.will_close
        ]
        if len(channels) < self.limits.connections:
            self._full_said = False
            return True
        if not self._full_said:
            self._full_said = True
            LOG.warning(
                'All %d connections are in use. Closing idle ones to make '
                'room, first those of the address that has the most. If this '
                'is not an attack, raise [api_server] max_connections, or '
                'configure the proxy to keep fewer open.',
                self.limits.connections,
            )
        held: dict[str, list[connection.Channel]] = {}
        for channel in channels:
            held.setdefault(channel.addr[0], []).append(channel)
        for group in sorted(held.values(), key=len, reverse=True):
            waiting = [channel for channel in group if channel.quiet]
            if waiting:
                # Closed here, its number might be that of the next one.
                oldest = min(waiting, key=lambda channel: channel.idle_since)
                oldest.will_close = True
                return True
        return False


def _turn_away(client: socket.socket) -> None:
    text = 'Too many requests are in progress. Repeat the request later.'
    body = errors.encode(503, errors.fault(503), text)
    head = (
        'HTTP/1.1 503 Service Unavailable\r\n'
        f'Content-Type: {errors.JSON}\r\nContent-Length: {len(body)}\r\n'
        'Connection: close\r\n\r\n'
    )
    with client:
        client.setblocking(False)
        try:
            client.send(head.encode() + body)
        except OSError:
            pass  # It went away first.


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens.

    :raises ConfigurationError: the address cannot be listened on
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        return socket.create_server(
            address[:2],
            family=family,
            backlog=backlog,
            dualstack_ipv6=host == '::' and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise exception.ConfigurationError(
            option='bind_host, bind_port',
            value=f'{host}:{port}',
            remedy=f'cannot listen on it: {error}. Stop the process that uses '
            'it, or choose another address.',
        ) from error
