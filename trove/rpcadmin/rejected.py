# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc rejected``: what receivers could not take."""

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
from trove.rpcadmin import base

STATES = journal.STATES

#: Causes of what may be a copy of a message that was carried out: it is older
#: than rpc_message_max_age, or could not be told from one.
_DOUBTFUL = ('age', 'unread')

_PAGE = 1000


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--interface',
        choices=tuple(base.INTERFACES),
        help='Only those of this interface.',
    )
    parser.add_argument(
        '--instance',
        metavar='ID',
        help='Only those that concern this instance.',
    )


def _find(
    parsed_args: argparse.Namespace, state: str | None
) -> Iterator[journal.Rejected]:
    """Give what the filters let through, newest first."""
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
    """List the messages that could not be taken, newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_filters(parser)
        state = parser.add_mutually_exclusive_group()
        state.add_argument(
            '--state',
            choices=STATES,
            default='waiting',
            help='Only those in this state (default: waiting).',
        )
        state.add_argument(
            '--all',
            action='store_const',
            const=None,
            dest='state',
            help='Those in any state.',
        )
        parser.add_argument(
            '--limit',
            type=base.positive,
            metavar='N',
            help='The newest N only.',
        )
        parser.add_argument(
            '--long', action='store_true', help='Say why, too.'
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
                self.app.complain('there is none.')
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
    """Show a message that could not be taken, its secrets masked."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('id', help='As the list shows it.')
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
    """Does something to chosen messages that wait, oldest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'id', nargs='*', default=[], help='As the list shows them.'
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help='All that wait and that the options below let through.',
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
                    f'{len(doubtful)} may have been carried out already and '
                    f'are passed over: {", ".join(doubtful)}. Look what '
                    'became of each, and give its ID to replay it all the '
                    'same.'
                )
            # What came first may be what the later ones rely on.
            names = [each.id for each in reversed(found)]
            if not names:
                self.app.stdout.write('None waits.\n')
        return names


class Replay(_Each):
    """Send messages again that could not be taken, after the upgrade.

    Each is sent as it was meant, in a version that its receiver takes now.
    What still cannot be sent stays as it is; the exit status is then 1.
    With --all, those that cannot be replayed (broken or forged ones, and
    those of callers that were told) are passed over; so are those that came
    too late or could not be told from a copy (causes: age, unread), which may
    have been carried out already. Look first, then give their IDs.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        def replay(name: str) -> str:
            peers.replay(self.app.conf, self.deployment.transport, name)
            return 'sent again'

        return self.each(self.choose(parsed_args, replayable=True), replay)


class Discard(_Each):
    """Let messages be that could not be taken: nobody needs them any more.

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
            f'It is {state} already; only one that waits can be discarded.'
        )
