# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract dump``: contracts as they are read."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TextIO

from rpc_contract import checks
from rpc_contract import locks
from rpc_contract import reading
from rpc_contract.commands import base


class Dump(base.TreeCommand):
    """Show contracts as they are read from the source.

    As YAML it is what a lock file holds: what one revision serves. As JSON
    it is all that was read: since when there is what, where it stands, what
    is sent, and what could not be read.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--revision',
            help='Contract of this revision (default: the latest).',
        )
        parser.add_argument(
            '-f',
            '--format',
            choices=('yaml', 'json'),
            default='yaml',
            help='Output format (default: %(default)s).',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        top, project = self.project(given)
        found = list(base.sides(top, project))
        if given.format == 'json':
            text = json.dumps(
                {each.subject.interface: _whole(each) for each in found},
                indent=2,
            )
            stdout.write(f'{text}\n')
            return 0
        documents = []
        for each in found:
            contract = locks.with_history(each.agreed)
            name = given.revision or contract.history[-1].name
            if contract.index(name) is None:
                raise reading.Unusable(
                    f'{contract.interface} has no revision {name}. There are '
                    + ', '.join(each.name for each in contract.history)
                    + '.'
                )
            documents.append(locks.content(contract.as_of(name)))
        stdout.write('---\n'.join(documents))
        return 0


def _whole(sides: checks.Sides) -> dict[str, object]:
    return {
        name: dataclasses.asdict(side)
        for name, side in (
            ('client', sides.client),
            ('endpoint', sides.endpoint),
        )
        if side is not None
    }
