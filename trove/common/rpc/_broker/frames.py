# SPDX-License-Identifier: Apache-2.0
"""Frames of the message broker, checked before any processing.

py-amqp gathers a body of any size, decodes it with any codec that the sender
names, and stops at properties that it cannot read; kombu unpacks what is
compressed. What their reader breaks on goes back to the queue, and comes
again. Here a message is held against its limits while it comes in, in this
order: size, properties, form. What fails is rejected, and not queued again.

It holds for all connections of the process: kombu looks up in its classes
which other classes to use, and those are replaced.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import logging
import struct
from typing import Any

import amqp.basic_message
import amqp.exceptions
import amqp.spec
import kombu.transport.pyamqp
import kombu.transport.virtual
from oslo_utils import netutils

from trove.common.rpc import _message
from trove.common.rpc._broker import buffer
from trove.common.rpc._broker import memory
from trove.common.rpc._broker import redelivery

#: Bytes of the properties of a message, with all headers.
_MOST_OF_PROPERTIES = 16_384

LOG = logging.getLogger(__name__)

_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_DELIVER = amqp.spec.Basic.Deliver
_WITH_CONTENT = (_DELIVER, amqp.spec.Basic.Return, amqp.spec.Basic.GetOk)

_amqp: Any = kombu.transport.pyamqp
_virtual: Any = kombu.transport.virtual

#: Where a reader of a stream begins; oslo.messaging says ``last`` at first,
#: and a number when it goes on.
_OFFSET = 'x-stream-offset'

#: Name of the attribute of kombu's connection.
_INBOX = 'trove_inbox'

_no_record = contextlib.nullcontext[None]

#: Told of what was refused: with the name of the queue, and why.
Tell = Callable[[str, _message.Unreadable], None]


class Inbox:
    """Handler of the messages of a connection.

    :param again: for those that come a second time
    :ivar left: what comes is neither read nor acknowledged any more
    """

    def __init__(
        self, tell: Tell, again: redelivery.Again | None = None
    ) -> None:
        self.tell = tell
        self.again = again
        self.left = False


class _Settings:
    """Of all connections of the process."""

    largest: Callable[[], int] = staticmethod(lambda: 16 * 1024 * 1024)
    inbox = Inbox(lambda queue, error: None)


def install(largest: Callable[[], int], tell: Tell) -> None:
    """Have kombu read in this way.

    :param largest: gives the most bytes that a message may have
    :param tell: for connections that :func:`receive` was not called for
    """
    _Settings.largest = staticmethod(largest)
    _Settings.inbox = Inbox(tell)
    _amqp.Transport.Connection = _Connection
    in_memory: Any = memory.Transport
    in_memory.Channel = _MemoryChannel
    # It reads by itself; kombu takes it where it is installed.
    aliases = kombu.transport.TRANSPORT_ALIASES
    aliases['librabbitmq'] = aliases['pyamqp']


def receive(connection: Any, inbox: Inbox) -> None:
    """Say what is done with the messages of a connection of kombu."""
    setattr(connection, _INBOX, inbox)


class _Content(amqp.basic_message.Message):  # type: ignore[misc]
    """A message while it comes in.

    :ivar refused: why nothing of it is kept
    """

    def __init__(self, frame_args: bytes) -> None:
        super().__init__()
        self.properties: dict[str, Any] = {}
        self.frame_args = frame_args
        self.refused: _message.Unreadable | None = None

    def begin(self, header: bytes) -> None:
        """Read the frame before the body."""
        (self.body_size,) = struct.unpack_from('>Q', header, 4)
        self.ready = not self.body_size
        try:
            self._begin(header)
        except _message.Unreadable as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001
            # Whatever it stumbles over would come again.
            self._refuse(
                _message.Unreadable(
                    'form', f'its properties are none ({type(error).__name__})'
                )
            )

    def go_on(self, body: bytes) -> None:
        """Take a part of the body."""
        if self.refused is None:
            self.inbound_body(body)
        else:
            self.body_received += len(body)
            self.ready = self.body_received >= self.body_size

    def _begin(self, header: bytes) -> None:
        largest = _Settings.largest()
        if self.body_size > largest:
            raise _message.Unreadable(
                'size',
                f'it has more than {largest} bytes. If it is an honest one, '
                'raise rpc_max_message_bytes',
            )
        if len(header) > _MOST_OF_PROPERTIES:
            raise _message.Unreadable(
                'size',
                f'its properties have more than {_MOST_OF_PROPERTIES} bytes',
            )
        self.inbound_header(header)
        _message.properties(self.properties)

    def _refuse(self, error: _message.Unreadable) -> None:
        self.refused = error
        self.properties = {}


class _Returned(_Content):
    """A message of ours that no queue took: it comes back as it is."""

    def _begin(self, header: bytes) -> None:
        self.inbound_header(header)


def _frame_handler(
    connection: Any,
    callback: Callable[[int, tuple[int, int], bytes, Any], None],
) -> Callable[[tuple[int, int, bytes]], bool]:
    """Make what puts frames together, as py-amqp asks for it.

    :returns: takes a frame; whether something is complete with it
    """
    began: dict[int, tuple[tuple[int, int], _Content]] = {}

    def on_frame(frame: tuple[int, int, bytes]) -> bool:
        kind, channel, payload = frame
        connection.bytes_recv += 1
        if kind == _HEARTBEAT:
            return False
        if kind == _METHOD and channel not in began:
            method = struct.unpack_from('>HH', payload)
            if method in _WITH_CONTENT:
                made = _Content if method == _DELIVER else _Returned
                began[channel] = method, made(payload)
                return False
            callback(channel, method, payload, None)
            return True
        if kind not in (_HEADER, _BODY) or channel not in began:
            raise amqp.exceptions.UnexpectedFrame(
                f'Received frame {kind}, which belongs to nothing'
            )
        method, content = began[channel]
        if kind == _HEADER:
            content.begin(payload)
        else:
            content.go_on(payload)
        if not content.ready:
            return False
        del began[channel]
        arguments = content.frame_args
        if method == _DELIVER:
            arguments = _without_route(arguments)
        callback(channel, method, arguments, content)
        return True

    return on_frame


def _without_route(arguments: bytes) -> bytes:
    """Leave out how a message was sent: not all of that can be read."""
    # The method, the consumer's tag with its length, the number, a flag.
    end = 4 + 1 + arguments[4] + 8 + 1
    return arguments[:end] + b'\0\0'


class _Checked:
    """A message of kombu that is read once, within limits.

    :ivar size: about how many bytes it takes
    """

    channel: Any
    body: Any
    acknowledged: bool
    delivery_info: dict[str, Any]
    properties: dict[str, Any]
    content: dict[str, Any] | None = None
    size = 0
    inbox: Inbox = _Settings.inbox
    queue = ''

    def read(self) -> None:
        """Read it.

        :raises Unreadable: it is none
        """
        if self.delivery_info.get('redelivered'):
            self._read_again(len(self.body or b''))
        else:
            self._read()

    def _read(self) -> None:
        self.content, self.size = _message.unpack(self.body)
        self.body = b''

    def _read_again(self, size: int) -> None:
        """Read one that may be what ended its reader the time before."""
        again = self.inbox.again
        with again.reading(self.queue, size) if again else _no_record():
            self.ack()
            LOG.info(
                'A message of %d bytes in the queue %s comes a second time: '
                'who got it before did not acknowledge it. It does not come '
                'again. Should this process end now, it was the message, '
                'which is lost; see who may publish there.',
                size,
                self.queue,
            )
            self._read()

    @property
    def payload(self) -> dict[str, Any] | None:
        return self.content

    def ack(self, multiple: bool = False) -> None:
        if not self.acknowledged:
            super().ack(multiple)  # type: ignore[misc]

    def reject(self, requeue: bool = False) -> None:
        """What oslo.messaging does where it fails, acknowledged or not."""
        self.refuse(
            _message.Unreadable('form', 'it is none of oslo.messaging')
        )

    def refuse(self, error: _message.Unreadable) -> None:
        """Take it out of the queue, and tell of it."""
        if not self.acknowledged:
            super().reject(requeue=False)  # type: ignore[misc]
        self.inbox.tell(self.queue, error)


class _Message(_Checked, _amqp.Message):  # type: ignore[misc]
    def __init__(self, raw: Any, channel: Any = None, **kwargs: Any) -> None:
        self.refused = raw.__dict__.get('refused')
        # Else kombu unpacks it.
        (raw.headers or {}).pop('compression', None)
        super().__init__(raw, channel=channel, **kwargs)

    def read(self) -> None:
        if self.refused is not None:
            raise self.refused
        super().read()


class _MemoryMessage(_Checked, _virtual.Message):  # type: ignore[misc]
    def __init__(self, raw: Any, channel: Any = None, **kwargs: Any) -> None:
        headers = raw.get('headers') or {}
        self._said = {
            'content_type': raw.get('content-type'),
            'content_encoding': raw.get('content-encoding'),
            'application_headers': headers,
        }
        plain = {k: v for k, v in headers.items() if k != 'compression'}
        super().__init__(raw | {'headers': plain}, channel=channel, **kwargs)

    def read(self) -> None:
        _message.properties(self._said)
        super().read()


class _Reads:
    """A channel of kombu whose messages are read before they go on."""

    message_to_python: Callable[[Any], Any]
    connection: Any

    def basic_consume(
        self,
        queue: str = '',
        *args: Any,
        callback: Callable[[Any], None],
        **kwargs: Any,
    ) -> Any:
        def receive(raw: Any) -> None:
            inbox = getattr(self.connection.client, _INBOX, _Settings.inbox)
            if inbox.left:
                return
            message = self.message_to_python(raw)
            message.inbox, message.queue = inbox, queue
            try:
                message.read()
            except _message.Unreadable as error:
                message.refuse(error)
            else:
                callback(message)

        if 'arguments' in kwargs:
            kwargs['arguments'] = _from_now(kwargs['arguments'])
        return super().basic_consume(  # type: ignore[misc]
            queue, *args, callback=receive, **kwargs
        )


def _from_now(arguments: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out what was in a stream before its reader came.

    A stream keeps what was read and has no mark of what comes again, so that
    what ended its reader would do so at each start.
    """
    if arguments and arguments.get(_OFFSET) == 'last':
        return arguments | {_OFFSET: 'next'}
    return arguments


