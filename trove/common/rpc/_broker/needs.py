# SPDX-License-Identifier: Apache-2.0
"""Private parts of oslo.messaging, kombu and py-amqp that are used here.

Any release of theirs may change it. :data:`NEEDS` has all of it, and what is
lost where a name is missing: the process goes on without, tells of it once in
the log, and all the time in its metrics (``trove_rpc_fallback``). What is
used and not declared here fails a test, and so does a release that
``requirements.txt`` allows and that lacks something.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import dis
import functools
import importlib
from importlib import metadata
import inspect
import logging
import operator
import types
from typing import Any
from typing import Final

LOG = logging.getLogger(__name__)

_DISTRIBUTIONS = ('oslo.messaging', 'kombu', 'amqp')

_DRIVERS = 'oslo_messaging._drivers'
_BASE = f'{_DRIVERS}.amqpdriver:AMQPDriverBase'
_CONNECTION = f'{_DRIVERS}.impl_rabbit:Connection'
_DRIVER = f'{_DRIVERS}.impl_rabbit:RabbitDriver'
_LISTENER = f'{_DRIVERS}.amqpdriver:AMQPListener'
_WAITERS = f'{_DRIVERS}.amqpdriver:ReplyWaiters'
_KOMBU = 'kombu.connection:Connection'
_PYAMQP = 'kombu.transport.pyamqp'


@dataclasses.dataclass(frozen=True)
class Need:
    """Requirements of one part of the RPC layer.

    :param use: what for, as the metrics name it
    :param names: by who has them: ``module``, ``module:class``, whose objects
        may have them too, or ``module:class.method``, whose parameters they
        are
    :param lost: what there is instead where one is missing
    """

    use: str
    names: Mapping[str, tuple[str, ...]]
    lost: str

    def missing(self) -> Iterator[str]:
        """The names that the libraries do not have."""
        for owner, names in self.names.items():
            try:
                found = _find(owner)
            except (ImportError, AttributeError):
                yield owner
                continue
            for name in names:
                if not _has(found, name):
                    yield f'{owner}.{name}'


NEEDS: Final = (
    Need(
        'transport',
        {
            'oslo_messaging.transport:Transport': ('_driver',),
            _DRIVER: ('_connection_pool',),
            f'{_DRIVERS}.pool:ConnectionPool': ('connection_cls',),
            _BASE: ('_get_connection', '_get_exchange'),
            f'{_DRIVERS}.common': ('PURPOSE_LISTEN', 'PURPOSE_SEND'),
        },
        'No connection to the message broker can be opened',
    ),
    Need(
        'options',
        {
            f'{_DRIVERS}.impl_rabbit': (
                'rabbit_opts',
                'rpc_amqp',
                'rpc_common',
            ),
            f'{_DRIVERS}.amqp': ('amqp_opts',),
            f'{_DRIVERS}.common': ('ConfigOptsProxy',),
            _CONNECTION: ('_SSL_PROTOCOLS',),
        },
        'The options of [oslo_messaging_rabbit] cannot be validated',
    ),
    Need(
        'accounts',
        {
            _DRIVER: ('_q_manager', '_default_exchange'),
            _BASE: ('_get_reply_queue_name',),
            _CONNECTION: (
                '_q_manager',
                '_transform_transport_url',
                '_set_qos',
                'declare_consumer',
                'topic_send',
                'direct_send',
                '_publish',
                '_ensure_publishing',
                'purpose',
                '_publish_and_raises_on_missing_exchange',
            ),
            f'{_DRIVERS}.amqp': ('AMQPDestinationNotFound',),
        },
        'Guest agents with their own broker accounts reach nobody, and '
        'processes with the same name may receive replies of each other',
    ),
    Need(
        'waits',
        {
            _CONNECTION: (
                '_on_connection_blocked',
                '_set_current_channel',
                'ensure_connection',
                'set_transport_socket_timeout',
            ),
            'amqp.channel:Channel': ('basic_publish_confirm',),
            'amqp.channel:Channel._basic_publish': ('confirm_timeout',),
            _KOMBU: ('collect',),
        },
        'A sender waits forever for a broker that does not confirm',
    ),
    Need(
        'connecting',
        {
            _KOMBU: (
                '_ensure_connection',
                '_initial_params',
                'alt',
                'cycle',
                'connect_timeout',
            ),
            f'{_KOMBU}._ensure_connection': (
                'errback',
                'max_retries',
                'timeout',
            ),
        },
        'With several hosts in transport_url, connecting takes longer when '
        'some are down',
    ),
    Need(
        'limits',
        {
            'amqp.connection:Connection': (
                'blocking_read',
                'on_inbound_frame',
                'bytes_recv',
                'connect_timeout',
                'sock',
                'transport',
            ),
            'amqp.connection:Connection.__init__': ('frame_handler', 'ssl'),
            'amqp.basic_message:Message': (
                'inbound_header',
                'inbound_body',
                'body_received',
                'body_size',
                'ready',
                'frame_args',
                'properties',
            ),
            f'{_PYAMQP}:Transport': ('Connection',),
            f'{_PYAMQP}:Connection': ('Channel',),
            f'{_PYAMQP}:Channel': (
                'Message',
                'message_to_python',
                'basic_consume',
            ),
            'kombu.transport.virtual:Channel': (
                'Message',
                'message_to_python',
                'basic_consume',
            ),
        },
        'Messages of any size, form and encoding are parsed before any check',
    ),
    Need(
        'buffer',
        {
            f'amqp.transport:{name}': ('_quick_recv', '_read_buffer', '_write')
            for name in ('SSLTransport', 'TCPTransport')
        },
        'Slower: the socket is read nine times per message instead of once',
    ),
    Need(
        'reader',
        {
            _CONNECTION: (
                'stop_consuming',
                '_consume_loop_stopped',
                'connection',
                '_poll_timeout',
            ),
            _KOMBU: ('drain_events', 'connected', 'connection', 'transport'),
        },
        'Slower: a process polls for messages instead of being woken up',
    ),
    Need(
        'memory',
        {'kombu.transport.memory:Channel': ('_put', '_put_fanout')},
        'A message in the in-memory broker waits for up to a second',
    ),
    Need(
        'listener',
        {
            'oslo_messaging.server:MessageHandlingServer': (
                '_create_listener',
                '_on_incoming',
                '_process_incoming',
                '_executor_cls',
            ),
            f'{_DRIVERS}.base:PollStyleListenerAdapter': (
                '_poll_style_listener',
            ),
            _LISTENER: ('conn', 'incoming', 'poll'),
        },
        'A server prefetches an unlimited number of messages',
    ),
    Need(
        'sizes',
        {f'{_DRIVERS}.impl_rabbit:RabbitMessage': ('_raw_message',)},
        'The total size of messages that wait in a server is unlimited',
    ),
    Need(
        'duplicates',
        {
            _LISTENER: ('msg_id_cache',),
            f'{_DRIVERS}.amqp:_MsgIdCache': ('check_duplicate_message',),
            f'{_DRIVERS}.common': ('DuplicateMessageError',),
        },
        'Duplicates that oslo.messaging drops are not counted',
    ),
    Need(
        'answers',
        {
            f'{_DRIVERS}.amqpdriver:RpcAMQPListener': ('message_cls',),
            f'{_DRIVERS}.amqpdriver:AMQPIncomingMessage': (
                '_obsolete_reply_queues',
                '_send_reply',
                'listener',
                'msg_id',
                'orig_msg_id',
                'reply_q',
            ),
            _BASE: ('missing_destination_retry_timeout',),
        },
        'A peer that requests replies to missing queues blocks the threads of '
        'a server for a minute each',
    ),
    Need(
        'replies',
        {_BASE: ('_get_reply_q', '_reply_q', '_reply_q_conn')},
        'The first call of a process waits forever for a broker that is down',
    ),
    Need(
        'unasked',
        {
            _BASE: ('_waiter',),
            f'{_DRIVERS}.amqpdriver:ReplyWaiter': ('waiters',),
            _WAITERS: ('_queues', 'put'),
        },
        'Replies to no call are not counted',
    ),
    Need(
        'queues',
        {_CONNECTION: ('declare_topic_consumer', '_connection_lock')},
        'The queues of guest agents are neither created before they start nor '
        'removed after they are deleted',
    ),
    Need(
        'survey',
        {
            f'{_DRIVERS}.amqp': ('_add_unique_id', 'pack_context'),
            f'{_DRIVERS}.common': (
                '_REMOTE_POSTFIX',
                'deserialize_remote_exception',
                'serialize_msg',
            ),
            _BASE: ('_get_reply_q', '_waiter'),
            f'{_DRIVERS}.amqpdriver:ReplyWaiter': ('waiters',),
            _WAITERS: ('_queues',),
            _CONNECTION: (
                '_connection_lock',
                'connection',
                'set_transport_socket_timeout',
            ),
            'amqp.channel:Channel': ('_basic_publish',),
        },
        'Slower: peers that announce no version are probed one after the '
        'other',
    ),
)


@functools.cache
def fallbacks() -> Mapping[str, tuple[str, ...]]:
    """Return the missing parts by use; empty if all exist."""
    return {need.use: tuple(need.missing()) for need in NEEDS}


def met(use: str) -> bool:
    """Whether the libraries have all that a use needs."""
    return not fallbacks()[use]


@functools.cache
def tell() -> None:
    """Log, once in a process, what is lost with these libraries."""
    for need in NEEDS:
        missing = fallbacks()[need.use]
        if missing:
            LOG.warning(
                'The messaging libraries (%s) are untested with this release: '
                'they lack %s. %s. Install the versions in constraints.txt, '
                'or upgrade Trove to a release that supports these.',
                _versions(),
                ', '.join(missing),
                need.lost,
            )


def _versions() -> str:
    return ', '.join(
        f'{name} {metadata.version(name)}' for name in _DISTRIBUTIONS
    )


def _find(owner: str) -> Any:
    module, _, name = owner.partition(':')
    found = importlib.import_module(module)
    return operator.attrgetter(name)(found) if name else found


def _has(owner: Any, name: str) -> bool:
    if inspect.isfunction(owner):
        return name in inspect.signature(owner).parameters
    if hasattr(owner, name):
        return True
    # What its methods set is there as soon as it is made.
    return inspect.isclass(owner) and any(
        _sets(code, name) for code in _methods(owner)
    )


def _methods(owner: type) -> Iterator[types.CodeType]:
    for base in owner.__mro__:
        for value in vars(base).values():
            code = getattr(value, '__code__', None)
            if isinstance(code, types.CodeType):
                yield code


def _sets(code: types.CodeType, name: str) -> bool:
    # To disassemble takes its time.
    return name in code.co_names and any(
        step.opname == 'STORE_ATTR' and step.argval == name
        for step in dis.get_instructions(code)
    )


def declared(needs: Iterable[Need] = NEEDS) -> frozenset[str]:
    """All names that may be used."""
    return frozenset(
        name
        for need in needs
        for names in need.names.values()
        for name in names
    )
