# SPDX-License-Identifier: Apache-2.0
"""Sealed messages: what goes encrypted, with which key, and what is taken.

A message has one of three forms:

``clear``
    Nothing is encrypted. Only where nothing is meant to be.
``released``
    As releases up to 26.0 do it: each argument and the context for itself,
    and nothing that could prove where it comes from or where it belongs.
``sealed``
    Arguments and context together in one text, authenticated, and bound to
    interface, method, version, instance, direction, time and an identifier
    of its own; a reply is bound to its request besides.

Who sends decides on the form, by what the peer understands; who receives
takes no form that is weaker than what was agreed, and never reads what does
not open.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import os
from typing import Any

from trove.common import belief
from trove.common import crypto
from trove.common import exception
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc._released import encryption
from trove.common.rpc._seal import envelope
from trove.common.rpc._seal import opener

_AUTHENTICATED = 'authenticated'

_NO_KEY = (
    'The %s has no key, and [DEFAULT] rpc_seal_minimum = authenticated '
    'forbids unencrypted messages.'
)
_NO_FORM = (
    'The %s speak a release whose encryption works for guest agents only. '
    'Upgrade them first.'
)


class SealedFailure(Exception):
    """The failure that a peer has put into a sealed reply.

    :param class_name: name of the exception's class over there
    """

    def __init__(self, class_name: str, message: str) -> None:
        super().__init__(message)
        self.class_name = class_name
        self.message = message


@dataclasses.dataclass(slots=True)
class Request:
    """A request as it goes on the wire, and what opens the reply."""

    # Not frozen: one is made for each message, and that would take thrice
    # as long.

    arguments: dict[str, Any] = dataclasses.field(repr=False)
    context: dict[str, Any] = dataclasses.field(repr=False)
    form: envelope.Form
    interface: _interface.Interface
    peer: str | None
    method: str
    key: str | None = dataclasses.field(default=None, repr=False)
    binding: envelope.Binding | None = None

    @property
    def who(self) -> str:
        return self.interface.describe(self.peer)


class Sealer:
    """Seals what goes out and opens what comes in. Safe for threads.

    :param keys: None when nothing is encrypted here
    :param minimum: gives ``released`` or ``authenticated``: the weakest form
        that is sent or taken
    """

    def __init__(
        self, keys: opener.Keys | None, minimum: Callable[[], str]
    ) -> None:
        self._keys = keys
        self._minimum = minimum
        self._guesses = _limits.Guesses()

    @property
    def has_keys(self) -> bool:
        """Whether anything is encrypted here."""
        return self._keys is not None

    @property
    def strict(self) -> bool:
        """Whether only the sealed form is sent and taken."""
        return self._keys is not None and self._minimum() == _AUTHENTICATED

    def only_sealed(
        self,
        interface: _interface.Interface,
        peer: str | None,
        fresh: bool = False,
    ) -> bool:
        """Whether a peer is sent nothing but what is sealed.

        :param fresh: what is remembered of the peer is not enough
        :raises trove.common.exception.TroveError: it cannot be told
        """
        return self.strict or self.proven(interface, peer, fresh=fresh)

    def proven(
        self,
        interface: _interface.Interface,
        peer: str | None,
        fresh: bool = False,
    ) -> bool:
        """Whether a peer has shown that it knows seals.

        False where an operator permits it to be taken for less all the same.

        :param fresh: what is remembered of the peer is not enough
        :raises trove.common.exception.TroveError: it cannot be told
        """
        return self._keys is not None and not self._keys.released_allowed(
            interface.name, peer, fresh=fresh
        )

    def request(
        self,
        interface: _interface.Interface,
        peer: str | None,
        method: str,
        version: str,
        arguments: dict[str, Any],
        context: dict[str, Any],
        authenticated: bool,
    ) -> Request:
        """Return a request as it goes on the wire.

        :param version: as it goes on the wire
        :param authenticated: the peer understands the sealed form
        :raises trove.common.exception.SealError: it ought to be encrypted,
            and cannot be
        """
        to = interface, peer, method
        if self._keys is None:
            return Request(arguments, context, 'clear', *to)
        key = self._keys.sealing(interface.name, peer)
        if key is None:
            if self.strict:
                who = interface.describe(peer)
                raise exception.SealError(reason=_NO_KEY % who)
            return Request(arguments, context, 'clear', *to)
        sender = self._keys.identity if interface.names_sender else peer
        form = belief.form(
            # Whoever is known to know no better is refused before this.
            known=False,
            seals=authenticated,
            released=not self.only_sealed(interface, peer),
        )
        if form == 'sealed':
            binding = envelope.Binding(
                interface.name,
                method,
                version,
                sender or '',
                os.urandom(16).hex(),
                key,
            )
            content = {'arguments': arguments, 'context': context}
            sealed = {envelope.SEALED: binding.seal('request', content)}
            return Request(sealed, {}, 'sealed', *to, key, binding)
        if interface.names_sender and sender is None:
            who = interface.describe(peer)
            raise exception.SealError(reason=_NO_FORM % who)
        named = sender if interface.names_sender else None
        return Request(
            {
                name: encryption.encrypt(value, key, named)
                for name, value in arguments.items()
            },
            encryption.encrypt_context(context, key, named),
            'released',
            *to,
            key,
        )

    def reply(self, request: Request, result: Any) -> Any:
        """Return what the peer answered.

        :param result: as it came over the wire
        :raises trove.common.exception.SealError: it does not open
        :raises SealedFailure: the peer failed
        """
        if request.key is None:
            return result
        try:
            if request.binding is None:
                text = encryption.bare(result, None)
                return encryption.decrypt(text, request.key)
            content = request.binding.unseal('reply', _read_reply(result))
            if 'failure' not in content:
                return content['result']
            failure = content['failure']
            words = str(failure['class']), str(failure['message'])
        except (crypto.DecryptionError, _message.Malformed) as error:
            why = str(error)
        except (KeyError, TypeError):
            why = 'it is empty'
        else:
            raise SealedFailure(*words)
        raise exception.SealError(
            reason=f'The {request.who} may have carried out {request.method}, '
            f'but its reply was rejected: {why}. {opener.SAME_KEYS}.'
        )

    def accept(
        self,
        interface: _interface.Interface,
        peer: str | None,
        method: str,
        version: str,
        arguments: dict[str, Any],
        context: dict[str, Any],
        seals: bool = True,
        waits: bool = True,
    ) -> opener.Accepted:
        """Open a request.

        :param peer: the instance whose topic it came by, if it has one
        :param version: as it came over the wire, the arguments and the
            context too
        :param seals: it is served in a version that knows seals
        :param waits: its sender waits for an answer, and may guess by it
        :raises Unopened: it must not be read
        :raises Exception: of the keys, which cannot be had
        """
        return opener.accept(
            self._keys,
            self.strict,
            interface,
            peer,
            method,
            version,
            arguments,
            context,
            self._guesses,
            seals,
            waits,
        )

    def answer(self, accepted: opener.Accepted, result: Any) -> Any:
        """Return a result as it goes on the wire."""
        if accepted.binding is not None:
            content = {'result': result}
            return {envelope.SEALED: accepted.binding.seal('reply', content)}
        if accepted.key is not None:
            return encryption.encrypt(result, accepted.key, None)
        return result

    def failure(
        self, accepted: opener.Accepted, class_name: str, message: str
    ) -> Any | None:
        """Return a failure as it goes on the wire, in place of a result.

        :returns: None when this form has no way to seal it
        """
        if accepted.binding is None:
            return None
        content = {'failure': {'class': class_name, 'message': message}}
        return {envelope.SEALED: accepted.binding.seal('reply', content)}


def _read_reply(result: Any) -> envelope.Header:
    if not isinstance(result, dict) or result.keys() != {envelope.SEALED}:
        raise _message.Malformed('it is not encrypted')
    return envelope.Header.read(result[envelope.SEALED])
