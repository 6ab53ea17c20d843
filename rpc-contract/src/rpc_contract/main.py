# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract``: contracts, checked without running anything of them.

Exit status: 0 no problems, or done; 1 problems were found; 2 the command line
is wrong, or nothing can be said, and the reason is on standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import inspect
import os
import sys
import traceback

import rpc_contract
from rpc_contract import commands
from rpc_contract import reading

NAME = 'rpc-contract'
UNUSABLE = 2
#: Of a program that writes to a pipe which nobody reads any more.
BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    :param argv: what comes after the name of the program
    :returns: the exit status
    :raises SystemExit: after ``--help``, and of a wrong command line
    """
    given = _parser().parse_args(argv)
    try:
        status: int = given.run(given, sys.stdout)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Python would complain about what it cannot write at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (reading.Unusable, OSError) as error:
        _complain(str(error))
    except Exception as error:  # noqa: BLE001
        if given.debug:
            traceback.print_exc()
        _complain(
            f'{type(error).__name__}: {error}. This is a bug; '
            f'"{NAME} --debug" shows where it is.'
        )
    return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=NAME,
        description='Check that RPC clients and servers of different releases '
        'are compatible.',
    )
    parser.add_argument(
        '--version',
        action='version',
        version=f'{NAME} {rpc_contract.VERSION}',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='Show the traceback of an error.',
    )
    subparsers = parser.add_subparsers(
        metavar='COMMAND',
        required=True,
        help='"COMMAND --help" shows its options.',
    )
    for name, command in commands.COMMANDS.items():
        text = inspect.getdoc(command) or ''
        own = subparsers.add_parser(
            name,
            help=text.partition('\n')[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.configure(own)
        own.set_defaults(run=command.run)
    return parser


def _complain(text: str) -> None:
    """Say on standard error why something is not done.

    What others wrote is in it: nothing in it controls the terminal.
    """
    sys.stdout.flush()
    safe = ''.join(
        each
        if each.isprintable() or each == '\n'
        else each.encode('unicode_escape').decode()
        for each in text
    )
    sys.stderr.write(f'{NAME}: {safe}\n')
    sys.stderr.flush()


if __name__ == '__main__':
    sys.exit(main())
