# SPDX-License-Identifier: Apache-2.0
"""The command: which rows, in which columns."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import pathlib
from typing import Any

from trove.rpcadmin import base
from trove.rpcadmin.matrix import notes
from trove.rpcadmin.matrix import page
from trove.rpcadmin.matrix import rows

_OVERVIEW = (
    'Interface',
    'Client',
    'Server',
    *(outcome.capitalize() for outcome in (*rows.OUTCOMES, rows.IN_VAIN)),
    'Notes',
)
_METHODS = (
    'Interface',
    'Client',
    'Server',
    'Method',
    'Argument',
    'Kind',
    'Outcome',
    'Told',
    'Sent',
    'Needs',
    'Why',
    'Remedy',
    'In vain',
)


class Notes(base.Words):
    """Notes that signatures do not show; a table has only their number."""

    def human_readable(self) -> str:
        return str(len(self._value) or '')


class Matrix(base.Lister):
    """Show what the clients and servers of all releases can exchange.

    Clients of this release know the versions of their peers: a message that a
    peer does not support is refused before it is sent, or its new arguments
    are omitted where that changes nothing. Clients of released Trove always
    send the messages of their release. The sender of a refused call gets an
    error; a refused cast is recorded by a server of this release, and lost at
    a released one, which only logs it.

    Messages in vain are counted separately: no code of the release sends
    them, or no datastore supports them, so an upgrade does not help.
    Neighbouring releases without differences share a row. The command needs
    neither configuration nor database nor message broker.
    """

    needs_database = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        base.take_interface(parser)
        for name, what in (
            ('client', 'that send'),
            ('server', 'that receive'),
        ):
            parser.add_argument(
                f'--{name}',
                action='append',
                type=release,
                metavar='RELEASE',
                help=f'Only releases {what}: a number such as 14, a series '
                'such as victoria or 2024.1, or latest; may be repeated.',
            )
        parser.add_argument(
            '--method',
            action='append',
            metavar='NAME',
            help='Show a row for each message, only of this method; may be '
            'repeated.',
        )
        parser.add_argument(
            '--outcome',
            action='append',
            choices=rows.OUTCOMES,
            help='Show a row for each message, only with this outcome; may be '
            'repeated.',
        )
        parser.add_argument(
            '--methods',
            action='store_true',
            help='Show a row for each message.',
        )
        parser.add_argument(
            '--html',
            metavar='FILE',
            type=pathlib.Path,
            help='Write the whole matrix to a self-contained HTML page '
            'instead of listing it.',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        if parsed_args.html:
            self._write(parsed_args)
            return (), ()
        _check_methods(parsed_args)
        found = (
            group
            for interface in base.interfaces(parsed_args)
            for group in rows.groups(
                interface.name,
                parsed_args.client or rows.all_releases(),
                parsed_args.server or rows.all_releases(),
            )
        )
        if parsed_args.methods or parsed_args.method or parsed_args.outcome:
            return _METHODS, (
                row
                for group in found
                for row in _messages(
                    group, parsed_args.method, parsed_args.outcome
                )
            )
        return _OVERVIEW, (_overview(group) for group in found)

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        if parsed_args.html:
            return 0
        return super().produce_output(parsed_args, column_names, data)

    def _write(self, parsed_args: argparse.Namespace) -> None:
        for name in 'interface', 'client', 'server', 'method', 'outcome':
            if getattr(parsed_args, name):
                raise base.UsageError(
                    'the page contains everything: use --html without '
                    f'{name}, and filter on the page.'
                )
        try:
            parsed_args.html.write_text(page.render(), 'utf-8')
        except OSError as error:
            raise base.UsageError(
                f'cannot write {parsed_args.html}: {error.strerror}. Give '
                '--html a file in a writable directory.'
            ) from None
        self.app.stdout.write(f'Wrote {parsed_args.html}\n')


def release(text: str) -> rows.Release:
    """Parse an argument that is a release.

    :raises argparse.ArgumentTypeError: there is none of that name
    """
    try:
        return rows.find(text)
    except ValueError:
        known = ', '.join(
            f'{each.number} ({each.series})' for each in rows.all_releases()
        )
        raise argparse.ArgumentTypeError(
            f'"{text}" is not one of the releases {known}'
        ) from None


def _check_methods(parsed_args: argparse.Namespace) -> None:
    known = {
        method
        for interface in base.interfaces(parsed_args)
        for method in interface.methods
    }
    for method in parsed_args.method or ():
        if method not in known:
            raise base.UsageError(
                f'there is no method "{method}". "trove-rpc matrix '
                '--methods -c Method" lists them.'
            )


def _overview(group: rows.Group) -> tuple[Any, ...]:
    return (
        group.interface,
        _names(group.clients),
        _names(group.servers),
        *group.counts().values(),
        Notes(list(_notes(group))),
    )


def _notes(group: rows.Group) -> Iterator[str]:
    found = {
        note.text
        for client in group.clients
        for server in group.servers
        for note in notes.about(group.interface, client.number, server.number)
    }
    yield from sorted(found)


def _messages(
    group: rows.Group,
    methods: Sequence[str] | None,
    outcomes: Sequence[str] | None,
) -> Iterator[tuple[Any, ...]]:
    for row in group.rows:
        if methods and row.method not in methods:
            continue
        if outcomes and row.outcome not in outcomes:
            continue
        yield (
            group.interface,
            _names(group.clients),
            _names(group.servers),
            row.method,
            row.argument,
            row.kind,
            row.outcome,
            row.told,
            row.sent,
            row.needs,
            row.why or None,
            row.remedy or None,
            row.vain or None,
        )


def _names(found: Sequence[rows.Release]) -> base.Releases:
    return base.Releases([str(each) for each in found])
