# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract freeze``: writes down what was released."""

from __future__ import annotations

import argparse
from typing import TextIO

from rpc_contract import locks
from rpc_contract.commands import base


class Freeze(base.TreeCommand):
    """Write lock files of the revisions that have none.

    A lock file says what a revision serves, and is never edited again. The
    latest revision may still change while its release is not out, so it is
    left open, unless --latest says that it is released.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--latest',
            action='store_true',
            help='The latest revision too: it is released.',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        top, project = self.project(given)
        written = [
            path
            for each in base.sides(top, project)
            for path in locks.freeze(
                top / project.locks, each.contract, given.latest
            )
        ]
        for path in written:
            name = path.relative_to(top).as_posix()
            stdout.write(f'Wrote {name}\n')
        if not written:
            stdout.write(
                'There was nothing to freeze.'
                + (
                    ''
                    if given.latest
                    else ' The latest revision stays open; --latest freezes '
                    'it, too.'
                )
                + '\n'
            )
        return 0
