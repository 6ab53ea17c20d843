# SPDX-License-Identifier: Apache-2.0
"""Base classes of the commands: exit status, columns and arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import json
import traceback
from typing import Any

from cliff import columns
from cliff import command
from cliff import lister
from cliff import show

from trove.common import exception
from trove.common import rpc
from trove.peers import versions
from trove.rpcadmin import app as rpc_app
from trove.rpcadmin import deployment

#: For people and for pipes: text. The others take values as they are.
_TEXT = ('table', 'csv', 'value', 'shell')


class Words(columns.FormattableColumn[list[str]]):
    """Several words: a list in JSON and YAML, a text in tables."""

    def human_readable(self) -> str:
        return ', '.join(self._value)


class Releases(Words):
    """Names of releases; tables show the first and the last."""

    def human_readable(self) -> str:
        return releases(self._value) or ''


class Document(columns.FormattableColumn[dict[str, Any]]):
    """A structure: itself in JSON and YAML, JSON text in tables."""

    def human_readable(self) -> str:
        return json.dumps(self._value, indent=2, sort_keys=True)


class UsageError(Exception):
    """A usage error that argparse does not detect."""


class _Common(command.Command):
    """Exits with 1 and prints the reason when the command fails.

    :cvar needs_database: the options are read and the database is open
        while it runs
    :ivar deployment: has the transport; for those that need the database
    :cvar failed: its exit status when something is in the way
    """

    app: rpc_app.App
    deployment: deployment.Deployment
    needs_database = True
    failed = 1

    def run(self, parsed_args: argparse.Namespace) -> int:
        try:
            if not self.needs_database:
                return super().run(parsed_args)
            self.deployment = deployment.Deployment(self.app)
            with self.deployment.opened():
                return super().run(parsed_args)
        except UsageError as error:
            self.app.complain(str(error))
            return 2
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001
            if self.app.options.debug:
                traceback.print_exc(file=self.app.stderr)
            self.app.complain(
                deployment.reason(error)
                or f'{type(error).__name__}: {error}. This is a bug; --debug '
                'shows the traceback.'
            )
            return self.failed


class Command(_Common):
    """A command that does something."""

    def each(
        self,
        names: Sequence[str],
        act: Callable[[str], str],
    ) -> int:
        """Apply an action to each name, and continue after failures.

        :param act: returns what it did, for people
        :returns: the exit status
        """
        failed = 0
        for number, name in enumerate(names, 1):
            place = f'[{number}/{len(names)}] {name}'
            try:
                done = act(name)
            except exception.TroveError as error:
                failed += 1
                self.app.complain(f'{place}: {deployment.reason(error)}')
            else:
                shown = rpc_app.plain(f'{place}: {done}')
                self.app.stdout.write(f'{shown}\n')
                self.app.stdout.flush()
        if failed:
            self.app.complain(f'{failed} of {len(names)} failed, see above.')
        return 1 if failed else 0


class Lister(_Common, lister.Lister):
    """A command that lists; the rows may be a generator."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        _check_columns(parsed_args, column_names)
        kind = parsed_args.formatter
        if kind in _TEXT:
            data = ([_text(cell, kind) for cell in row] for row in data)
        return super().produce_output(parsed_args, column_names, data)


class ShowOne(_Common, show.ShowOne):
    """A command that shows one thing."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        _check_columns(parsed_args, column_names)
        kind = parsed_args.formatter
        if kind in _TEXT:
            data = tuple(_text(cell, kind) for cell in data)
        status: int = super().produce_output(parsed_args, column_names, data)
        return status


def _check_columns(
    parsed_args: argparse.Namespace, column_names: Sequence[str]
) -> None:
    """Validate the names of the requested columns.

    :raises UsageError: one is not
    """
    there = {_column(name) for name in column_names}
    missing = [n for n in parsed_args.columns if _column(n) not in there]
    if missing:
        raise UsageError(
            f'there is no column "{missing[0]}". Columns: '
            + ', '.join(f'"{name}"' for name in column_names)
            + '.'
        )


def _column(name: str) -> str:
    # As cliff compares them.
    return name.lower().replace(' ', '_')


def take_interface(parser: argparse.ArgumentParser) -> None:
    """Add the optional argument INTERFACE to a command."""
    parser.add_argument(
        'interface',
        nargs='?',
        choices=tuple(versions.INTERFACES),
        help='Only this one.',
    )


def interfaces(parsed_args: argparse.Namespace) -> list[rpc.Interface]:
    """Return the interface that was named, or all."""
    return [
        interface
        for name, interface in versions.INTERFACES.items()
        if parsed_args.interface in (None, name)
    ]


def positive(text: str) -> int:
    """Parse an argument that is a positive integer.

    :raises ValueError: it is none, or less than one
    """
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


positive.__name__ = 'positive number'


def natural(text: str) -> int:
    """Parse an argument that is an integer, 0 or more.

    :raises ValueError: it is not
    """
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


natural.__name__ = 'number of 0 or more'


def seconds(text: str) -> float:
    """Parse an argument that is a number of seconds.

    :raises ValueError: it is none, or not more than nothing
    """
    number = float(text)
    if not 0 < number < float('inf'):
        raise ValueError(text)
    return number


seconds.__name__ = 'number of seconds'


def _text(cell: Any, formatter: str) -> Any:
    if isinstance(cell, Document):
        # JSON escapes what it holds.
        return cell.human_readable()
    if isinstance(cell, Words) and formatter != 'table':
        cell = ', '.join(cell.machine_readable())
    elif isinstance(cell, columns.FormattableColumn):
        cell = cell.human_readable()
    if cell is None or cell == '':
        return '' if formatter == 'csv' else '-'
    return rpc_app.plain(cell) if isinstance(cell, str) else cell


def moment(time: datetime.datetime | None) -> str | None:
    """Format a time of the database, which is in UTC."""
    if time is None:
        return None
    return time.isoformat(timespec='seconds') + 'Z'


def releases(names: Sequence[str]) -> str | None:
    """Return a range of releases as text, from the first to the last.

    :param names: oldest first; one with a number may be followed by its
        other name, which is omitted
    """
    said = [
        name
        for before, name in zip(('', *names), names, strict=False)
        if name[0].isdecimal() or not before[:1].isdecimal()
    ]
    if len(said) < 2:
        return said[0] if said else None
    return f'{said[0]} to {said[-1]}'


def chosen(names: Sequence[str], everything: bool) -> list[str]:
    """Return the given names without duplicates.

    :raises UsageError: neither names nor ``everything``, or both
    """
    if bool(names) == everything:
        raise UsageError('give either names or --all.')
    return list(dict.fromkeys(names))
