# SPDX-License-Identifier: Apache-2.0
"""The receiver's part of sealed messages: which are opened, and how."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import Literal
from typing import Protocol

from trove.common import belief
from trove.common import crypto
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc._released import encryption
from trove.common.rpc._seal import envelope

SAME_KEYS = (
    'Both sides must use the same key, in the option or file that the guide '
    '"Message security" names'
)
_OFF = (
    'it is encrypted, but encryption is off here. Set '
    'enable_secure_rpc_messaging to the same value, and the keys, on both '
    'sides'
)
_CLEAR = (
    'it is not encrypted, but must be. Either enable_secure_rpc_messaging is '
    'off at its sender, or it is forged'
)
_WEAK = (
    'it has the released encryption, which does not authenticate the sender '
    'and which [DEFAULT] rpc_seal_minimum = authenticated forbids. Upgrade '
    'the sender, or set the option to released meanwhile'
)
_ONLY_SEALED = (
    'it has the released encryption, which does not authenticate the sender, '
    'although the instance has sent or accepted sealed messages since its key '
    'was created. If its guest agent, or the control plane, was rolled back, '
    'permit it ("trove-rpc sealing allow INSTANCE --reason WHY"); if not, it '
    'is forged, or it was sent just before an upgrade of its sender'
)
_STOPPED = (
    'it has the released encryption, and too many calls of its sender failed '
    'to decrypt within an hour. Further calls are refused until the hour is '
    'over or this service is restarted; casts are accepted. If the keys are '
    'correct, somebody is probing for the contents of messages: find out who '
    'has access to the message broker'
)
_WEAK_METHOD = (
    'its encryption does not authenticate the sender, and no version sends '
    'this method with it. It is forged'
)
_FOREIGN = 'it was sent to another instance: somebody has redirected it'
_NOT_OPENED = (
    'it does not decrypt with any key: another key was used, or it was '
    f'modified or redirected. {SAME_KEYS}'
)


class Keys(Protocol):
    """Source of the keys of a process. Thread-safe."""

    @property
    def identity(self) -> str | None:
        """The instance that this process speaks for.

        None for the services of the control plane.
        """

    def sealing(self, interface: str, peer: str | None) -> str | None:
        """Return the key for what goes to a peer.

        :returns: None when this peer has none, by agreement, and is spoken
            to in the clear
        :raises trove.common.exception.SealError: it ought to have one, and
            it cannot be had
        """

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> Sequence[str]:
        """Return all keys that what comes in may be sealed with.

        :param sender: the instance that it says to be of or for
        :param fresh: what is remembered was not enough
        :raises trove.common.exception.TroveError: they cannot be had
        """

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        """Take note that this key has opened a message.

        :param sealed: it was a sealed one, so its sender has the key
        """

    def released_allowed(
        self,
        interface: str,
        peer: str | None,
        fresh: bool = False,
        taken: bool = False,
    ) -> bool:
        """Whether the released form may be sent to a peer, or taken.

        See :attr:`trove.common.belief.Belief.released`.

        :param peer: the instance at one end of it; None: there is none
        :param fresh: what is remembered is not enough
        :param taken: it has come in
        :raises trove.common.exception.TroveError: it cannot be told
        """

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        """Whether something in the clear may be taken from or for a peer.

        :raises trove.common.exception.TroveError: it cannot be told
        """


class Unopened(Exception):
    """A message that must not be read.

    What keeps this side from reading it, as a database that is away does, is
    raised as it is.

    :param cause: ``seal``, or ``form`` when it is no message at all
    :param reason: for people, with the remedy
    :param whole: nobody has tried to open it, and it may be honest
    """

    def __init__(
        self,
        cause: Literal['seal', 'form'],
        reason: str,
        whole: bool = False,
    ) -> None:
        super().__init__(reason)
        self.cause: Literal['seal', 'form'] = cause
        self.reason = reason
        self.whole = whole


@dataclasses.dataclass(slots=True)
class Accepted:
    """A request that was opened, and what seals the reply.

    :param sender: the instance whose own key sealed it, if one did
    :param id: of a sealed one, 32 hexadecimal digits
    :param sent: when it was sealed, in seconds since the epoch
    """

    arguments: dict[str, Any] = dataclasses.field(repr=False)
    context: dict[str, Any] = dataclasses.field(repr=False)
    sender: str | None
    form: envelope.Form
    id: str | None = None
    sent: float | None = None
    key: str | None = dataclasses.field(default=None, repr=False)
    binding: envelope.Binding | None = None


def accept(
    keys: Keys | None,
    strict: bool,
    interface: _interface.Interface,
    peer: str | None,
    method: str,
    version: str,
    arguments: dict[str, Any],
    context: dict[str, Any],
    guesses: _limits.Guesses,
    seals: bool,
    waits: bool,
) -> Accepted:
    """Open a request; see :meth:`~.sealer.Sealer.accept`."""
    form = _form(arguments, context)
    if keys is None:
        if form != 'clear':
            raise Unopened('seal', _OFF)
        return Accepted(arguments, context, None, 'clear')
    opener = _Opener(
        keys, strict, interface, peer, method, guesses, seals, waits
    )
    try:
        if form == 'sealed':
            return opener.sealed(version, arguments, context)
        if form == 'released':
            return opener.released(arguments, context)
        return opener.clear(arguments, context)
    except _message.Malformed as error:
        raise Unopened('form', str(error)) from None
    except crypto.DecryptionError:
        raise Unopened('seal', _NOT_OPENED) from None


@dataclasses.dataclass(slots=True)
class _Opener:
    """Opens one request; its methods raise what :meth:`accept` sorts."""

    keys: Keys
    strict: bool
    interface: _interface.Interface
    peer: str | None
    method: str
    guesses: _limits.Guesses
    seals: bool
    waits: bool

    def clear(
        self, arguments: dict[str, Any], context: dict[str, Any]
    ) -> Accepted:
        named = self.peer
        if self.interface.names_sender:
            named = concerned(arguments)
        if self.strict or not self.keys.clear_allowed(
            self.interface.name, named
        ):
            raise Unopened('seal', _CLEAR)
        return Accepted(arguments, context, None, 'clear')

    def released(
        self, arguments: dict[str, Any], context: dict[str, Any]
    ) -> Accepted:
        if self.strict:
            raise Unopened('seal', _WEAK)
        declared = self.interface.methods.get(self.method)
        if declared is not None and declared.sealed:
            raise Unopened('seal', _WEAK_METHOD)
        named = None
        if self.interface.names_sender:
            named = context.get(encryption.SENDER)
            if not _message.is_name(named) or not named:
                raise _message.Malformed('it does not name its sender')
        parts = {k: encryption.bare(v, named) for k, v in arguments.items()}
        whole = encryption.bare(context.get(encryption.CONTEXT), None)
        sender = named if self.interface.names_sender else self.peer
        # A guest that serves a version without seals can be told nothing
        # else, and has said so itself.
        if not belief.takes(
            'released',
            not self.seals
            or self.keys.released_allowed(
                self.interface.name, sender, taken=True
            ),
        ):
            raise Unopened('seal', _ONLY_SEALED, whole=True)
        whose = self.interface.name, sender
        # Only who is answered can guess. What nobody waits for goes on to be
        # opened: else whoever sends what does not open silences others.
        if self.waits and self.guesses.exhausted(whose):
            raise Unopened('seal', _STOPPED)
        for key in self._candidates(sender):
            opened, good = _decrypted(whole, key)
            values = {}
            for name, part in parts.items():
                # All of them, whatever is wrong: how long it takes must not
                # tell what that was.
                values[name], well = _decrypted(part, key)
                good = good and well
            if good and isinstance(opened, dict):
                self.keys.opened(
                    self.interface.name, sender, key, sealed=False
                )
                return Accepted(values, opened, sender, 'released', key=key)
        if self.waits:
            self.guesses.failed(whose)
        raise crypto.DecryptionError

    def sealed(
        self, version: str, arguments: dict[str, Any], context: dict[str, Any]
    ) -> Accepted:
        if context:
            raise _message.Malformed('it has a context outside of the seal')
        header = envelope.Header.read(arguments[envelope.SEALED])
        if not self.interface.names_sender:
            if header.instance != (self.peer or ''):
                raise Unopened('seal', _FOREIGN)
        sender = header.instance or None
        for key in self._candidates(sender):
            if crypto.key_id(key) != header.key_id:
                continue
            binding = envelope.Binding(
                self.interface.name,
                self.method,
                version,
                header.instance,
                header.id,
                key,
            )
            content = binding.unseal('request', header)
            said, who = content.get('arguments'), content.get('context')
            if not isinstance(said, dict) or not isinstance(who, dict):
                raise _message.Malformed('it has no arguments or no context')
            self.keys.opened(self.interface.name, sender, key, sealed=True)
            return Accepted(
                said,
                who,
                sender,
                'sealed',
                header.id,
                header.sent,
                key,
                binding,
            )
        raise crypto.DecryptionError

    def _candidates(self, sender: str | None) -> Iterator[str]:
        tried = set()
        for fresh in (False, True):
            for key in self.keys.opening(
                self.interface.name, sender, fresh=fresh
            ):
                if key not in tried:
                    tried.add(key)
                    yield key


def _decrypted(text: str, key: str) -> tuple[Any, bool]:
    try:
        return encryption.decrypt(text, key), True
    except crypto.DecryptionError:
        return None, False


def _form(arguments: dict[str, Any], context: dict[str, Any]) -> envelope.Form:
    if arguments.keys() == {envelope.SEALED}:
        return 'sealed'
    return 'released' if encryption.CONTEXT in context else 'clear'


def concerned(arguments: dict[str, Any]) -> str | None:
    """Return the instance that a message in the clear speaks for."""
    named = arguments.get('instance_id')
    if named is None:
        notification = arguments.get('serialized_notification')
        if isinstance(notification, dict):
            named = notification.get('instance_id')
    if not isinstance(named, str):
        return None
    if not _message.is_name(named):
        raise _message.Malformed('it does not name an instance')
    return named
