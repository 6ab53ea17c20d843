# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc rejected``: lists, replays and discards rejected messages."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import itertools
from typing import Any

from trove import peers
from trove.common import exception
from trove.objects.rejected import journal
from trove.peers import versions
from trove.rpcadmin import base

STATES = journal.STATES

#: Causes of what may be a copy of a message that was carried out: it is older
#: than rpc_message_max_age, or could not be told from one.
_DOUBTFUL = ('age', 'unread')

_PAGE = 1000


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--interface',
        choices=tuple(versions.INTERFACES),
        help='Only messages of this interface.',
    )
    parser.add_argument(
        '--instance',
        metavar='ID',
        help='Only messages that concern this instance.',
    )


def _find(
    parsed_args: argparse.Namespace, state: str | None
) -> Iterator[journal.Rejected]:
    """Yield the messages that the filters select, newest first."""
    marker = None
    while True:
        page = journal.list_(
            state=state,
            interface=parsed_args.interface,
            instance_id=parsed_args.instance,
            limit=_PAGE,
            marker=marker,
        )
        yield from page
        if len(page) < _PAGE:
            return
        marker = page[-1].id


class List(base.Lister):
    """List rejected messages, newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_filters(parser)
        state = parser.add_mutually_exclusive_group()
        state.add_argument(
            '--state',
            choices=STATES,
            default='waiting',
            help='Only messages in this state (default: waiting).',
        )
        state.add_argument(
            '--all',
            action='store_const',
            const=None,
            dest='state',
            help='Messages in any state.',
        )
        parser.add_argument(
            '--limit',
            type=base.positive,
            metavar='N',
            help='Only the newest N messages.',
        )
        parser.add_argument(
            '--long', action='store_true', help='Show the reason too.'
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        found: Iterator[journal.Rejected] = itertools.islice(
            _find(parsed_args, parsed_args.state), parsed_args.limit
        )
        if parsed_args.formatter == 'table':
            newest = list(itertools.islice(found, 1))
            if not newest:
                self.app.complain('there is no such message.')
            found = itertools.chain(newest, found)
        names: tuple[str, ...] = (
            'ID',
            'Created',
            'Interface',
            'Method',
            'Version',
            'Cause',
            'Instance',
            'Count',
            'State',
            'Replayable',
        )
        if parsed_args.long:
            names += ('Received By', 'Request ID', 'Reason')
        rows = (
            (
                each.id,
                base.moment(each.created),
                each.interface,
                each.method,
                each.version,
                each.cause,
                each.instance_id,
                each.count,
                each.state,
                each.replayable,
            )
            + (
                (each.peer or each.host, each.request_id, each.reason)
                if parsed_args.long
                else ()
            )
            for each in found
        )
        return names, rows


class Show(base.ShowOne):
    """Show a rejected message, with its secrets masked."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('id', help='As shown in the list.')
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        one = journal.get(parsed_args.id)
        found = {
            'id': one.id,
            'created': base.moment(one.created),
            'updated': base.moment(one.updated),
            'state': one.state,
            'replayable': one.replayable,
            'count': one.count,
            'interface': one.interface,
            'method': one.method,
            'version': one.version,
            'kind': one.kind,
            'cause': one.cause,
            'reason': one.reason,
            'instance_id': one.instance_id,
            'received_by': one.peer or one.host,
            'sender': one.sender,
            'request_id': one.request_id,
            'project_id': one.project_id,
            'user_id': one.user_id,
            'arguments': base.Document(one.arguments),
        }
        return tuple(found), tuple(found.values())


class _Each(base.Command):
    """Applies an action to waiting messages, oldest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'id', nargs='*', default=[], help='As shown in the list.'
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help='All waiting messages that the options below select.',
        )
        _add_filters(parser)
        return parser

    def choose(
        self, parsed_args: argparse.Namespace, replayable: bool
    ) -> list[str]:
        names = base.chosen(parsed_args.id, parsed_args.all)
        if parsed_args.all:
            found = [
                each
                for each in _find(parsed_args, 'waiting')
                if each.replayable or not replayable
            ]
            doubtful = [each.id for each in found if each.cause in _DOUBTFUL]
            if replayable and doubtful:
                found = [each for each in found if each.id not in doubtful]
                self.app.complain(
                    f'Skipped {len(doubtful)} that may have been carried out '
                    f'already: {", ".join(doubtful)}. Check the result of '
                    'each, and pass its ID to replay it anyway.'
                )
            # Later messages may depend on earlier ones.
            names = [each.id for each in reversed(found)]
            if not names:
                self.app.stdout.write('No messages are waiting.\n')
        return names


class Replay(_Each):
    """Replay rejected messages, for example after an upgrade.

    Each message is sent in a version that its receiver supports now. Messages
    that still cannot be sent stay unchanged; the exit status is then 1. --all
    skips messages that cannot be replayed (malformed or forged ones, and
    calls whose sender got an error), and those that may have been carried out
    already (causes: age, unread). Check the latter, then pass their IDs.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        def replay(name: str) -> str:
            peers.replay(self.app.conf, self.deployment.transport, name)
            return 'sent again'

        return self.each(self.choose(parsed_args, replayable=True), replay)


class Discard(_Each):
    """Discard rejected messages that nobody needs any more.

    They stay in the list, as discarded, and can no longer be replayed.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        return self.each(
            self.choose(parsed_args, replayable=False), self._discard
        )

    def _discard(self, name: str) -> str:
        if journal.mark(name, 'discarded'):
            return 'discarded'
        state = journal.get(name).state
        raise exception.Conflict(
            f'It is {state} already; only waiting messages can be discarded.'
        )
