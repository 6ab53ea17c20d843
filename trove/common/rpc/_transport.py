# SPDX-License-Identifier: Apache-2.0
"""The transport: everything of oslo.messaging that a process holds open."""

from __future__ import annotations

from collections.abc import Mapping
import logging
import threading
from typing import Any

from oslo_config import cfg
import oslo_messaging

from trove.common import context as trove_context
from trove.common.rpc import _caps
from trove.common.rpc import _contract
from trove.common.rpc import _listener
from trove.common.rpc import _server

LOG = logging.getLogger(__name__)


class ContextSerializer(oslo_messaging.NoOpSerializer):  # type: ignore[misc]
    """Turns the ``_context_`` keys of a message into a context.

    The client has made them of the sender's context.
    """

    def serialize_context(self, context: dict[str, Any]) -> dict[str, Any]:
        return context

    def deserialize_context(
        self, context: dict[str, Any]
    ) -> trove_context.TroveContext:
        return trove_context.TroveContext.from_dict(context)


class Transport:
    """Makes clients and servers, and closes what they held open.

    Nothing is opened before the first message or server, so that it may be
    made before a process forks. Safe for use by many threads.

    :param conf: the global ``oslo_config.cfg.CONF`` (some options of
        oslo.messaging are registered only there)
    :param discover: how to find out what the peers of an interface speak,
        by interface name; see :data:`~trove.common.rpc.Discover`
    :param url: of the message broker, instead of ``transport_url``
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        discover: Mapping[str, _caps.Discover] | None = None,
        url: str | None = None,
    ) -> None:
        self.conf = conf
        self.caps = _caps.Caps(conf, discover or {})
        self._url = url
        self._lock = threading.Lock()
        self._transport: oslo_messaging.Transport | None = None
        self._clients: dict[str, oslo_messaging.RPCClient] = {}
        self._reached = False

    def client(self, name: str) -> oslo_messaging.RPCClient:
        """The client of an interface; its callers name topic and version.

        :returns: an ``oslo_messaging.RPCClient``
        """
        client = self._clients.get(name)
        if client is None:
            transport = self._open()
            with self._lock:
                client = self._clients.setdefault(
                    name,
                    oslo_messaging.get_rpc_client(
                        transport,
                        oslo_messaging.Target(),
                        serializer=ContextSerializer(),
                        retry=self.conf.rpc_send_attempts,
                    ),
                )
        return client

    def reach(self) -> None:
        """Make sure, once, that the message broker can be reached.

        The first call of a process opens the queue for its replies, and
        oslo.messaging would wait for a broker that is away without end.
        What is sent here has no receiver.

        :raises Exception: of the transport's driver, when it cannot
        """
        if not self._reached:
            self.client('').prepare(topic='trove-reach').cast({}, 'reach')
            self._reached = True

    def server(
        self,
        manager: Any,
        *,
        host: str,
        peer: str | None = None,
        version: str | None = None,
    ) -> _listener.Listener:
        """Make the server of an endpoint; ``start()`` lets it listen.

        :param manager: has the client's ``interface`` and its methods
        :param host: name of this server among those of the topic
        :param peer: which peer this is, for a topic of its own
        :param version: serve as of this older version; latest by default
        :returns: ``stop()`` takes no more messages, ``wait()`` returns when
            those begun are finished
        :raises trove.common.exception.ContractError: the manager does not
            serve what its interface declares
        """
        interface: _contract.Interface = manager.interface
        wanted = (
            _contract.Version.parse(version) if version else interface.latest
        )
        endpoint = _server.Endpoint(interface, manager, wanted)
        return _listener.Listener(
            oslo_messaging.get_rpc_server(
                self._open(),
                oslo_messaging.Target(
                    topic=interface.topic(self.conf, peer), server=host
                ),
                [endpoint],
                serializer=ContextSerializer(),
                access_policy=_server.DeclaredOnly,
            )
        )

    def create_queue(self, topic: str, host: str) -> None:
        """Make the queues of a server that is not there yet."""
        server = oslo_messaging.get_rpc_server(
            self._open(),
            oslo_messaging.Target(topic=topic, server=host),
            [],
            access_policy=_server.DeclaredOnly,
        )
        server.start()
        server.stop()
        server.wait()

    def delete_queues(self, topic: str, host: str) -> None:
        """Remove the queues of a server that will not come back.

        What waits in them is lost. A broker that cannot do it, or is away,
        is logged.
        """
        try:
            # oslo.messaging makes queues, but has no call that removes them.
            # Its heartbeat thread reads from this connection too, and might
            # take the broker's answer away; so none is waited for.
            driver = self._open()._driver
            with driver._get_connection(retry=1) as connection:
                for name in (topic, f'{topic}.{host}'):
                    with connection._connection_lock:
                        connection.channel.queue_delete(name, nowait=True)
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not remove the queues %s and %s.%s from the message '
                'broker: %s. Nobody uses them any more; remove them by hand.',
                topic,
                topic,
                host,
                error,
            )

    def refresh(self, interface: str | None = None) -> None:
        """Look the caps up anew at the next message."""
        self.caps.forget(interface)

    def close(self) -> None:
        """Close what is open; the transport may be used again."""
        with self._lock:
            transport, self._transport = self._transport, None
            self._clients.clear()
            self._reached = False
        if transport is not None:
            transport.cleanup()

    def _open(self) -> oslo_messaging.Transport:
        with self._lock:
            if self._transport is None:
                self._transport = oslo_messaging.get_rpc_transport(
                    self.conf, url=self._url, allowed_remote_exmods=[]
                )
            return self._transport
