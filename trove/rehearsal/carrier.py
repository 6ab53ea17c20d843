# SPDX-License-Identifier: Apache-2.0
"""Carries the messages of a rehearsal, all within the process.

oslo.messaging does it, as between real services, over the broker of
``memory.py``. What that one lacks is added here: a message that no queue
takes, or that nobody is there to answer, is told to its sender at once, and
the servers of one topic take turns.
"""

from __future__ import annotations

import collections
from concurrent import futures
import dataclasses
import threading
from typing import Any
import uuid

from oslo_config import cfg
import oslo_messaging

from trove.common import rpc
from trove.rehearsal import memory

#: Timeout in seconds; delivery takes milliseconds unless there is a bug.
_TIMEOUT = 60.0


class Stuck(Exception):
    """Messages that should have been taken have not been."""


class MemoryNetwork:
    """Carries them by oslo.messaging and threads.

    :param conf: the global options, for oslo.messaging; what they say about
        the message broker is not used
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.cut_off: set[str] = set()
        self.tag: str | None = None
        # Nobody else, in this process either, has these topics.
        self._name = uuid.uuid4().hex
        self._transport = rpc.Transport(conf, url=memory.URL)
        self._servers: dict[str, list[Server]] = collections.defaultdict(list)
        #: Casts for which nobody listened, by topic.
        self._queued: dict[str, list[str | None]] = {}
        self._changed = threading.Condition()
        self._under_way = 0
        self._ending = futures.ThreadPoolExecutor()

    def connection(self, process: str) -> Any:
        return Connection(self, process)

    def listening(self, topic: str) -> list[Server]:
        return list(self._servers[topic])

    def waiting(self) -> set[str | None]:
        return {tag for tags in self._queued.values() for tag in tags}

    def settle(self) -> None:
        with self._changed:
            if not self._changed.wait_for(
                lambda: not self._under_way, _TIMEOUT
            ):
                raise Stuck(
                    f'{self._under_way} messages were not received within '
                    f'{_TIMEOUT:g} seconds'
                )

    def close(self) -> None:
        """Let all servers end, and the connections."""
        for servers in list(self._servers.values()):
            for server in list(servers):
                server.stop()
        self._ending.shutdown()
        self._transport.close()
        memory.forget(self._name)

    # What connections and servers do here.

    def real(self) -> Any:
        """The connection that all share."""
        return self._transport.connection

    def topic(self, topic: str) -> str:
        """Name a topic as only this network does."""
        return f'{self._name}.{topic}'

    def next_server(self, topic: str) -> Server | None:
        """Whose turn it is, None when nobody listens."""
        servers = self._servers[topic]
        if not servers:
            return None
        servers.append(servers.pop(0))
        return servers[-1]

    def exists(self, topic: str) -> bool:
        return topic in self._queued

    def begin(self) -> None:
        with self._changed:
            self._under_way += 1

    def end(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def queue(self, topic: str) -> None:
        self._queued[topic].append(self.tag)

    def listen(self, server: Server) -> None:
        waiting = self._queued.get(server.topic, [])
        with self._changed:
            self._under_way += len(waiting)
        self._queued[server.topic] = []
        server.listener.start()
        self._servers[server.topic].append(server)

    def leave(self, server: Server) -> None:
        if server in self._servers[server.topic]:
            self._servers[server.topic].remove(server)
            server.listener.stop()
            # That takes a second, in which its threads are busy.
            self._ending.submit(server.listener.wait)


class Dispatcher:
    """Counts what is done with, whatever comes of it."""

    def __init__(self, network: MemoryNetwork, real: Any) -> None:
        self._network = network
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def dispatch(self, incoming: Any) -> Any:
        try:
            return self._real.dispatch(incoming)
        finally:
            self._network.end()


@dataclasses.dataclass(eq=False)
class Server:
    """One that may listen on a topic."""

    network: MemoryNetwork
    process: str
    topic: str
    host: str
    listener: Any

    def start(self) -> None:
        self.network.listen(self)

    def stop(self) -> None:
        self.network.leave(self)

    def wait(self) -> None:
        """The network waits for all of them at its end."""


class Connection:
    """What a transport needs of a connection, for one process."""

    def __init__(self, network: MemoryNetwork, process: str) -> None:
        self._network = network
        self._process = process

    def open(self) -> Any:
        return self._network.real().open()

    def client(self, name: str) -> Connection:
        return self

    def prepare(
        self,
        *,
        topic: str,
        version: str = '1.0',
        timeout: float | None = None,
        **_: Any,
    ) -> Prepared:
        return Prepared(self._network, topic, version, timeout)

    def prepared(
        self, name: str, topic: str, version: str, timeout: float | None
    ) -> Prepared:
        return self.prepare(topic=topic, version=version, timeout=timeout)

    def reach(self) -> None:
        """It can always be reached."""

    def note(self, error: BaseException) -> bool:
        """No error is about an option."""
        return False

    def server(self, topic: str, host: str, dispatcher: Any) -> Server:
        network = self._network
        listener = network.real().server(
            network.topic(topic), host, Dispatcher(network, dispatcher)
        )
        return Server(network, self._process, topic, host, listener)

    def close(self) -> None:
        """The network closes what all share."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Sends messages of one version to one topic."""

    network: MemoryNetwork
    topic: str
    version: str
    timeout: float | None

    def cast(self, context: Any, method: str, **arguments: Any) -> None:
        server = self._server()
        if server is None:
            self.network.queue(self.topic)
        self._send(server, 'cast', context, method, arguments)

    def call(self, context: Any, method: str, **arguments: Any) -> Any:
        server = self._server()
        if server is None:
            raise oslo_messaging.MessagingTimeout('No answer.')
        return self._send(server, 'call', context, method, arguments)

    def _server(self) -> Server | None:
        server = self.network.next_server(self.topic)
        if server is None and not self.network.exists(self.topic):
            raise oslo_messaging.MessageUndeliverable('', '', '', '')
        return server

    def _send(
        self,
        server: Server | None,
        kind: str,
        context: Any,
        method: str,
        arguments: dict[str, Any],
    ) -> Any:
        network = self.network
        prepared = network.real().client('').prepare(
            topic=network.topic(self.topic),
            server=None if server is None else server.host,
            version=self.version,
            timeout=self.timeout,
        )
        if server is None:
            return getattr(prepared, kind)(context, method, **arguments)
        network.begin()
        try:
            return getattr(prepared, kind)(context, method, **arguments)
        except oslo_messaging.MessageDeliveryFailure:
            network.end()
            raise
