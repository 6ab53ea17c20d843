# SPDX-License-Identifier: Apache-2.0
"""Clients: a declared signature becomes a message that the peer can take."""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
import dataclasses
import logging
from typing import Any
from typing import ClassVar

from trove.common import context as trove_context
from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _plan
from trove.common.rpc import _transport
from trove.common.rpc import _wire
from trove.common.rpc._released import doubts
from trove.common.rpc._released import notification
from trove.common.rpc._released import words
from trove.common.rpc._seal import sealer as seal

LOG = logging.getLogger(__name__)


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

    interface: ClassVar[_interface.Interface]

    def __init_subclass__(
        cls, interface: _interface.Interface, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        methods = {
            name: value.rpc_method
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
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
        """The highest revision that may be sent to the peer now."""
        return str(self._cap())

    @property
    def known(self) -> bool:
        """Whether the peer announced what it speaks, or was asked for it."""
        return self._cap().known

    @property
    def is_sealing(self) -> bool:
        """Whether the peer is known as one that understands seals."""
        cap = self._cap()
        return cap.known and self.interface.seals(cap.peer)

    def can_send_version(self, version: str) -> bool:
        """Return whether the peer supports messages of ``version``.

        :param version: MAJOR.MINOR, or the name of a revision
        :raises ValueError: it is neither
        """
        limit = self._cap().limit
        try:
            return self.interface.revision(version) <= limit
        except ValueError:
            wanted = _contract.Version.parse(version)
        return (
            wanted.major == limit.version.major and wanted <= limit.version
        )

    def can_send(self, method: str, **values: Any) -> bool:
        """Return whether the peer supports this without omissions.

        :param values: the arguments that matter; others count as left at
            their defaults
        """
        try:
            message, _ = self._planned(self.interface.methods[method], values)
        except _plan.Unsendable:
            return False
        return not message.left_out

    def knows(self, word: words.Word) -> bool:
        """Return whether the peer is known to support a value."""
        return word.known(self.interface, self._cap().limit)

    def resend(
        self,
        context: trove_context.TroveContext,
        method: str,
        arguments: Mapping[str, Any],
    ) -> Any:
        """Send what the peer could not take before, planned anew.

        :param arguments: as they were received
        :raises trove.common.exception.NotFound: there is no such method here
        :raises trove.common.exception.BadRequest: it has other arguments
        :raises trove.common.exception.PeerTooOld: the peer still cannot
            take it
        """
        known = self.interface.methods.get(method)
        if known is None:
            raise exception.NotFound(
                f'This release has no {self.interface.name} method '
                f'"{method}". Replay it with a release that has the method, '
                'or discard it.'
            )
        try:
            return getattr(self, method)(context, **arguments)
        except TypeError as error:
            raise exception.BadRequest(
                reason=f'{method} does not accept these arguments: {error}. '
                'Replay it with the release that sent it first, or discard it.'
            ) from None

    def confirmed(
        self,
        context: trove_context.TroveContext,
        method: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Send what is a cast, and wait until it is carried out.

        For what some peers of a version fail to carry out: who casts it does
        not learn that. Waits ``probe_timeout`` seconds.

        :raises trove.common.exception.PeerError: the peer failed
        :raises trove.common.exception.PeerTimeout: it is not known whether
            it is carried out
        """
        declared = self.interface.methods[method]
        self._send(
            dataclasses.replace(declared, timeout='probe_timeout'),
            context,
            declared.bind((), dict(arguments)),
        )

    def create_queue(self) -> None:
        """Make the peer's queue, so that a cast waits there for the peer."""
        self._transport.connection.create_queue(self._topic, str(self._peer))

    def delete_queues(self) -> None:
        """Remove the queues of a peer that will not come back.

        Best effort: what does not work is logged.
        """
        self._transport.connection.delete_queues(self._topic, str(self._peer))

    def _cap(self) -> _plan.Cap:
        return self._transport.caps.get(self.interface, self._peer)

    def _send(
        self,
        method: _contract.Method,
        context: trove_context.TroveContext,
        values: Mapping[str, Any],
    ) -> Any:
        caps = self._transport.caps
        try:
            message, plan = self._planned(method, values)
            if message.left_out:
                self._omit(message, plan)
            try:
                return self._deliver(method, context, message, plan)
            except _wire.Refused:
                # Nothing was run over there, so it is safe to say it again.
                proven = self._transport.sealer.proven(
                    self.interface, self._peer, fresh=True
                )
                if proven:
                    # It said so in the clear. What it has announced may be
                    # another version by now.
                    caps.forget(self.interface.name, self._peer)
                else:
                    caps.refuted(self.interface, self._peer)
            again, lower = self._planned(method, values)
            if again.left_out:
                self._omit(again, lower)
            if not lower.cap.is_like(plan.cap):
                with contextlib.suppress(_wire.Refused):
                    return self._deliver(method, context, again, lower)
            if proven:
                raise self._doubted(method, again.version, lower.cap)
        except _plan.Unsendable as refused:
            raise self._refusal(method, refused) from None
        raise self._lost(again.version, lower)

    def _planned(
        self, method: _contract.Method, values: Mapping[str, Any]
    ) -> tuple[_plan.Message, _plan.Planner]:
        """Choose what is sent, within a cap that can be relied on.

        :raises _plan.Unsendable: the peer does not take it
        """
        cap = self._transport.caps.get(self.interface, self._peer)
        plan = _plan.planner(self.interface, method.name, cap)
        if method.kind == 'call' and not plan.weak:
            try:
                return plan.make(values), plan
            except _plan.Unsendable:
                pass  # It may have been upgraded since it was asked.
        return self._carefully(method, values, plan)

    def _carefully(
        self,
        method: _contract.Method,
        values: Mapping[str, Any],
        plan: _plan.Planner,
    ) -> tuple[_plan.Message, _plan.Planner]:
        """Plan what is not answered, or for a peer that may be another now."""
        caps = self._transport.caps
        interface = self.interface
        whom = interface, self._peer
        if plan.weak:
            if self._form(plan.cap) is None:
                # The peer may have announced a newer version meanwhile.
                caps.forget(interface.name, self._peer)
                plan = _plan.planner(interface, method.name, caps.get(*whom))
            if method.kind == 'call':
                # As above.
                with contextlib.suppress(_plan.Unsendable):
                    return self._fitting(plan, values), plan
        # A cast is not answered: what was found out must still be true.
        cap = caps.confirmed(*whom)
        if method.kind == 'cast' and caps.doubted(*whom) is not None:
            # It would drop it, if it is what it seems to be.
            raise self._doubted(method, str(interface.first_sealed), cap)
        plan = _plan.planner(interface, method.name, cap)
        return self._fitting(plan, values), plan

    def _fitting(
        self, plan: _plan.Planner, values: Mapping[str, Any]
    ) -> _plan.Message:
        if plan.weak and self._form(plan.cap) is None:
            # It would not understand what is sealed, and drop a cast.
            raise doubts.barred(self._transport, plan, self._peer)
        return plan.make(values)

    def _omit(self, message: _plan.Message, plan: _plan.Planner) -> None:
        LOG.info(
            'Omitted %s from %s %s to the %s, which speaks %s: the argument '
            'is newer, and the peer behaves the same without it.',
            ', '.join(message.left_out),
            self.interface.name,
            plan.method.name,
            self.interface.describe(self._peer),
            plan.cap,
        )
        version, left_out = message.version, message.left_out
        event = plan.event('left out', self._peer, version, left_out)
        _events.record(event)

    def _form(self, cap: _plan.Cap) -> str | None:
        sealer = self._transport.sealer
        return doubts.form(sealer, self.interface, self._peer, cap)

    def _doubted(
        self, method: _contract.Method, version: str, cap: _plan.Cap
    ) -> _plan.Unsendable:
        return doubts.doubted(
            self._transport,
            self.interface,
            self._peer,
            method,
            version,
            cap,
        )

    def _refusal(
        self, method: _contract.Method, refused: _plan.Unsendable
    ) -> exception.PeerTooOld | exception.PeerTooNew:
        plan = _plan.planner(self.interface, method.name, refused.cap)
        event = plan.event('refused', self._peer, str(refused.needs))
        _events.record(event)
        pin = self._transport.caps.pin(self.interface)
        return _plan.refusal(self.interface, self._peer, refused, pin)

    def _lost(
        self, version: str, plan: _plan.Planner
    ) -> exception.PeerTooOld:
        """Return what is told when the peer takes less than was thought."""
        _events.record(plan.event('refused', self._peer, version))
        pin = self._transport.caps.pin(self.interface)
        return _plan.too_old(
            self.interface,
            self._peer,
            plan.method.name,
            version,
            plan.cap,
            pin,
            speaks='less',
        )

    def _deliver(
        self,
        method: _contract.Method,
        context: trove_context.TroveContext,
        message: _plan.Message,
        plan: _plan.Planner,
    ) -> Any:
        """Send a message and return the reply, None to a cast.

        :raises _wire.Refused: the peer does not know it; nothing was run
        """
        interface, peer = self.interface, self._peer
        transport = self._transport
        seconds = None
        if method.timeout is not None:
            seconds = self._timeout or transport.settings[method.timeout]
        version, arguments = message.version, message.arguments
        token = plan.needs_token(context, arguments) and (
            # What the peer says of itself is not enough.
            not transport.sealer.only_sealed(interface, peer, fresh=True)
        )
        sender = plan.sender(context, token)
        if method.kind == 'cast' and not plan.ours:
            arguments = notification.add(
                interface, plan.cap.limit, peer, method.name, arguments, sender
            )
        sealed = None
        if transport.keys is not None:
            # What is sealed is of the version that knows seals, or later.
            sealed = interface.sealed_version(version, plan.cap.limit)
            version = sealed or version
        request = transport.sealer.request(
            interface,
            peer,
            method.name,
            version,
            arguments,
            sender,
            sealed is not None,
        )
        to = _wire.To(interface, peer, self._topic, version, seconds)
        reply = _wire.send(transport.connection, to, method, request)
        sent = plan.event('sent', peer, version, form=request.form)
        _events.record(sent)
        if method.kind == 'cast':
            return None
        try:
            return transport.sealer.reply(request, reply)
        except seal.SealedFailure as failure:
            _wire.fail(to, method, failure.class_name, failure.message)
