# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc history``: the revisions of the interfaces."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from trove.common import rpc
from trove.rpcadmin import base


class History(base.Lister):
    """List the revisions of the interfaces, oldest first.

    Several revisions may share a version: released Trove changed arguments of
    methods without a new version.
    """

    needs_database = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        base.take_interface(parser)
        parser.add_argument(
            '--methods',
            action='store_true',
            help='A row for each method and argument that a revision added '
            'or withdrew.',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        interfaces = base.interfaces(parsed_args)
        if parsed_args.methods:
            return (
                ('Interface', 'Revision', 'Change', 'Method', 'Argument'),
                (row for each in interfaces for row in changes(each)),
            )
        return (
            ('Interface', 'Revision', 'Version', 'Releases', 'Changes'),
            (
                (
                    interface.name,
                    revision.name,
                    str(revision.version),
                    base.Releases(list(revision.releases)),
                    revision.changes,
                )
                for interface in interfaces
                for revision in interface.history
            ),
        )


_Change = tuple[str, str, str, str, str | None]


def changes(interface: rpc.Interface) -> Iterator[_Change]:
    """Compare each revision with the one before it.

    :returns: interface, revision, ``added`` or ``withdrawn``, method,
        argument (None: the method as a whole)
    """
    before: dict[str, rpc.Method] = {}
    for revision in interface.history:
        now = interface.as_of(revision)
        for change, old, new in (
            ('added', before, now),
            ('withdrawn', now, before),
        ):
            for name, method in new.items():
                if name not in old:
                    yield interface.name, revision.name, change, name, None
                    continue
                for argument in method.arguments:
                    if argument not in old[name].arguments:
                        yield (
                            interface.name,
                            revision.name,
                            change,
                            name,
                            argument,
                        )
        before = now
