# SPDX-License-Identifier: Apache-2.0
"""Chooses the version of a message, and what of it a peer can take.

And what the sender is told, and can do, when nothing is sent.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any
from typing import NamedTuple

from trove.common import context as trove_context
from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _message


class Message(NamedTuple):
    """The message for one call of a client's method."""

    version: str
    arguments: dict[str, Any]
    left_out: tuple[str, ...] = ()


class Unsendable(Exception):
    """The values cannot be said to a peer with this cap.

    :param what: the method, or the method and the argument
    :param needs: the nearest revision that has it; lower than the cap where
        it was withdrawn
    :param cap: of the peer
    :param remedy: what to do, instead of what the interface says
    :param speaks: what the peer is said to speak, if that is not believed
    """

    def __init__(
        self,
        what: str,
        needs: _contract.Revision,
        cap: Cap,
        remedy: str | None = None,
        speaks: str | None = None,
    ) -> None:
        super().__init__(f'{what} needs {needs}')
        self.what = what
        self.needs = needs
        self.cap = cap
        self.remedy = remedy
        self.speaks = speaks


@dataclasses.dataclass(frozen=True, eq=False)
class Cap:
    """How far one may go with a peer; there is one object for each.

    :param limit: the highest revision that may be sent
    :param peer: the revision that the peer is believed to be of; higher
        than the limit where the operator has set a pin
    :param known: False where nothing is known of the peer, and it is taken
        for what every peer understands
    """

    limit: _contract.Revision
    peer: _contract.Revision
    known: bool = True

    def __str__(self) -> str:
        return self.limit.name

    def is_like(self, other: Cap) -> bool:
        """Whether the same may be sent."""
        return (self.limit, self.peer) == (other.limit, other.peer)


@functools.lru_cache(maxsize=1024)
def cap(
    limit: _contract.Revision, peer: _contract.Revision, known: bool
) -> Cap:
    """Return the cap of these."""
    return Cap(limit, peer, known)


class Planner:
    """Makes the messages of one method for peers with one cap.

    :ivar interface: whose method it is
    :ivar ours: the peer is of this tree, as far as its cap tells
    :ivar weak: it is known as one that does not understand seals
    """

    def __init__(
        self,
        interface: _interface.Interface,
        method: _contract.Method,
        cap: Cap,
    ) -> None:
        self.method = method
        self.cap = cap
        self.ours = interface.seals(cap.limit)
        self.weak = cap.known and not interface.seals(cap.peer)
        self.interface = interface
        self._versions: dict[frozenset[str], str] = {}
        self._known = self._knows(method.span)
        #: Sent whatever their value is.
        self._always = frozenset(
            name
            for name, argument in method.arguments.items()
            if method.always_sent(argument)
            or interface.requires(argument.span, cap.peer)
        )
        self._sayable = frozenset(
            name
            for name, argument in method.arguments.items()
            if name in self._always or self._knows(argument.span)
        )
        #: The version where everything is sent as it is, to a peer that knows
        #: all of it.
        self._plain = None
        if self._known and len(self._always) == len(method.arguments):
            self._plain = self._version(self._always)

    def make(self, values: Mapping[str, Any]) -> Message:
        """Choose the lowest version that expresses ``values``.

        :raises Unsendable: even the cap does not express them
        """
        if self._plain is not None:
            return Message(self._plain, dict(values))
        method = self.method
        if not self._known:
            raise Unsendable(
                method.name, self._needs(method.span), self.cap
            )
        arguments = {}
        said = set()
        left_out = []
        for name, value in values.items():
            argument = method.arguments.get(name)
            if argument is not None and name not in self._always:
                if _same(value, argument.default):
                    continue
                if name not in self._sayable:
                    if not argument.span.may_omit:
                        raise Unsendable(
                            f'{method.name} with {name}',
                            self._needs(method.span, argument.span),
                            self.cap,
                        )
                    left_out.append(name)
                    continue
            if argument is not None:
                said.add(name)
            arguments[name] = value
        return Message(
            self._version(frozenset(said)), arguments, tuple(left_out)
        )

    def needs_token(
        self,
        context: trove_context.TroveContext,
        arguments: Mapping[str, Any],
    ) -> bool:
        """Whether a released peer needs the token of the user.

        That of an administrator is not for it.
        """
        return (
            not self.ours
            and bool(context.auth_token)
            and not context.is_admin
            and any(arguments.get(name) for name in self.interface.token_for)
        )

    def sender(
        self,
        context: trove_context.TroveContext,
        token: bool,
    ) -> dict[str, Any]:
        """Return what a message says of its sender.

        :param token: with the token, although the interface carries none
        """
        said = context.to_wire(released=not self.ours)
        if self.ours:
            said[_message.REVISION] = self.interface.latest.name
        if not (token or self.interface.carries_token):
            said.pop('auth_token', None)
            said.pop('service_catalog', None)
        return said

    def event(
        self,
        outcome: _events.Outcome,
        peer: str | None,
        version: str,
        arguments: tuple[str, ...] = (),
        form: str = '',
    ) -> _events.Event:
        """Return what became of a message, as it is counted."""
        return _events.Event(
            outcome,
            self.interface.name,
            peer,
            self.method.name,
            version,
            arguments,
            self.cap.peer.release,
            form,
        )

    def _knows(self, span: _contract.Span) -> bool:
        return self.interface.knows(span, self.cap.limit) and self._lasts(
            span, self.cap.peer
        )

    def _lasts(self, span: _contract.Span, peer: _contract.Revision) -> bool:
        """Whether a peer that is believed to be of a revision knows it."""
        if self.cap.known or self.method.kind == 'call':
            return self.interface.knows(span, peer)
        # It may be of a later one and would not say that it knows it no more.
        return all(
            self.interface.knows(span, revision)
            for revision in self.interface.history
            if revision >= peer
        )

    def _needs(self, *spans: _contract.Span) -> _contract.Revision:
        """The nearest revision that knows all of these, later ones first."""
        history = self.interface.history
        limit = self.cap.limit.index + 1
        for revision in (*history[limit:], *reversed(history[:limit])):
            if all(self._lasts(span, revision) for span in spans):
                return revision
        return self.interface.latest

    def _version(self, said: frozenset[str]) -> str:
        known = self._versions.get(said)
        if known is None:
            known = self._versions[said] = str(self._lowest(said))
        return known

    def _lowest(self, said: Collection[str]) -> _contract.Version:
        """The lowest version all of whose revisions take what is said."""
        interface, method = self.interface, self.method
        spans = [method.span] + [method.arguments[n].span for n in said]
        unsaid = [
            argument.span
            for name, argument in method.arguments.items()
            if name not in said
        ]

        def takes(revision: _contract.Revision) -> bool:
            return all(interface.knows(s, revision) for s in spans) and not (
                any(interface.requires(s, revision) for s in unsaid)
            )

        versions = sorted(
            {
                revision.version
                for revision in interface.history
                if revision <= self.cap.limit
            }
        )
        for version in versions:
            if all(
                takes(revision)
                for revision in interface.history
                if revision.version == version
            ):
                return version
        return self.cap.limit.version


