# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract freeze``: writes down what was released."""

from __future__ import annotations

import argparse
import contextlib
from typing import TextIO

from rpc_contract import locks
from rpc_contract import sources
from rpc_contract.commands import base


class Freeze(base.TreeCommand):
    """Write lock files of the revisions that have none.

    A lock file says what a revision serves, and is never edited again. The
    latest revision may still change while its release is not out, so it is
    left open, unless --latest says that it is released. An interface that is
    written by hand has one revision, of the version that its endpoint names,
    and what its client sends is in its lock: freeze it when it is released.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--latest',
            action='store_true',
            help='Freeze the latest revision too, because it is released.',
        )
        parser.add_argument(
            '--of',
            metavar=base.STATE,
            help='Freeze another state of the tree, such as the tag of a '
            f'release: {base.STATES}.',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        top, project = self.project(given)
        with contextlib.ExitStack() as stack:
            where = top
            if given.of is not None:
                where = stack.enter_context(sources.opened(given.of, top))
            agreed = [each.agreed for each in base.sides(where, project)]
        for each in agreed:
            # All can be frozen, before the first is.
            locks.missing(top / project.locks, each, given.latest)
        written = [
            path
            for each in agreed
            for path in locks.freeze(top / project.locks, each, given.latest)
        ]
        for path in written:
            name = path.relative_to(top).as_posix()
            stdout.write(f'Wrote {name}\n')
        if not written:
            stdout.write(
                'Nothing to freeze.'
                + (
                    ''
                    if given.latest or not any(x.history for x in agreed)
                    else ' The latest revision stays open; --latest freezes '
                    'it, too.'
                )
                + '\n'
            )
        return 0
