# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc contract check``: whether anything would break."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime

from trove import version
from trove.contracts import checks
from trove.contracts import reports
from trove.contracts import sources
from trove.rpcadmin.contract import base


class Check(base.TreeCommand):
    """Check the contracts of a tree.

    Each is held against all that is frozen of it, client and endpoint
    against each other, and with --against also against another state of the
    tree. Nothing of the tree is imported or run. The exit status is 0 when
    there is nothing to mend, 1 when there is, and 2 when it cannot be told.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--against',
            metavar='PATH|GITREV|WHEEL',
            help='Another state of the tree: a directory, a revision of its '
            'git repository, or a wheel.',
        )
        parser.add_argument(
            '-f',
            '--format',
            choices=reports.FORMATS,
            default=reports.FORMATS[0],
            help='How to tell it (default: %(default)s).',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        top, project = self.project(parsed_args)
        with contextlib.ExitStack() as stack:
            older = None
            if parsed_args.against is not None:
                where = stack.enter_context(
                    sources.opened(parsed_args.against, top)
                )
                older = checks.Older(parsed_args.against, where)
            report = checks.check(top, project, datetime.date.today(), older)
        report = dataclasses.replace(report, tool=version.release())
        reports.write(report, parsed_args.format, self.app.stdout)
        return 0 if report.passed else base.FOUND
