# SPDX-License-Identifier: Apache-2.0
"""The connection to the message broker, and the queues there."""

from __future__ import annotations

import logging
import threading
from typing import Any

from oslo_config import cfg
import oslo_messaging

from trove.common import exception
from trove.common.rpc import _dispatch
from trove.common.rpc import _events
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc._broker import accounts
from trove.common.rpc._broker import errors
from trove.common.rpc._broker import frames
from trove.common.rpc._broker import listener
from trove.common.rpc._broker import needs
from trove.common.rpc._broker import replies
from trove.common.rpc._broker import waits
from trove.conf import rabbit

LOG = logging.getLogger(__name__)

#: A message that no queue takes is an error, and not gone without a word.
MUST_ARRIVE = oslo_messaging.TransportOptions(at_least_once=True)

#: The drivers of oslo.messaging that carry calls.
_SCHEMES = ('rabbit', 'kombu', 'fake')

#: How often the log tells in an hour what was refused in one queue.
_MOST_TOLD = 10

#: Topics and versions for which a client is kept, at most: those that are
#: talked to now. To make one takes some microseconds.
_MOST = 1000


def parse_url(
    conf: cfg.ConfigOpts,
    url: str | None = None,
    option: str = '[DEFAULT] transport_url',
) -> oslo_messaging.TransportURL:
    """Read the address of the message broker.

    :param url: instead of ``transport_url``
    :param option: that it is of, for the error
    :raises trove.common.exception.ConfigurationError: it makes no sense; the
        password is not in the text
    """
    try:
        parsed = oslo_messaging.TransportURL.parse(conf, url)
        named = any(host.username for host in parsed.hosts)
        if not named and '@' in (parsed.virtual_host or ''):
            # The user's name ended at a slash.
            raise ValueError
        return parsed
    except (ValueError, oslo_messaging.InvalidTransportURL):
        # The text of these errors has parts of the password.
        raise exception.ConfigurationError(
            option=option,
            value='(not shown)',
            remedy='not a valid URL. Use '
            'rabbit://USER:PASSWORD@HOST:PORT/VHOST; in USER, PASSWORD and '
            'VHOST percent-encode all characters except letters, digits, "-", '
            '"." and "_", for example / as %2F.',
        ) from None


def check(
    conf: cfg.ConfigOpts, url: str | None = None
) -> oslo_messaging.TransportURL:
    """Validate the messaging options, without a connection.

    :param url: of the message broker, instead of ``transport_url``
    :returns: the URL
    :raises trove.common.exception.ConfigurationError: they are not
    """
    rabbit.set_defaults()
    parsed = parse_url(conf, url)
    scheme = str(parsed.transport)
    if scheme.partition('+')[0] not in _SCHEMES:
        raise exception.ConfigurationError(
            option='[DEFAULT] transport_url',
            value=f'{scheme}:... (the rest is not shown)',
            remedy='it must begin with rabbit://, for RabbitMQ.',
        )
    exchange = conf.control_exchange
    if not exchange or exchange.startswith('amq.'):
        raise exception.ConfigurationError(
            option='[DEFAULT] control_exchange',
            value=exchange,
            remedy='RabbitMQ reserves that name. Choose another one, the same '
            'for all services and guest agents.',
        )
    rabbit.check(conf, parsed)
    return parsed


