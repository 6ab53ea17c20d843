# SPDX-License-Identifier: Apache-2.0
"""Connections to RabbitMQ on which a peer reaches nothing but its own.

RabbitMQ checks permissions by the names of queues and exchanges. Whoever may
publish to the default exchange reaches every queue, and who may publish to
the control exchange reaches every topic, be it by way of a dead-letter
exchange. So a guest agent with a broker account of its own
(``rpc_own_account``) is permitted neither, and uses these:

- the control exchange, to bind its own topic only (a topic permission);
- the exchange of :func:`door`, by which conductors take messages;
- for a reply, the exchange that has the name of the caller's reply queue.

It has few queues, all of names that are known: two of its topic, some for
replies, and none for fanouts, which nobody sends to guests. Who may bind a
queue may make an exchange of its name, and so fill it. So the broker bounds
the queues that :func:`bounded` names.

:func:`permissions` are what it takes, as RabbitMQ writes it.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import logging
import re
from typing import Any
from urllib import parse
import uuid

import kombu
import oslo_messaging
from oslo_messaging._drivers import amqp as rpc_amqp
from oslo_messaging._drivers import common as rpc_common
from oslo_messaging._drivers import impl_rabbit
from oslo_utils import netutils

from trove.common.rpc._broker import queue_names

LOG = logging.getLogger(__name__)

#: Codes of AMQP: the account has no permission; there is no such thing.
_ACCESS_REFUSED = 403
_NOT_FOUND = 404

#: Queues for replies that a guest agent may have: one for each of its
#: connections to the broker, also while it hands over to its successor.
_MOST_REPLIES = 8

#: Beginnings of the names of queues for replies: of any, and of the services.
_REPLY = 'reply_'
_REPLY_TROVE = 'reply_trove_'

_MUST_ARRIVE = oslo_messaging.TransportOptions(at_least_once=True)


@dataclasses.dataclass(frozen=True)
class Permissions:
    """Permissions of a broker account, each a regular expression of names.

    :param configure: what it may declare and delete
    :param write: what it may publish to, or bind a queue of
    :param read: what it may consume from, or bind to
    :param bind: the routing keys for which it may bind to the exchange
    :param exchange: the control exchange
    """

    configure: str
    write: str
    read: str
    bind: str
    exchange: str


def door(exchange: str) -> str:
    """Return the exchange by which guests reach the conductors.

    :param exchange: the control exchange
    """
    return f'{exchange}_guests'


def permissions(exchange: str, topic: str) -> Permissions:
    """Return what the account of one guest agent is permitted.

    :param exchange: the control exchange
    :param topic: of the guest agent
    """
    own = re.escape(topic)
    server = re.escape(topic.partition('.')[2])
    topics = rf'{own}(\.{server})?'
    queues = rf'{topics}|reply_{own}_[1-{_MOST_REPLIES}]'
    # Of those who call it, and of no other guest agent.
    replies = rf'{_REPLY}(?!guestagent\.).*'
    return Permissions(
        configure=f'^({queues})$',
        write=f'^({topics}|{replies}|{re.escape(door(exchange))})$',
        read=f'^({queues}|{re.escape(exchange)})$',
        bind=f'^{topics}$',
        exchange=exchange,
    )


def bounded(conductor: str) -> str:
    """Return the queues that guests fill, or do not empty, as a pattern.

    :param conductor: the topic to which guests send
    """
    return (
        rf'^({re.escape(conductor)}|{_REPLY_TROVE}.*|(reply_)?guestagent\..*)$'
    )


def of_instance(instance_id: str) -> str:
    """Return all that a guest agent has at the broker, as a pattern."""
    return rf'^(reply_)?guestagent\.{re.escape(instance_id)}([._].*)?$'


def adapt(
    driver: Any, *, own: str | None, conductor: str, guest: str | None
) -> None:
    """Have a driver of oslo.messaging make its connections in this way.

    Other drivers than RabbitMQ's stay as they are.

    :param own: the topic of this peer when its account is its own
    :param conductor: the topic to which guests send
    :param guest: the instance whose guest agent this is
    """
    if not isinstance(driver, impl_rabbit.RabbitDriver):
        return
    names = None
    if driver._q_manager is not None:
        named = driver._q_manager
        names = queue_names.Names(guest or named.hostname, named.processname)
    driver._q_manager = names
    exchange = driver._default_exchange
    if own is None:
        made: Any = functools.partial(
            _Connection, exchange=exchange, conductor=conductor, names=names
        )
        driver._get_reply_queue_name = lambda: (
            f'{_REPLY_TROVE}{names.get() if names else uuid.uuid4().hex}'
        )
    else:
        made = functools.partial(_Own, exchange=exchange, names=names)
        # Held as long as the driver.
        numbers = queue_names.Numbers(own, _MOST_REPLIES)
        driver._get_reply_queue_name = lambda: (
            f'{_REPLY}{own}_{numbers.take()}'
        )
    driver._connection_pool.connection_cls = made


class _Connection(impl_rabbit.Connection):  # type: ignore[misc]
    """A connection of the control plane, or of a guest like all others."""

    def __init__(
        self,
        *args: Any,
        exchange: str,
        conductor: str = '',
        names: queue_names.Names | None = None,
        **kwargs: Any,
    ) -> None:
        self._control = exchange
        self._conductor = conductor
        super().__init__(*args, **kwargs)
        self._q_manager = names

    def _transform_transport_url(
        self,
        url: Any,
        host: Any,
        default_username: str = '',
        default_password: str = '',
        default_hostname: str = '',
    ) -> str:
        # oslo.messaging leaves a slash as it is; kombu takes it for the end
        # of the host, and shows a part of the password in its error.
        transport = url.transport.replace('kombu+', '').replace(
            'rabbit', 'amqp'
        )
        return '{}://{}:{}@{}:{}/{}'.format(
            transport,
            parse.quote(host.username or default_username, safe=''),
            parse.quote(host.password or default_password, safe=''),
            netutils.escape_ipv6(host.hostname) or default_hostname,
            str(host.port or 5672),
            parse.quote(url.virtual_host or '', safe=''),
        )

    def declare_consumer(self, consumer: Any) -> Any:
        # Called anew when the connection was lost.
        declare = consumer.declare
        consumer.declare = lambda connection: self._declare(
            connection, consumer, declare
        )
        return super().declare_consumer(consumer)

    def _declare(
        self, connection: Any, consumer: Any, declare: Callable[[Any], None]
    ) -> None:
        declare(connection)
        queue, channel = consumer.queue_name, connection.channel
        if connection.purpose == rpc_common.PURPOSE_LISTEN:
            # After an error py-amqp opens the channel again, without it.
            connection._set_qos(channel)
        if consumer.durable and not consumer.queue.durable:
            # oslo.messaging makes do with what is there.
            LOG.warning(
                'The queue %s is lost when the message broker restarts, '
                'although [oslo_messaging_rabbit] amqp_durable_queues is set: '
                'the exchange %s was declared without it. Set the option for '
                'all services and guest agents, stop them, delete the '
                'exchange and its queues, and start them again.',
                queue,
                consumer.exchange_name,
            )
        self._bind(channel, consumer)

    def _bind(self, channel: Any, consumer: Any) -> None:
        queue = consumer.queue_name
        if consumer.exchange_name == '':
            # Peers of release 8 send replies to an exchange of that name,
            # and drop them where there is none; so do guests that reach no
            # other.
            channel.exchange_declare(
                exchange=queue, type='direct', durable=False, auto_delete=True
            )
            channel.queue_bind(queue, exchange=queue, routing_key=queue)
        elif queue == self._conductor:
            name = door(self._control)
            channel.exchange_declare(
                exchange=name, type='direct', durable=True, auto_delete=False
            )
            channel.queue_bind(queue, exchange=name, routing_key=queue)


class _Own(_Connection):
    """A connection of a guest agent whose account is its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._fresh: set[str] = set()
        super().__init__(*args, **kwargs)

    def declare_fanout_consumer(self, topic: str, callback: Any) -> None:
        """Nobody sends fanouts to a guest agent."""

    def _declare(
        self, connection: Any, consumer: Any, declare: Callable[[Any], None]
    ) -> None:
        if consumer.exchange_name == self._control:
            # The permission to declare it includes deleting it.
            consumer.exchange.passive = True
        name = consumer.queue_name
        if name.startswith(_REPLY) and name not in self._fresh:
            # What another process had before, maybe with other options.
            connection.channel.queue_delete(name)
            self._fresh.add(name)
        try:
            super()._declare(connection, consumer, declare)
        except self.connection.channel_errors as error:
            if error.code != _NOT_FOUND:
                raise
            # Of a kind after which oslo.messaging tries again.
            raise ConnectionError(
                f'the exchange {self._control} does not exist before a '
                'service of the control plane has connected'
            ) from error

    def _bind(self, channel: Any, consumer: Any) -> None:
        """The control plane replies by the default exchange."""

    def topic_send(
        self, exchange_name: str, topic: str, *args: Any, **kwargs: Any
    ) -> None:
        super().topic_send(door(self._control), topic, *args, **kwargs)

    def _publish(self, exchange: Any, *args: Any, **kwargs: Any) -> None:
        exchange.passive = True
        super()._publish(exchange, *args, **kwargs)

    def direct_send(self, msg_id: str, msg: Any) -> None:
        exchange: Any = kombu.entity.Exchange  # it has no types
        try:
            self._ensure_publishing(
                self._publish_and_raises_on_missing_exchange,
                exchange(name=msg_id, type='direct', passive=True),
                msg,
                routing_key=msg_id,
                transport_options=_MUST_ARRIVE,
            )
        except self.connection.channel_errors as error:
            if error.code != _ACCESS_REFUSED:
                raise
            raise rpc_amqp.AMQPDestinationNotFound(
                f'the broker account is not permitted to reply to {msg_id}'
            ) from error
