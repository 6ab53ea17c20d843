# SPDX-License-Identifier: Apache-2.0
"""The application around the commands.

It imports little: not every command needs the options, the database or the
message broker. What those need is in ``deployment.py``.
"""

from __future__ import annotations

import argparse
from importlib import metadata
import logging

from cliff import app as cliff_app
from cliff import commandmanager
from oslo_config import cfg

from trove import version
from trove.common import text as texts

NAME = 'trove-rpc'

_DESCRIPTION = """\
Inspect and control the messages between services and guest agents: the
versions of peers, and rejected messages.
"""

#: Exit status after SIGPIPE, as a shell reports it.
BROKEN_PIPE = 141


class _Commands(commandmanager.CommandManager):
    """Finds commands by name and loads the requested one.

    That of cliff loads all of them to know their names.
    """

    def load_commands(self, namespace: str) -> None:
        self.group_list.append(namespace)
        for point in metadata.entry_points(group=namespace):
            self.commands[point.name.replace('_', ' ')] = point


class App(cliff_app.App):
    """Finds the command and gives it what it works with.

    :param conf: the options; read when a command needs them
    """

    NAME = NAME
    LOG = logging.getLogger(NAME)

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(
            description=_DESCRIPTION,
            version=version.banner(NAME),
            command_manager=_Commands('trove.rpcadmin'),
            # So that a command's own help is shown after its name.
            deferred_help=True,
        )
        # It makes shell completion; nobody needs it to read a message.
        self.command_manager.commands.pop('complete', None)
        self.conf = conf

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
            help='Show this help; after a command, show its options.',
        )
        parser.add_argument(
            '--version', action='version', version=version or ''
        )
        parser.add_argument(
            '--config-file',
            action='append',
            default=[],
            metavar='PATH',
            help='Configuration file; may be repeated. Default: '
            '/etc/trove/trove.conf and /etc/trove/trove-rpc.conf if they '
            'exist.',
        )
        parser.add_argument(
            '--config-dir',
            action='append',
            default=[],
            metavar='DIR',
            help='Directory with configuration files (*.conf); may be '
            'repeated.',
        )
        parser.add_argument(
            '-v',
            '--verbose',
            action='store_true',
            help='Log progress to standard error.',
        )
        parser.add_argument(
            '--debug',
            action='store_true',
            help='Log everything, and show the traceback of an error.',
        )
        return parser

    def configure_logging(self) -> None:
        """Leave it to the options of Trove; see ``deployment.py``."""

    def interact(self) -> None:
        """There is no conversation: a command is needed."""
        self.parser.print_usage(self.stderr)
        self.complain(f'no command given. "{NAME} --help" lists the commands.')
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
        if words[:1] == ['contract']:
            remedy = 'It is a separate program: rpc-contract.'
        elif not more:
            remedy = f'"{NAME} --help" lists the commands.'
        elif len(more) == 1:
            remedy = f'{words[0]} needs {more[0]}.'
        else:
            remedy = f'{words[0]} needs {", ".join(more[:-1])} or {more[-1]}.'
        return f'"{" ".join(words)}" is not a command. {remedy}'

    def complain(self, text: str) -> None:
        """Print an error to standard error."""
        self.stdout.flush()
        safe = '\n'.join(plain(line) for line in text.split('\n'))
        print(f'{NAME}: {safe}', file=self.stderr, flush=True)


def plain(text: str) -> str:
    """Escape a text from a peer for a terminal."""
    return texts.printable(text)
