# SPDX-License-Identifier: Apache-2.0
"""Messages in a world, and what must hold of them whatever happens to it.

Nothing is lost, nothing has another meaning, what is known of the peers comes
right, and no error is without a remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any
from typing import Literal

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import roles
from trove.rehearsal import sample_calls
from trove.rehearsal import world as worlds

#: Errors that a sender may get, and words of the remedy in each.
_TOLD = {
    exception.PeerTooOld: 'pgrade',
    exception.PeerTooNew: 'Omit it',
    exception.PeerTimeout: 'Check that it is running',
    exception.PeerUnreachable: 'Check that it is running',
    exception.ServiceUnavailable: 'Repeat the request later',
}

#: Says whether a message is to be refused: of an interface and a method,
#: with these values, from who may send the one revision to a peer that is of
#: the other.
Judge = Callable[
    [
        rpc.Interface,
        rpc.Method,
        Mapping[str, Any],
        rpc.Revision,
        rpc.Revision,
    ],
    bool,
]

Fate = Literal['sent', 'refused', 'unreachable']


class Broken(Exception):
    """Something does not hold that must."""


@dataclasses.dataclass(frozen=True)
class Order:
    """A way to call a method.

    :param values: the arguments that are given
    """

    interface: str
    method: rpc.Method
    values: dict[str, Any]

    def text(self) -> str:
        return f'{self.interface} {self.method.name} {sorted(self.values)}'

    @functools.cached_property
    def what(self) -> str | None:
        """``method``, or ``method(argument)``; None with more of them."""
        arguments = self.method.arguments
        extra = [
            name
            for name in self.values
            if name not in arguments
            or arguments[name].default is not rpc.REQUIRED
        ]
        if not extra:
            return self.method.name
        if len(extra) > 1 or extra[0] not in arguments:
            return None
        return f'{self.method.name}({extra[0]})'


@functools.cache
def orders(kind: str) -> tuple[Order, ...]:
    """Everything that a process may send, but for heartbeats."""
    return tuple(
        Order(interface, method, values)
        for interface in roles.SENDS[kind]
        for method in versions.INTERFACES[interface].methods.values()
        if method.name != 'heartbeat'
        for values in sample_calls.orders(method)
    )


def fit(
    interface: rpc.Interface,
    method: rpc.Method,
    values: Mapping[str, Any],
    limit: rpc.Revision,
    peer: rpc.Revision,
) -> bool:
    """Judge as ``rpc.fit`` does."""
    said = [
        name
        for name, value in values.items()
        if name not in method.arguments
        or value != method.arguments[name].default
    ]
    found = rpc.fit(interface, method.name, said, client=limit, endpoint=peer)
    return found.outcome == 'refused'


class Trial:
    """What was done to a world so far, step by step.

    :ivar steps: in words
    :ivar sent: what was sent, by its number
    :ivar number: how many messages there were to be sent
    """

    def __init__(self, world: worlds.World, judge: Judge) -> None:
        self.world = world
        self.steps: list[str] = []
        self.sent: dict[str, Order] = {}
        self._judge = judge
        self.number = 0

    def note(self, step: str) -> None:
        self.steps.append(step)

    def expect(self, holds: bool, broken: str) -> None:
        """Go on only if something holds.

        :raises Broken: it does not
        """
        if not holds:
            raise Broken(broken)

    def send(
        self, process: worlds.Process, order: Order, peer: str | None
    ) -> tuple[str, Fate]:
        """Send a message.

        :param peer: the guest that it is for
        :returns: its number, and what its sender was told
        :raises Broken: that is not what it should be
        """
        self.number += 1
        number = f'req-{self.number}'
        self.note(
            f'{process.name} sends {order.text()} to {peer or "anybody"}'
        )
        self.world.network.tag = number
        context = trove_context.TroveContext(
            request_id=number, overwrite=False
        )
        client = process.client(order.interface, peer)
        refused = self._refused(process, order, peer)
        try:
            getattr(client, order.method.name)(context, **order.values)
        except exception.TroveError as error:
            self.steps[-1] += f' -> {type(error).__name__}'
            self._check_told(number, refused, error)
            too_old = exception.PeerTooOld, exception.PeerTooNew
            return number, (
                'refused' if isinstance(error, too_old) else 'unreachable'
            )
        except Exception as error:
            raise Broken(f'the sender is told {error!r}') from error
        finally:
            self.world.network.tag = None
        self.steps[-1] += ' -> sent'
        self.sent[number] = order
        self.expect(not refused, 'it is sent to who does not know it')
        self.world.network.settle()
        dropped = self.world.dropped.get(number)
        self.expect(
            dropped is None
            or (dropped.kind != 'guest' and not self.world.settled),
            'a release drops it and tells nobody',
        )
        if refused is not None:
            rejected = number in self.world.rejections
            self.expect(
                number in self.world.arrived,
                'the peer rejects what it knows' if rejected else 'it is lost',
            )
        return number, 'sent'

    def _check_told(
        self, number: str, refused: bool | None, error: exception.TroveError
    ) -> None:
        self.expect(
            refused in (None, True), f'it is refused needlessly: {error!r}'
        )
        self.expect(
            _TOLD.get(type(error), '\0') in str(error)
            or '[upgrade_levels]' in str(error),
            f'an error without remedy: {error!r}',
        )
        if not isinstance(error, exception.PeerTimeout):
            self.expect(
                number not in self.world.arrived,
                f'it was done, and {error!r} denies it',
            )

    def _refused(
        self, process: worlds.Process, order: Order, peer: str | None
    ) -> bool | None:
        """Whether a message is to be refused, by its contract.

        None where that is not known: the peer cannot be reached, or the
        sender does not know it, or takes it for something else.
        """
        world = self.world
        declared = versions.INTERFACES[order.interface]
        cap = process.transport.caps.get(declared, peer)
        servers = world.network.listening(declared.topic(process.conf, peer))
        actual = {world.processes[s.process].part.serves for s in servers}
        if (
            not cap.known
            or actual != {cap.peer}
            or process.name in world.network.cut_off
        ):
            return None
        return self._judge(
            declared, order.method, order.values, cap.limit, cap.peer
        )

    def check(self) -> None:
        """Check the outcomes of all messages.

        Nothing vanishes, but for what a release drops. It gets what it
        cannot take only as long as the others do not know of it, which the
        operator is told how to avoid.

        :raises Broken: something is lost, or has another meaning
        """
        self.world.network.settle()
        waiting = self.world.network.waiting()
        for number, order in self.sent.items():
            fates = (
                len(self.world.arrived.get(number, ())),
                len(self.world.rejections.get(number, ())),
                int(number in self.world.dropped),
                int(number in waiting),
            )
            self.expect(
                sum(fates) == 1,
                f'{order.method.name} of {number} arrived, was rejected, was '
                f'dropped, waits: {fates}',
            )
            for arrived in self.world.arrived.get(number, ()):
                self._check_meaning(order, arrived)
        for found in self.world.rejections.values():
            for rejection in found:
                self.expect(
                    rejection.honest, f'{rejection}: {rejection.reason}'
                )

    def _check_meaning(self, order: Order, arrived: worlds.Arrived) -> None:
        method = order.method
        self.expect(arrived.method == method.name, f'{arrived}')
        for name in omitted(order, arrived):
            self.expect(
                name in method.arguments
                and method.arguments[name].span.may_omit,
                f'{name} of {method.name} did not reach {arrived.served} of '
                f'{order.interface}: {arrived.arguments}',
            )

    def check_settled(self) -> None:
        """Check that each process knows the version of each peer.

        :raises Broken: somebody does not, or a message waits for nobody
        """
        for process in self.world.processes.values():
            for interface in roles.SENDS[process.kind]:
                for peer in self._peers(interface):
                    right = self._right(process, interface, peer)
                    # Who announces nothing is asked before the next cast.
                    cap = process.transport.caps.confirmed(
                        versions.INTERFACES[interface], peer
                    )
                    self.expect(
                        cap.limit == right,
                        f'{process.name} sends {peer or interface} up to '
                        f'{cap}; right is {right}',
                    )
        self.check()
        self.expect(
            not self.world.network.waiting(), 'messages wait for nobody'
        )

    def _peers(self, interface: str) -> list[str | None]:
        if interface != 'guestagent':
            return [None]
        return [
            each.name
            for each in self.world.processes.values()
            if each.kind == 'guest'
        ]

    def _right(
        self, process: worlds.Process, interface: str, peer: str | None
    ) -> rpc.Revision:
        own = process.limit(interface)
        if process.kind == 'guest' and not process.part.asks(own):
            # It does not, or may not, ask the conductors.
            return versions.INTERFACES[interface].floor
        for each in self.world.processes.values():
            seen = each.part.seen
            if (
                seen is None
                or roles.SERVES[each.kind] != interface
                or peer not in (None, each.name)
            ):
                continue
            own = min(own, seen)
            if process.kind == 'guest':
                # The conductors pass their pin on.
                own = min(own, each.limit(interface))
        return own


def omitted(order: Order, arrived: worlds.Arrived) -> Iterator[str]:
    """Name the arguments whose values did not arrive."""
    meant = sample_calls.meaning(order.method, order.values)
    understood = sample_calls.meaning(order.method, arrived.arguments)
    for name, value in meant.items():
        if understood.get(name) != value:
            yield name
