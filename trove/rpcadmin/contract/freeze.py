# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc contract freeze``: writes down what was released."""

from __future__ import annotations

import argparse

from trove.contracts import locks
from trove.rpcadmin.contract import base


class Freeze(base.TreeCommand):
    """Write lock files of the revisions that have none.

    A lock file says what a revision serves, and is never edited again. The
    latest revision may still change while its release is not out, so it is
    left open, unless --latest says that it is released.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--latest',
            action='store_true',
            help='The latest revision too: it is released.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        top, project = self.project(parsed_args)
        written = [
            path
            for each in base.sides(top, project)
            for path in locks.freeze(
                top / project.locks, each.contract, parsed_args.latest
            )
        ]
        for path in written:
            name = path.relative_to(top).as_posix()
            self.app.stdout.write(f'Wrote {name}\n')
        if not written:
            self.app.stdout.write(
                'There was nothing to freeze.'
                + (
                    ''
                    if parsed_args.latest
                    else ' The latest revision stays open; --latest freezes '
                    'it, too.'
                )
                + '\n'
            )
        return 0
