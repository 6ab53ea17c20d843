# SPDX-License-Identifier: Apache-2.0
"""Obstacles of an upgrade among the RPC peers, as sentences.

``trove-status upgrade check`` shows them; each says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import itertools

from oslo_config import cfg

from trove.common import exception
from trove.common import rpc
from trove.peers import versions
from trove.rpcadmin import facts

_EXAMPLES = 5

#: The servers of each interface, as a noun in sentences.
_NOUNS = {
    'conductor': 'conductors',
    'guestagent': 'guest agents',
    'taskmanager': 'task managers',
}


def some(names: Sequence[str]) -> str:
    """Name the first few, and the number of the others."""
    more = len(names) - _EXAMPLES
    rest = f' and {more} more' if more > 0 else ''
    return ', '.join(names[:_EXAMPLES]) + rest


class Survey:
    """All peers in the database, read once.

    What follows is said of what each speaks, without regard to pins.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._peers = list(facts.find(conf, pinned=False))

    def below_floor(self) -> Iterator[str]:
        """Report peers without a version that this release supports."""
        for kind, interface in versions.INTERFACES.items():
            found = [
                f'{peer.name} ({peer.speaks})'
                for peer in self._of(kind)
                if _speaks(peer) == rpc.NOTHING
            ]
            if found:
                yield (
                    f'{len(found)} {_NOUNS[kind]} speak no version that this '
                    f'release supports: {some(found)}. It supports '
                    f'{interface.floor} to {interface.latest}, so it cannot '
                    'send them anything. Upgrade them to a release with one '
                    'of these versions before this one is started.'
                )

    def oldest(self) -> Iterator[str]:
        """Report guests of the oldest or an unknown revision."""
        interface = versions.INTERFACES['guestagent']
        guests = self._of('guestagent')
        found = [
            f'{guest.name} ({guest.speaks or "unknown"})'
            for guest in guests
            if _speaks(guest) == interface.floor
        ]
        if found:
            yield (
                f'{len(found)} of {len(guests)} guest agents speak only the '
                f'oldest revision, or an unknown one: {some(found)}. They are '
                'probed at the first message, and refused anything newer than '
                'they speak. See "trove-rpc peers"; upgrade their images.'
            )

    def unheard(self) -> Iterator[str]:
        """Report guests that never reported, or no longer do."""
        never, silent = (
            [each.name for each in self._of('guestagent', state)]
            for state in ('unregistered', 'silent')
        )
        if never:
            yield (
                f'{len(never)} guest agents never reported: {some(never)}. '
                'Wait for those being created; check the logs of the others, '
                'or delete their instances.'
            )
        if silent:
            expiry = self._conf.agent_heartbeat_expiry
            yield (
                f'{len(silent)} guest agents have not reported for {expiry} '
                f'seconds: {some(silent)}. Their last known versions count. '
                'Start them, or delete the instances that are gone for good.'
            )

    def mixed(self) -> Iterator[str]:
        """Report services of one kind with different versions."""
        for kind, interface in versions.INTERFACES.items():
            if kind == 'guestagent':
                continue
            by_revision = sorted(
                (_speaks(peer), peer.name) for peer in self._living(kind)
            )
            groups = {
                revision.name: [name for _, name in members]
                for revision, members in itertools.groupby(
                    by_revision, key=lambda pair: pair[0]
                )
            }
            if len(groups) > 1:
                said = '; '.join(
                    f'{name}: {some(members)}'
                    for name, members in groups.items()
                )
                yield (
                    f'The {_NOUNS[kind]} speak different versions ({said}). '
                    f'All of them are sent {next(iter(groups))} until the '
                    'oldest are upgraded or stopped. See "trove-rpc peers '
                    f'--kind {interface.name}".'
                )

    def held_back(self) -> Iterator[str]:
        """Report what a valid pin withholds from peers that support it."""
        for kind, interface in versions.INTERFACES.items():
            try:
                pin = interface.pin(self._conf)
            except exception.ConfigurationError:
                continue
            if pin is None or pin >= interface.latest:
                continue
            value = self._conf.upgrade_levels[kind]
            yield (
                f'[upgrade_levels] {kind} is {value}: '
                f'{self._kept(kind, interface, pin)} Set it to auto when the '
                'upgrade is done.'
            )

    def _kept(
        self, kind: str, interface: rpc.Interface, pin: rpc.Revision
    ) -> str:
        names: dict[str, None] = {}
        number = 0
        for peer in self._living(kind):
            speaks = _speaks(peer)
            kept = facts.missing(interface, min(pin, speaks), speaks)[0]
            always = facts.missing(interface, speaks, speaks)[0]
            more = [name for name in kept if name not in always]
            names |= dict.fromkeys(more)
            number += bool(more)
        if not number:
            return (
                'nothing newer is sent. No current peer is refused anything '
                'because of it.'
            )
        return (
            f'{number} {_NOUNS[kind]} speak newer versions and are refused '
            f'{some(list(names))}.'
        )

    def floors(self) -> Iterator[str]:
        """Report for each interface whether its oldest version is needed."""
        for kind, interface in versions.INTERFACES.items():
            yield f'{kind}: {self._floor(kind, interface)}'

    def _floor(self, kind: str, interface: rpc.Interface) -> str:
        floor = interface.floor
        found = self._living(kind)
        unknown = [peer.name for peer in found if _unknown(peer)]
        if unknown == [facts.NOBODY]:
            return (
                f'keep {floor}; no service has reported yet. Check again when '
                'this release is running.'
            )
        if unknown:
            return (
                f'keep {floor}; the versions of {len(unknown)} of '
                f'{len(found)} are unknown: {some(unknown)}. "trove-rpc probe '
                'INSTANCE" asks a guest agent.'
            )
        if not found:
            return f'{floor} is not needed: there are none.'
        lowest = min(map(_speaks, found))
        holding = [peer.name for peer in found if _speaks(peer) == lowest]
        who = f'{len(holding)} of {len(found)}: {some(holding)}'
        if lowest <= floor:
            return f'keep {floor}; needed by {who}. Upgrade them first.'
        return (
            f'the floor may be raised from {floor} to {lowest}, which is '
            f'needed by {who}. Check the metrics for older messages first.'
        )

    def _of(self, kind: str, *states: str) -> list[facts.Peer]:
        return [
            peer
            for peer in self._peers
            if peer.kind == kind and (not states or peer.state in states)
        ]

    def _living(self, kind: str) -> list[facts.Peer]:
        """Return all peers except services that are down."""
        return [peer for peer in self._of(kind) if peer.state != 'down']


def _speaks(peer: facts.Peer) -> rpc.Revision:
    return facts.understood(versions.INTERFACES[peer.kind], peer.speaks)


def _unknown(peer: facts.Peer) -> bool:
    if peer.speaks is None:
        return True
    try:
        versions.INTERFACES[peer.kind].announced(peer.speaks)
    except ValueError:
        return True
    return False