@functools.lru_cache(maxsize=4096)
def planner(
    interface: _interface.Interface, method_name: str, cap: Cap
) -> Planner:
    """Return what makes the messages of a method within a cap."""
    return Planner(interface, interface.methods[method_name], cap)


def _same(value: Any, default: Any) -> bool:
    # 0 is not False on the wire.
    return type(value) is type(default) and bool(value == default)


#: Of a peer that knows no better than the encryption of releases.
WEAK = (
    'The encryption of that version does not authenticate the sender, which '
    '[DEFAULT] rpc_seal_minimum = authenticated forbids. Upgrade the peer, or '
    'set the option to released meanwhile.'
)

_UNKNOWN = (
    'It did not answer a probe. Check that it is running and reaches the '
    'message broker, then repeat the request; if that does not help, upgrade '
    'it.'
)


def refusal(
    interface: _interface.Interface,
    peer: str | None,
    refused: Unsendable,
    pin: _contract.Revision | None,
) -> exception.PeerTooOld | exception.PeerTooNew:
    """Return what the caller is told when nothing was sent.

    :param pin: the operator's, if there is one
    """
    cap, needs = refused.cap, str(refused.needs)
    withdrawn = _contract.NOTHING < cap.limit and refused.needs < cap.limit
    if withdrawn and refused.speaks is None:
        return too_new(interface, peer, refused.what, needs, cap)
    return too_old(
        interface,
        peer,
        refused.what,
        needs,
        cap,
        pin,
        speaks=refused.speaks,
        remedy=refused.remedy,
    )


def too_new(
    interface: _interface.Interface,
    peer: str | None,
    what: str,
    until: str,
    cap: Cap,
) -> exception.PeerTooNew:
    """The peer no longer knows what would be sent."""
    return exception.PeerTooNew(
        peer=interface.describe(peer),
        what=what,
        until=until,
        speaks=str(cap),
    )


def too_old(
    interface: _interface.Interface,
    peer: str | None,
    what: str,
    needs: str,
    cap: Cap,
    pin: _contract.Revision | None,
    speaks: str | None = None,
    remedy: str | None = None,
) -> exception.PeerTooOld:
    """The peer does not know yet what would be sent.

    :param pin: the operator's, if there is one
    :param speaks: what the peer speaks, where that is no revision
    :param remedy: what to do, where that does not follow from the rest
    """
    if cap.limit == _contract.NOTHING:
        speaks = speaks or 'other major versions only'
    if remedy is None and not (cap.known or speaks):
        speaks, remedy = f'{cap} as far as known', _UNKNOWN
    if remedy is None and pin is not None and cap.limit == pin < cap.peer:
        remedy = (
            f'This service is pinned: set [upgrade_levels] {interface.name} '
            f'to auto, or to {needs} or later.'
        )
    return exception.PeerTooOld(
        peer=interface.describe(peer),
        what=what,
        needs=needs,
        speaks=speaks or str(cap),
        remedy=remedy or interface.remedy,
    )
