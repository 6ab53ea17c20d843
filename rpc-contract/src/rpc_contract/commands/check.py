# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract check``: whether anything would break."""

from __future__ import annotations

import argparse
import contextlib
import datetime
from typing import TextIO

from rpc_contract import checks
from rpc_contract import reports
from rpc_contract import selection
from rpc_contract import sources
from rpc_contract.commands import base


class Check(base.TreeCommand):
    """Check the contracts of a tree.

    Each is held against all that is frozen of it, client and endpoint
    against each other, and with --against also against another state of the
    tree. Nothing of the tree is imported or run. The exit status is 0 when
    nothing is found that the check fails on, 1 when something is, and 2 when
    it cannot be told.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--against',
            metavar=base.STATE,
            help='Another state of the tree to compare with: '
            f'{base.STATES}.',
        )
        parser.add_argument(
            '-f',
            '--format',
            choices=reports.FORMATS,
            default=reports.FORMATS[0],
            help='Output format (default: %(default)s).',
        )
        parser.add_argument(
            '--fail-on',
            choices=selection.FAIL_ON,
            help='Exit with 1 on a finding of this or a higher severity '
            '(default: "fail-on" in the settings, or warning).',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        top, project = self.project(given)
        if given.fail_on is not None:
            project = project.failing_on(given.fail_on)
        with contextlib.ExitStack() as stack:
            older = None
            if given.against is not None:
                where = stack.enter_context(
                    sources.opened(given.against, top)
                )
                older = checks.Older(given.against, where)
            report = checks.check(top, project, datetime.date.today(), older)
        reports.write(report, given.format, stdout)
        return 0 if report.passed else base.FOUND
