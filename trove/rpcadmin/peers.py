# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc peers``: who is there, and what each can be told."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

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
    """List the services and guest agents, and what each cannot be told.

    Speaks: what it announced, or what a probe found. Usable: the highest
    revision that is sent to it, the pin of the configuration file that this
    command reads applied. Messages: in which form they go: sealed, encrypted
    as releases up to 2026.2 do it, or clear. Downgraded: why they are not
    sealed, although the peer knows that: it refused a sealed message and has
    not announced itself since, it has no key, a pin, or another one on the
    topic that does not know it; not shown where nothing is encrypted.
    Released Form: refused: a guest agent has sent what is sealed, so that
    nothing in the weaker form of releases is sent to it or taken from it; or
    all services of the kind have reported that they know seals, so that it
    is not sent to them; permitted: by "trove-rpc sealing allow".
    Blocks: methods and arguments of this release that are refused because of
    it, besides those that no datastore supports. Left Out: arguments that
    messages to it do without.
    Over Budget: how many messages of a guest agent were refused because it
    had sent more within a minute than conductors take of one ([conductor]
    guest_reports_per_minute). Refused: what else came in its name and was
    not taken, by cause; Last Refused: when that was last, either. Both count
    until "trove-rpc rejected discard" or a replay settles them; "trove-rpc
    rejected list --instance ID" has them one by one.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--blocking',
            action='store_true',
            help='Only those that hold something back.',
        )
        parser.add_argument(
            '--refused',
            action='store_true',
            help='Only guest agents of which conductors refused something.',
        )
        parser.add_argument(
            '--kind',
            action='append',
            choices=tuple(base.INTERFACES),
            help='Only those that serve this interface; may be repeated.',
        )
        parser.add_argument(
            '--state',
            action='append',
            choices=facts.STATES,
            help='Only those in this state; may be repeated. A service is up '
            'or down, a guest agent up or silent; unregistered is who never '
            'said what it is.',
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
