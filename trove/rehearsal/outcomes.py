# SPDX-License-Identifier: Apache-2.0
"""Messages that a deployment cannot send, or only in part."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
from typing import Literal

from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import inventory as inventories
from trove.rehearsal import roles

Outcome = Literal['refused', 'rejected', 'left out']

_NOTHING: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Parts of an interface that a peer does not support.

    A method is ``name``, an argument ``name(argument)``.

    :param refused: not sent, and the sender is told; with the reason
    :param rejected: cast, and the receiver does not take it
    :param left_out: arguments that the message does without
    :param said: all that the sender might say
    """

    refused: Mapping[str, rpc.Fit]
    rejected: Mapping[str, rpc.Fit]
    left_out: Mapping[str, rpc.Fit]
    said: frozenset[str]

    def by_outcome(self) -> Iterator[tuple[Outcome, Mapping[str, rpc.Fit]]]:
        yield 'refused', self.refused
        yield 'rejected', self.rejected
        yield 'left out', self.left_out


@dataclasses.dataclass(frozen=True)
class Link:
    """A sender and a receiver.

    :param own: the revision of the sender's client
    :param limit: the highest that it may send, for its pin
    :param believed: what it takes the receiver for
    """

    sender: inventories.Member
    interface: str
    receiver: inventories.Member
    own: rpc.Revision
    limit: rpc.Revision
    believed: rpc.Revision

    @property
    def guests(self) -> inventories.Member | None:
        """The guests at either end."""
        for end in self.sender, self.receiver:
            if end.is_guests:
                return end
        return None

    def verdict(
        self, sealed: bool, passed_over: Collection[str] = ()
    ) -> Verdict:
        served = self.receiver.part.serves
        assert served is not None
        return between(
            self.interface,
            self.own,
            self.limit,
            self.believed,
            served,
            sealed,
            frozenset(passed_over),
        )


@functools.lru_cache(maxsize=4096)
def between(
    interface_name: str,
    own: rpc.Revision,
    limit: rpc.Revision,
    believed: rpc.Revision,
    endpoint: rpc.Revision,
    sealed: bool,
    passed_over: frozenset[str] = _NOTHING,
) -> Verdict:
    """Judge all that a client may say to an endpoint.

    :param own: the revision of the client
    :param limit: the highest that it may send
    :param believed: what it takes the endpoint for
    :param endpoint: what that is
    :param sealed: messages are sealed where both know seals
    :param passed_over: methods of which nothing is said
    """
    interface = versions.INTERFACES[interface_name]
    found: dict[Outcome, dict[str, rpc.Fit]] = {
        'refused': {},
        'rejected': {},
        'left out': {},
    }
    said = set()

    def judge(what: str, method: rpc.Method, *arguments: str) -> bool:
        """Judge one way to call it; return whether it comes through."""
        said.add(what)
        fit = functools.partial(
            rpc.fit,
            interface,
            method.name,
            arguments,
            client=limit,
            endpoint=endpoint,
            sealed=sealed,
        )
        result = fit(believed=believed)
        if result.by == 'endpoint' and method.kind == 'call':
            # The sender is told, finds out and says it anew.
            result = fit()
        if result.outcome == 'same':
            return True
        outcome: Outcome = result.outcome
        if result.by == 'endpoint':
            outcome = 'rejected'
        found[outcome][what] = result
        return outcome == 'left out'

    for name, known in interface.as_of(own).items():
        method = interface.methods[name]
        if name in passed_over or not judge(name, method):
            continue
        for argument in known.arguments:
            # That endpoints of some revision require it is another matter.
            if method.arguments[argument].default is not rpc.REQUIRED:
                judge(f'{name}({argument})', method, argument)
    return Verdict(
        found['refused'],
        found['rejected'],
        found['left out'],
        frozenset(said),
    )


def links(
    members: Sequence[inventories.Member],
    pins: Mapping[str, str],
    once: bool = False,
) -> Iterator[Link]:
    """All who say something to each other in a deployment.

    :param once: of services that are alike, only one as a sender
    """
    seen: list[roles.Part] = []
    for sender in members:
        if once and not sender.is_guests:
            if sender.part in seen:
                continue
            seen.append(sender.part)
        for interface in roles.SENDS[sender.part.kind]:
            receivers = [
                each
                for each in members
                if roles.SERVES.get(each.part.kind) == interface
            ]
            yield from _links(sender, interface, receivers, pins)


def _links(
    sender: inventories.Member,
    interface: str,
    receivers: Sequence[inventories.Member],
    pins: Mapping[str, str],
) -> Iterator[Link]:
    declared = versions.INTERFACES[interface]
    own = sender.part.revisions[interface]
    pin = declared.revision(pins[interface]) if interface in pins else None
    limit = own if pin is None or sender.is_guests else min(own, pin)
    seen = [part.seen for part in (each.part for each in receivers)]
    lowest = min((each for each in seen if each is not None), default=None)
    for receiver in receivers:
        believed = lowest
        if receiver.is_guests:
            believed = receiver.part.seen
        elif sender.is_guests:
            # The conductors tell it, and pass their pin on.
            believed = declared.floor
            if lowest is not None and sender.part.asks(own):
                believed = lowest if pin is None else min(lowest, pin)
        assert believed is not None
        yield Link(sender, interface, receiver, own, limit, believed)
