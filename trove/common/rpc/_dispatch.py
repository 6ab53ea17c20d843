# SPDX-License-Identifier: Apache-2.0
"""Dispatch of a received message, step by step.

oslo.messaging acknowledges a message before it dispatches it, so one that
cannot be taken would be gone; here it is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import functools
import logging
from typing import Any
from typing import NoReturn

import oslo_messaging

from trove.common import context as trove_context
from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _endpoint
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc import _rejection
from trove.common.rpc import _replays
from trove.common.rpc import _settings
from trove.common.rpc._broker import replies
from trove.common.rpc._seal import envelope
from trove.common.rpc._seal import opener
from trove.common.rpc._seal import sealer as seal

LOG = logging.getLogger(__name__)

_Message = _message.Message
_Reject = _rejection.Reject
_not_taken = _rejection.not_taken

#: How often an hour the log tells of calls of a sender that are refused.
_MOST_TOLD = 60


@dataclasses.dataclass(frozen=True)
class Receiver:
    """Resources of a process for receiving messages.

    :param sink: None where nobody writes rejections down
    :param replays: what this process remembers is checked in any case
    :param budget: what each guest may cause; None: there is no limit
    """

    settings: _settings.Settings
    sealer: seal.Sealer
    sink: _rejection.Sink | None
    replays: _replays.Replays | None
    budget: _limits.Budget | None = None
    memory: _replays.Memory = dataclasses.field(
        default_factory=_replays.Memory
    )


class Dispatcher:
    """Takes the messages of one topic.

    :param endpoints: one for each major version that is served
    :param peer: the instance whose guest this is, None for the services
    """

    def __init__(
        self,
        receiver: Receiver,
        endpoints: Sequence[_endpoint.Endpoint],
        peer: str | None,
    ) -> None:
        self._receiver = receiver
        self._endpoints = endpoints
        self._peer = peer
        self._name = endpoints[0].interface.name
        self._found: dict[tuple[str, str], _endpoint.Served] = {}
        self._count = _events.counter(endpoints, peer)
        self._told = _limits.Limit(lambda: _MOST_TOLD)
        self._seals = any(each.seals for each in endpoints)
        self._unopened = _rejection.Unopened(peer)
        self._copies = _replays.Copies(
            self._name,
            peer,
            receiver.settings,
            receiver.memory,
            receiver.replays,
        )

    def expect(self, incoming: Any) -> _endpoint.Place:
        """Notify the endpoint of a message; enter this to dispatch it."""
        return _endpoint.expect(self._endpoints, incoming.message)

    def dispatch(self, incoming: Any) -> Any:
        """Do what a message says, and return the reply.

        :param incoming: an ``oslo_messaging`` incoming message
        :raises oslo_messaging.ExpectedException: with what the sender is to
            be told, and without a traceback
        """
        waits = getattr(incoming, 'reply_q', None) is not None
        message = _Message('call' if waits else 'cast')
        try:
            # Not while it is answered: that may wait for who has asked.
            with _endpoint.place_of(incoming):
                return self._dispatch(message, incoming)
        finally:
            opened = message.form not in ('', 'clear')
            replies.is_proven(
                incoming, opened or not self._receiver.sealer.has_keys
            )
            if message.payer is not None and self._receiver.budget is not None:
                self._receiver.budget.leave(message.payer, waits)

    def joins(self, incoming: Any) -> bool:
        """Whether it goes along with its like: nobody waits for it."""
        budget = self._receiver.budget
        return (
            budget is not None
            and getattr(incoming, 'reply_q', None) is None
            and budget.is_renewed(incoming.message.get('method'))
        )

    def _dispatch(self, message: _Message, incoming: Any) -> Any:
        try:
            self._read(message, incoming)
            if message.kind == 'call':
                served = self._find(message)
                if envelope.SEALED not in message.arguments:
                    # A probe has no key, and needs the names of the errors.
                    self._check(message, served)
            # What is written down of a cast must be of somebody who may
            # send, and readable, to be sent again.
            accepted = self._open(message)
            self._copies.check(message, accepted)
            begins = self._charge(message, accepted)
        except Exception as error:  # noqa: BLE001
            return self._not_read(message, error)
        return self._carry_out(message, accepted) if begins else None

    def _carry_out(self, message: _Message, accepted: opener.Accepted) -> Any:
        try:
            self._copies.check_stored(
                message, accepted, self._is_repeatable(message)
            )
            served = self._find(message)
            context = self._context(message)
            self._check(message, served)
        except Exception as error:  # noqa: BLE001
            return self._not_read(message, error)
        self._count('received', message)
        try:
            answer = served.function(context, **message.arguments)
        except exception.TroveError as error:
            if message.kind == 'cast':
                raise
            return self._failure(accepted, error)
        except Exception as error:
            LOG.exception(
                'Failed to carry out %s %s.', self._name, message.method
            )
            return self._failure(accepted, error)
        if message.kind == 'cast':
            # Nobody waits for it, and to seal it takes its time.
            return None
        return self._receiver.sealer.answer(accepted, answer)

    def _later(
        self, message: _Message, accepted: opener.Accepted, given_up: bool
    ) -> None:
        """Carry out a cast when it is its turn, or reject it."""
        try:
            if given_up:
                self._not_read(message, _rejection.given_up())
            else:
                self._carry_out(message, accepted)
        except oslo_messaging.ExpectedException:
            pass  # Nobody waits to be told.
        except Exception:
            LOG.exception(
                'Failed to carry out %s %s.', self._name, message.method
            )

    def unreadable(self, error: _message.Unreadable) -> None:
        """Write down that something came that is no message at all."""
        refused = _Reject(
            error.cause,
            f'{error}. {_message.WHO}',
            _not_taken(),
            counted=error.counted,
        )
        self._reject(_Message('cast'), refused)

    def duplicate(self) -> None:
        """Count what oslo.messaging has taken for a copy, and dropped."""
        self._count('rejected', _Message('cast'), 'duplicate')

    def doubt(self, queue: str, size: int) -> _rejection.Settle:
        """Write down that a message comes again."""
        found = _rejection.again(self._name, self._peer, queue, size)
        return _rejection.doubt(self._receiver.sink, found)

    # The steps

    def _read(self, message: _Message, incoming: Any) -> None:
        """Check that it has the form of a message at all."""
        said = incoming.message
        method, version = said.get('method'), said.get('version', '1.0')
        arguments = said.get('args', {})
        if isinstance(method, str):
            message.method = method[:255]
        if isinstance(arguments, dict):
            message.arguments = arguments
        if isinstance(incoming.ctxt, dict):
            message.context = dict(incoming.ctxt)
            # oslo.messaging's own.
            message.context.pop('client_timeout', None)
        if _message.is_deep(message.arguments):
            message.arguments = {}
            self._refuse('form', 'malformed message: nested too deeply')
        limit = self._receiver.settings['rpc_max_message_bytes']
        if _message.size((arguments, incoming.ctxt)) > limit:
            message.arguments = {}
            self._refuse(
                'size',
                f'larger than {limit} bytes. If the sender is legitimate, '
                'raise rpc_max_message_bytes',
            )
        if (
            not isinstance(arguments, dict)
            or not all(map(_message.is_name, (method, *arguments)))
            or said.get('namespace') is not None
        ):
            self._refuse('form', 'malformed message')
        try:
            message.version = str(_contract.Version.parse(version))
        except (ValueError, AttributeError, TypeError):
            self._refuse('form', 'malformed version')

    def _find(self, message: _Message) -> _endpoint.Served:
        """Find who serves it."""
        key = message.version, message.method
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._search(message)
        return found

    def _search(self, message: _Message) -> _endpoint.Served:
        version = _contract.Version.parse(message.version)
        try:
            found = _endpoint.find(self._endpoints, version, message.method)
        except _endpoint.NotServed as error:
            told = (
                oslo_messaging.UnsupportedVersion(
                    message.version, method=message.method
                )
                if error.cause == 'version'
                else oslo_messaging.NoSuchMethod(message.method)
            )
            raise _Reject(error.cause, str(error), told) from None
        return found.served[message.method]

    def _open(self, message: _Message) -> opener.Accepted:
        """Open it, if it is of somebody who may send it."""
        interface = self._spoken(message)
        try:
            accepted = self._receiver.sealer.accept(
                interface,
                self._peer,
                message.method,
                message.version,
                message.arguments,
                message.context,
                self._seals,
                message.kind == 'call',
            )
        except opener.Unopened as error:
            self._refuse(self._unopened.cause(message, error), error.reason)
        message.arguments = accepted.arguments
        message.context = accepted.context
        message.sender = accepted.sender
        message.form = accepted.form
        return accepted

    def _charge(self, message: _Message, accepted: opener.Accepted) -> bool:
        """Check the message limit of the sender.

        :returns: whether it is its turn; else it is done later
        """
        budget = self._receiver.budget
        # A released form has no name: nobody can tell copies of it.
        proven = message.form == 'sealed'
        named = message.sender or opener.concerned(message.arguments)
        if budget is None or named is None:
            return True
        payer = _limits.Payer(named, proven, _replays.is_late(accepted))
        size = _message.size(message.arguments)
        taken = budget.take(payer, message.method, size)
        if taken and not budget.is_renewed(message.method):
            later = functools.partial(self._later, message, accepted)
            # The caller gets an error and can repeat the call.
            casts = message.kind == 'cast'
            turn = budget.enter(payer, later if casts else None)
            taken = turn != 'refused'
            if turn == 'now':
                message.payer = payer
            elif taken:
                return False
        if not taken:
            self._copies.forget(message, accepted)
            error = exception.ServiceUnavailable(_limits.NOT_NOW)
            sealed = self._receiver.sealer.failure(
                accepted, type(error).__name__, str(error)
            )
            raise _Reject('limit', _limits.TOO_MUCH, _not_taken(), sealed)
        return True

    def _is_repeatable(self, message: _Message) -> bool:
        method = self._spoken(message).methods.get(message.method)
        return method is not None and method.repeatable

    def _spoken(self, message: _Message) -> _interface.Interface:
        version = _contract.Version.parse(message.version)
        for endpoint in self._endpoints:
            if endpoint.version.major == version.major:
                return endpoint.interface
        return self._endpoints[0].interface

    def _context(self, message: _Message) -> trove_context.TroveContext:
        try:
            context = trove_context.TroveContext.from_dict(message.context)
        except (TypeError, ValueError, AttributeError):
            self._refuse('form', 'malformed context')
        context.sender = message.sender
        context.sealed = message.form == 'sealed'
        return context

    def _check(self, message: _Message, served: _endpoint.Served) -> None:
        try:
            served.terms.check(message.arguments)
        except _endpoint.ArgumentsRefused as error:
            raise _Reject('arguments', str(error), error) from None

    # The outcome

    def _failure(self, accepted: opener.Accepted, error: Exception) -> Any:
        sealed = self._receiver.sealer.failure(
            accepted, type(error).__name__, str(error)
        )
        if sealed is None:
            _rejection.tell(error)
        return sealed

    def _refuse(self, cause: _rejection.Cause, reason: str) -> NoReturn:
        raise _Reject(cause, reason, _not_taken())

    def _not_read(self, message: _Message, error: Exception) -> Any:
        """Return what a sender is told of a message that is not taken."""
        if not isinstance(error, _Reject):
            # A fault of ours must not make a message vanish.
            LOG.error(
                'Could not read a message of %s.', self._name, exc_info=error
            )
            error = _rejection.failed(error)
        self._reject(message, error)
        if error.answer is None:
            _rejection.tell(error.error)
        return error.answer

    def _reject(self, message: _Message, rejected: _Reject) -> None:
        interfaces = [each.interface for each in self._endpoints]
        if _rejection.is_probe(interfaces, message, rejected.cause):
            # A probe, which was answered.
            return
        self._count('rejected', message, rejected.counted)
        rejection = _rejection.rejection(
            self._name, self._peer, message, rejected
        )
        if message.kind == 'call' and rejection.honest:
            if self._told.take(message.sender or ''):
                LOG.info(
                    'Refused the call of %s %r: %s.',
                    self._name,
                    message.method,
                    rejected.reason,
                )
        elif self._receiver.sink is not None:
            _rejection.write_down(self._receiver.sink, rejection)
        else:
            LOG.warning(
                'Rejected %s %r: %s.',
                self._name,
                message.method,
                rejected.reason,
            )
