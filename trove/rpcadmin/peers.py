# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc peers``: the peers, and what each cannot be sent."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from trove.peers import versions
from trove.rpcadmin import base
from trove.rpcadmin import facts

COLUMNS = (
    'Kind',
    'Peer',
    'Release',
    'Speaks',
    'Usable',
    'Pin',
    'Last Seen',
    'State',
    'Messages',
    'Downgraded',
    'Released Form',
    'Blocks',
    'Left Out',
    'Over Budget',
    'Refused',
    'Last Refused',
)


class Peers(base.Lister):
    """List the services and guest agents, and what each cannot be sent.

    Speaks: the revision that it announced, or that a probe found. Usable: the
    highest revision that is sent to it, capped by the pin in the
    configuration files of this command. Messages: their encryption: sealed,
    encrypted as in releases up to 2026.2, or clear. Downgraded: why they are
    not sealed although the peer supports it: it refused a sealed message and
    has not announced itself since, it has no key, a pin, or another peer on
    the topic does not support it; empty where nothing is encrypted.
    Released Form: refused if messages with the weaker encryption of releases
    are neither sent to the guest agent nor accepted from it, because it has
    sent a sealed message, or are not sent to the services, because all of
    the kind support sealed messages; permitted by "trove-rpc sealing allow".
    Blocks: methods and arguments of this release that are refused because of
    the peer, except those that no datastore supports. Left Out: arguments
    omitted from messages to it.
    Over Budget: number of messages of a guest agent that were refused because
    it exceeded the limit of the conductors ([conductor]
    guest_reports_per_minute). Refused: other rejected messages in its name,
    by cause; Last Refused: time of the last one of either kind. Both count
    until "trove-rpc rejected discard" or a replay settles them; "trove-rpc
    rejected list --instance ID" lists the messages.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--blocking',
            action='store_true',
            help='Only peers that hold something back.',
        )
        parser.add_argument(
            '--refused',
            action='store_true',
            help='Only guest agents whose messages conductors refused.',
        )
        parser.add_argument(
            '--kind',
            action='append',
            choices=tuple(versions.INTERFACES),
            help='Only peers that serve this interface; may be repeated.',
        )
        parser.add_argument(
            '--state',
            action='append',
            choices=facts.STATES,
            help='Only peers in this state; may be repeated. A service is up '
            'or down, a guest agent up or silent; a peer that never announced '
            'itself is unregistered.',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        def wanted(peer: facts.Peer) -> bool:
            return (
                (not parsed_args.blocking or bool(peer.blocks))
                and (not parsed_args.refused or peer.refused is not None)
                and peer.state in (parsed_args.state or facts.STATES)
            )

        found = facts.find(self.app.conf, parsed_args.kind)
        return COLUMNS, (row(peer) for peer in found if wanted(peer))


def row(peer: facts.Peer) -> tuple[Any, ...]:
    causes = {} if peer.refused is None else dict(peer.refused.causes)
    beyond = causes.pop('limit', 0)
    last = None if peer.refused is None else peer.refused.last
    return (
        peer.kind,
        peer.name,
        peer.release,
        peer.speaks,
        peer.usable,
        peer.pin,
        base.moment(peer.seen),
        peer.state,
        peer.form,
        peer.downgraded,
        peer.sealing,
        base.Words(list(peer.blocks)),
        base.Words(list(peer.left_out)),
        beyond,
        base.Words([f'{cause} {count}' for cause, count in causes.items()]),
        base.moment(last),
    )