class Connection:
    """The transports of oslo.messaging of a process; opened when needed.

    :param url: of the message broker, instead of ``transport_url``
    :param own: the topic of this process, when its broker account reaches
        no more than that
    """

    def __init__(
        self, conf: cfg.ConfigOpts, url: str | None, own: str | None = None
    ) -> None:
        self.conf = conf
        self._url = url
        self._own = own
        self._lock = threading.Lock()
        self._transport: oslo_messaging.Transport | None = None
        self._clients: dict[str, oslo_messaging.RPCClient] = {}
        self._prepared: dict[tuple[str, str, float | None], Any] = {}
        self._reached = False
        #: Nothing is left for :meth:`reach` to do.
        self._ready = False
        self._replies = replies.Replies()
        self._told = _limits.Limit(lambda: _MOST_TOLD)
        #: What the broker refused last, and which option is about it.
        self.problem: exception.ConfigurationError | None = None

    def open(self) -> oslo_messaging.Transport:
        with self._lock:
            if self._transport is None:
                check(self.conf, self._url)
                needs.tell()
                for half in self.half_set():
                    LOG.warning('%s', half)
                frames.install(self._largest, self._refused)
                self._transport = oslo_messaging.get_rpc_transport(
                    self.conf, url=self._url, allowed_remote_exmods=[]
                )
                accounts.adapt(
                    self._transport._driver,
                    own=self._own,
                    conductor=self.conf.conductor_queue,
                    guest=self.conf.guest_id,
                )
                waits.limit(
                    self._transport, self.conf.rpc_confirm_timeout, self.note
                )
            return self._transport

    def note(self, error: BaseException) -> bool:
        """Log an error of the driver if an option causes it.

        :returns: whether it is
        """
        self.problem = errors.explain(error)
        if self.problem is not None and self._told.take(str(self.problem)):
            LOG.error('%s', self.problem)
        return self.problem is not None

    def _largest(self) -> int:
        largest: int = self.conf.rpc_max_message_bytes
        return largest

    def _refused(self, queue: str, error: _message.Unreadable) -> None:
        """Log a malformed reply, or one before its reader was ready."""
        event = _events.Event(
            'rejected',
            'reply',
            None,
            _message.UNKNOWN,
            _message.UNKNOWN,
            cause=error.counted,
        )
        _events.record(event)
        if self._told.take(queue):
            LOG.warning(
                'Rejected a message in the queue %s: %s. %s.',
                queue,
                error,
                _message.WHO,
            )

    def close(self) -> None:
        with self._lock:
            transport, self._transport = self._transport, None
            self._clients.clear()
            self._prepared.clear()
            self._reached = self._ready = False
        if transport is not None:
            waits.close(transport.cleanup, self.conf.rpc_confirm_timeout)

    def client(self, name: str) -> oslo_messaging.RPCClient:
        """The client of an interface; its callers name topic and version.

        :returns: an ``oslo_messaging.RPCClient``
        """
        client = self._clients.get(name)
        if client is None:
            transport = self.open()
            with self._lock:
                client = self._clients.setdefault(
                    name,
                    oslo_messaging.get_rpc_client(
                        transport,
                        oslo_messaging.Target(),
                        retry=self.conf.rpc_send_attempts,
                    ),
                )
        return client

    def server(
        self, topic: str, host: str, dispatcher: _dispatch.Dispatcher
    ) -> listener.Listener:
        """Return a server of a topic, which does not listen yet."""
        target = oslo_messaging.Target(topic=topic, server=host)
        return listener.Listener(
            listener.make_server(self.open(), target, dispatcher, self.note),
            lambda: self.problem,
        )

    def prepared(
        self, name: str, topic: str, version: str, timeout: float | None
    ) -> Any:
        """The client of an interface, for one topic and version.

        :returns: an ``oslo_messaging`` call context; what is sent with it
            must arrive in a queue
        """
        key = topic, version, timeout
        found = self._prepared.get(key)
        if found is None:
            found = self.client(name).prepare(
                topic=topic,
                version=version,
                timeout=timeout,
                transport_options=MUST_ARRIVE,
            )
            with self._lock:
                if len(self._prepared) >= _MOST:
                    self._prepared.clear()
                self._prepared[key] = found
        return found

    def reach(self) -> None:
        """Make sure, once, that the message broker can be reached.

        The first call of a process opens the queue for its replies, and
        oslo.messaging would wait for a broker that is away without end.
        What is sent here has no receiver.

        :raises Exception: of the transport's driver, when it cannot
        """
        if self._ready:
            return
        if not self._reached:
            self._touch(self.client(''))
            self._reached = True
        transport = self._transport
        if transport is not None:
            done = self._replies.prepare(
                transport._driver, self.conf.rpc_confirm_timeout
            )
            with self._lock:
                self._ready = done and self._transport is transport

    def touch(self) -> None:
        """Check once whether the message broker accepts a message.

        :raises Exception: of the transport's driver, when it does not
        """
        self._touch(
            oslo_messaging.get_rpc_client(
                self.open(), oslo_messaging.Target(), retry=0
            )
        )

    def half_set(self) -> list[str]:
        """Warn of misleading options."""
        url = parse_url(self.conf, self._url)
        return list(rabbit.half_set(self.conf, url))

    @staticmethod
    def _touch(client: oslo_messaging.RPCClient) -> None:
        client.prepare(topic='trove-reach').cast({}, 'reach')

    def create_queue(self, topic: str, host: str) -> None:
        """Make the queues of a server that is not there yet.

        What waits in them already stays there: nothing is consumed, as a
        server without endpoints would do it.

        :raises trove.common.exception.ServiceUnavailable: the broker does
            not make them
        """
        try:
            self._create_queue(topic, host)
        except oslo_messaging.MessagingException as error:
            self.note(error)
            raise exception.ServiceUnavailable(
                what='The message broker'
            ) from error

    def _create_queue(self, topic: str, host: str) -> None:
        self.reach()
        # oslo.messaging makes queues only for who consumes from them.
        driver = self.open()._driver
        exchange = driver._get_exchange(oslo_messaging.Target(topic=topic))
        with driver._get_connection() as connection:
            for name in (topic, f'{topic}.{host}'):
                connection.declare_topic_consumer(
                    exchange_name=exchange, topic=name
                )

    def delete_queues(self, topic: str, host: str) -> None:
        """Remove the queues of a server that will not come back.

        What waits in them is lost. A broker that cannot do it, or is away,
        is logged.
        """
        try:
            # oslo.messaging makes queues, but has no call that removes them.
            # Its heartbeat thread reads from this connection too, and might
            # take the broker's answer away; so none is waited for.
            driver = self.open()._driver
            with driver._get_connection(retry=1) as connection:
                for name in (topic, f'{topic}.{host}'):
                    with connection._connection_lock:
                        connection.channel.queue_delete(name, nowait=True)
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not remove the queues %s and %s.%s from the message '
                'broker: %s. They are no longer used; remove them manually.',
                topic,
                topic,
                host,
                error,
            )