class _Channel(_Reads, _amqp.Channel):  # type: ignore[misc]
    Message = _Message

    def message_to_python(self, raw_message: Any) -> Any:
        if isinstance(raw_message, _Message):
            return raw_message
        return super().message_to_python(raw_message)


class _Connection(_amqp.Connection):  # type: ignore[misc]
    Channel = _Channel

    def __init__(
        self, host: str, *args: Any, ssl: Any = False, **kwargs: Any
    ) -> None:
        if isinstance(ssl, dict) and 'server_hostname' in ssl:
            # Of several hosts oslo.messaging names none, and any would do.
            name = ssl['server_hostname'] or netutils.parse_host_port(host)[0]
            ssl = ssl | {'server_hostname': name}
        super().__init__(
            host, *args, ssl=ssl, frame_handler=_frame_handler, **kwargs
        )

    def connect(self, callback: Callable[[], object] | None = None) -> Any:
        made = super().connect(callback)
        # Until oslo.messaging sets another limit: to open a channel has none.
        self.sock.settimeout(self.connect_timeout)
        buffer.attach(self.transport)
        return made

    def blocking_read(self, timeout: float | None = None) -> Any:
        if buffer.has_frame(self.transport):
            # The limit is one for the socket.
            return self.on_inbound_frame(self.transport.read_frame())
        return super().blocking_read(timeout)


class _MemoryChannel(_Reads, memory.Channel):  # type: ignore[misc]
    Message: Any = _MemoryMessage
