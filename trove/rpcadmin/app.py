# SPDX-License-Identifier: Apache-2.0
"""The application around the commands: options, database, transport."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import logging

from cliff import app as cliff_app
from cliff import commandmanager
from oslo_config import cfg
from oslo_db import exception as db_exception
from sqlalchemy import exc as sa_exc

from trove import conf as trove_conf
from trove import peers
from trove import version
from trove.common import exception
from trove.common import rpc
from trove.db import session
from trove.objects import database

NAME = 'trove-rpc'

_DESCRIPTION = """\
What the services and guest agents say to each other: who speaks what, and
what could not be taken.
"""

#: Of a program that writes to a pipe which nobody reads any more.
BROKEN_PIPE = 141


class App(cliff_app.App):
    """Finds the command and gives it what it works with.

    :param conf: the options; read when a command needs them
    """

    NAME = NAME
    LOG = logging.getLogger(NAME)

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(
            description=_DESCRIPTION,
            version=version.release(),
            command_manager=commandmanager.CommandManager('trove.rpcadmin'),
            # So that a command's own help is shown after its name.
            deferred_help=True,
        )
        # It makes shell completion; nobody needs it to read a message.
        self.command_manager.commands.pop('complete', None)
        self.conf = conf
        self._transport: rpc.Transport | None = None

    @property
    def transport(self) -> rpc.Transport:
        """Of this command; opened at its first use, closed at its end."""
        if self._transport is None:
            self._transport = peers.transport(self.conf)
        return self._transport

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, object] | None = None,
    ) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=NAME, description=description, add_help=False
        )
        parser.add_argument(
            '-h',
            '--help',
            action='store_true',
            dest='deferred_help',
            help='Show this text; after a command: what it takes.',
        )
        parser.add_argument(
            '--version', action='version', version=f'{NAME} {version}'
        )
        parser.add_argument(
            '--config-file',
            action='append',
            default=[],
            metavar='PATH',
            help='File with the options of Trove; may be repeated. By '
            'default what there is of /etc/trove/trove.conf and '
            '/etc/trove/trove-rpc.conf.',
        )
        parser.add_argument(
            '--config-dir',
            action='append',
            default=[],
            metavar='DIR',
            help='Directory with such files, named *.conf; may be repeated.',
        )
        parser.add_argument(
            '-v',
            '--verbose',
            action='store_true',
            help='Show what is going on, on standard error.',
        )
        parser.add_argument(
            '--debug',
            action='store_true',
            help='Show everything, and the traceback of an error.',
        )
        return parser

    def configure_logging(self) -> None:
        """Leave it to the options of Trove; see :meth:`opened`."""

    def interact(self) -> None:
        """There is no conversation: a command is needed."""
        self.parser.print_usage(self.stderr)
        self.complain(f'no command is given. "{NAME} --help" lists them.')
        raise SystemExit(2)

    def run_subcommand(self, argv: list[str]) -> int:
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            self.complain(self._no_command(argv))
            return 2
        if argv[0] == 'help' and not self._is_there(argv[1:]):
            self.complain(self._no_command(argv[1:]))
            return 2
        return super().run_subcommand(argv)

    def _is_there(self, argv: list[str]) -> bool:
        words = [word for word in argv if not word.startswith('-')]
        try:
            return not words or bool(self.command_manager.find_command(words))
        except ValueError:
            return False

    def _no_command(self, argv: list[str]) -> str:
        words = [word for word in argv if not word.startswith('-')][:2]
        begun = f'{words[0]} ' if words else ''
        more = sorted(
            name.removeprefix(begun)
            for name in self.command_manager.commands
            if begun and name.startswith(begun)
        )
        if not more:
            remedy = f'"{NAME} --help" lists them.'
        elif len(more) == 1:
            remedy = f'{words[0]} needs {more[0]}.'
        else:
            remedy = f'{words[0]} needs {", ".join(more[:-1])} or {more[-1]}.'
        return f'"{" ".join(words)}" is no command. {remedy}'

    def complain(self, text: str) -> None:
        """Say on standard error why something is not done."""
        self.stdout.flush()
        safe = '\n'.join(plain(line) for line in text.split('\n'))
        print(f'{NAME}: {safe}', file=self.stderr, flush=True)

    def read_options(self) -> None:
        """Read the configuration files and begin to log.

        :raises trove.common.exception.ConfigurationError: one of the files
            cannot be read
        """
        arguments = []
        for name in 'config_file', 'config_dir':
            for path in getattr(self.options, name):
                arguments += [f'--{name.replace("_", "-")}', path]
        trove_conf.setup(self.conf, arguments, NAME)
        root = logging.getLogger()
        if self.options.debug:
            root.setLevel(logging.DEBUG)
        elif not self.options.verbose:
            root.setLevel(logging.WARNING)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Read the options, open the database, and close all at the end.

        :raises trove.common.exception.TroveError: something is in the way
        """
        self.read_options()
        database.configure(self.conf)
        try:
            yield
        finally:
            transport, self._transport = self._transport, None
            if transport is not None:
                transport.close()
            database.dispose()


def plain(text: str) -> str:
    """Make a text of whoever sent it safe to show at a terminal."""
    return text if text.isprintable() else ascii(text)


def reason(error: Exception) -> str | None:
    """Say to an operator what went wrong, None where that is a bug."""
    cause = error.__cause__ or error
    database_errors = db_exception.DBError, sa_exc.DBAPIError
    if isinstance(error, exception.ServiceUnavailable) and isinstance(
        cause, database_errors
    ):
        return (
            f'the database does not work: {session.reason(cause)}. Check '
            'that it runs and that [database] connection is right.'
        )
    if type(error) is exception.ServiceUnavailable and error.__cause__:
        # Not of a peer that has no queue, which says itself what to do.
        return (
            f'the message broker does not work: {cause}. Check that it runs '
            'and that transport_url is right.'
        )
    if isinstance(error, exception.TroveError):
        return str(error)
    if isinstance(error, trove_conf.UNREADABLE):
        return trove_conf.unreadable(error)
    if isinstance(error, database_errors):
        return (
            f'the database refuses: {session.reason(error)}. Check with '
            '"trove-manage db_version" that it is a database of this release.'
        )
    return None
