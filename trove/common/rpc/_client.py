# SPDX-License-Identifier: Apache-2.0
"""Clients: a declared signature becomes a message that the peer can take."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import functools
import logging
from typing import Any
from typing import ClassVar
from typing import NoReturn
from typing import TypeVar

import oslo_messaging

from trove.common import context as trove_context
from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _events
from trove.common.rpc import _plan
from trove.common.rpc import _transport

LOG = logging.getLogger(__name__)

F = TypeVar('F', bound=Callable[..., Any])


def call(
    since: str,
    *,
    timeout: str = 'agent_call_low_timeout',
    spans: Mapping[str, _contract.Span] | None = None,
) -> Callable[[F], F]:
    """Declare a method that waits for a reply.

    The decorated function has a signature and a docstring, and no body.

    :param since: first version of the interface that has the method
    :param timeout: name of the option with the seconds to wait
    :param spans: arguments that came or went after the method, by name
    """
    return _declare('call', since, timeout, spans or {})


def cast(
    since: str, *, spans: Mapping[str, _contract.Span] | None = None
) -> Callable[[F], F]:
    """Declare a method that does not wait; see :func:`call`."""
    return _declare('cast', since, None, spans or {})


def _declare(
    kind: _contract.Kind,
    since: str,
    timeout: str | None,
    spans: Mapping[str, _contract.Span],
) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        method = _contract.declare(kind, since, timeout, spans, function)

        @functools.wraps(function)
        def send(
            self: Client,
            context: trove_context.TroveContext,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            bound = method.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            values = bound.arguments
            if method.any_fields:
                *_, fields = values
                values.update(values.pop(fields))
            return self._send(method, context, values)

        send.rpc_method = method  # type: ignore[attr-defined]
        return send  # type: ignore[return-value]

    return decorate


class Client:
    """Base of the client classes in each service's ``api.py``.

    ::

        class API(rpc.Client, interface=INTERFACE):
            @rpc.call('1.0')
            def ping(self, context: TroveContext) -> bool:
                \"""Say whether the service answers.\"""

    :param transport: what carries the messages
    :param peer: which of the peers, for an interface that has a topic per
        peer; None where all share one topic
    :param timeout: seconds to wait for a reply instead of the option's

    A method raises, besides what the peer's side of it may raise:

    * :class:`~trove.common.exception.PeerTooOld`: the peer's version cannot
      express what was asked; nothing was sent
    * :class:`~trove.common.exception.PeerTimeout`: no reply
    * :class:`~trove.common.exception.PeerError`: the peer failed
    * :class:`~trove.common.exception.ServiceUnavailable`: the message broker
      did not take the message
    """

    interface: ClassVar[_contract.Interface]

    def __init_subclass__(
        cls, interface: _contract.Interface, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        methods = {
            name: value.rpc_method
            for name, value in vars(cls).items()
            if hasattr(value, 'rpc_method')
        }
        cls.interface = dataclasses.replace(interface, methods=methods)

    def __init__(
        self,
        transport: _transport.Transport,
        peer: str | None = None,
        timeout: float | None = None,
    ) -> None:
        # A pin that is wrong shows now, not at the first message.
        transport.caps.pin(self.interface)
        self._transport = transport
        self._peer = peer
        self._timeout = timeout
        self._topic = self.interface.topic(transport.conf, peer)

    @property
    def cap(self) -> str:
        """The highest version that may be sent to the peer now."""
        return str(self._cap())

    def can_send_version(self, version: str) -> bool:
        """Say whether the peer takes messages of ``version``.

        :raises ValueError: ``version`` is not of the form MAJOR.MINOR
        """
        wanted, cap = _contract.Version.parse(version), self._cap()
        return wanted.major == cap.major and wanted <= cap

    def can_send(self, method: str, **values: Any) -> bool:
        """Say whether the peer takes this, nothing of it left out.

        :param values: the arguments that matter; others count as left at
            their defaults
        """
        try:
            message = _plan.plan(
                self.interface.methods[method], values, self._cap()
            )
        except _plan.Unsendable:
            return False
        return not message.left_out

    def create_queue(self) -> None:
        """Make the peer's queue, so that a cast waits there for the peer.

        Only for a peer that does not listen yet.
        """
        self._transport.create_queue(self._topic, str(self._peer))

    def delete_queues(self) -> None:
        """Remove the queues of a peer that will not come back.

        Best effort: what does not work is logged.
        """
        self._transport.delete_queues(self._topic, str(self._peer))

    def _cap(self) -> _contract.Version:
        return self._transport.caps.get(self.interface, self._peer)

    def _send(
        self,
        method: _contract.Method,
        context: trove_context.TroveContext,
        values: Mapping[str, Any],
    ) -> Any:
        message = self._make(method, values, self._cap())
        if method.kind == 'cast':
            return self._deliver(method, context, message)
        try:
            return self._deliver(method, context, message)
        except _Refused:
            floor = self._transport.caps.lower(self.interface, self._peer)
            if message.version <= floor:
                self._too_old(method.name, message.version, 'less')
        # Nothing was run over there, so it is safe to say it again in words
        # that every version has.
        message = self._make(method, values, floor)
        try:
            return self._deliver(method, context, message)
        except _Refused:
            self._too_old(method.name, message.version, 'less')

    def _make(
        self,
        method: _contract.Method,
        values: Mapping[str, Any],
        cap: _contract.Version,
    ) -> _plan.Message:
        try:
            message = _plan.plan(method, values, cap)
        except _plan.Unsendable as refused:
            self._record('refused', method, refused.needs)
            self._too_old(refused.what, refused.needs, str(cap))
        if message.left_out:
            LOG.info(
                'Left %s out of %s %s to the %s, which speaks %s: the '
                'argument came later and the peer does the same without it.',
                ', '.join(message.left_out),
                self.interface.name,
                method.name,
                self.interface.describe(self._peer),
                cap,
            )
            self._record(
                'left out', method, message.version, message.left_out
            )
        return message

    def _too_old(
        self, what: str, needs: _contract.Version, speaks: str
    ) -> NoReturn:
        pin = self._transport.caps.pin(self.interface)
        remedy = self.interface.remedy
        if pin is not None and pin < needs:
            remedy = (
                f'This service is pinned: set [upgrade_levels] '
                f'{self.interface.name} to auto, or to {needs} or later.'
            )
        raise exception.PeerTooOld(
            peer=self.interface.describe(self._peer),
            what=what,
            needs=str(needs),
            speaks=speaks,
            remedy=remedy,
        )

    def _record(
        self,
        outcome: _events.Outcome,
        method: _contract.Method,
        version: _contract.Version,
        arguments: tuple[str, ...] = (),
    ) -> None:
        _events.record(
            _events.Event(
                outcome,
                self.interface.name,
                self._peer,
                method.name,
                str(version),
                arguments,
            )
        )

    def _deliver(
        self,
        method: _contract.Method,
        context: trove_context.TroveContext,
        message: _plan.Message,
    ) -> Any:
        seconds = None
        if method.timeout is not None:
            seconds = self._timeout or self._transport.conf[method.timeout]
        client = self._transport.client(self.interface.name).prepare(
            topic=self._topic, version=str(message.version), timeout=seconds
        )
        sender = context.to_dict()
        if not self.interface.carries_token:
            sender.update(auth_token=None, service_catalog=[])
        try:
            if method.kind == 'cast':
                reply = None
                client.cast(sender, method.name, **message.arguments)
            else:
                self._transport.reach()
                reply = client.call(sender, method.name, **message.arguments)
        except oslo_messaging.MessagingTimeout:
            raise exception.PeerTimeout(
                peer=self.interface.describe(self._peer),
                method=method.name,
                timeout=seconds,
            ) from None
        except oslo_messaging.RemoteError as error:
            self._remote(method, str(error.exc_type), str(error.value))
        except Exception as error:  # noqa: BLE001
            self._failed(method, error)
        self._record('sent', method, message.version)
        return reply

    def _failed(self, method: _contract.Method, error: Exception) -> NoReturn:
        built_in = type(error).__module__ == 'builtins'
        if built_in and method.kind == 'call':
            # oslo.messaging makes the built-in exceptions of the peer anew;
            # their text goes on with the peer's traceback.
            text = str(error).partition('\n')[0]
            self._remote(method, type(error).__name__, text)
        if built_in or isinstance(error, exception.TroveError):
            raise error
        LOG.error(
            'The message broker did not take %s %s: %s. Check that it runs '
            'and that transport_url is right.',
            self.interface.name,
            method.name,
            error,
        )
        raise exception.ServiceUnavailable(
            what='The message broker'
        ) from error

    def _remote(
        self, method: _contract.Method, remote_type: str, text: str
    ) -> NoReturn:
        if remote_type in ('UnsupportedVersion', 'NoSuchMethod'):
            raise _Refused
        known = getattr(exception, remote_type, None)
        if isinstance(known, type) and issubclass(known, exception.TroveError):
            raise known(text)
        raise exception.PeerError(
            peer=self.interface.describe(self._peer),
            method=method.name,
            remote_type=remote_type,
            reason=text,
        )


class _Refused(Exception):
    """The peer does not know the version or the method; nothing was run."""
