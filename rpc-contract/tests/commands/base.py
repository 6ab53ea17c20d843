# SPDX-License-Identifier: Apache-2.0
"""rpc-contract as people run it: arguments in, output and status out."""

from __future__ import annotations

import io
import json
from typing import Any

import fixtures

from rpc_contract import main
from tests import example


def run(*arguments: str) -> tuple[int, str, str]:
    """Run rpc-contract; return its exit status, output and errors."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        fixtures.MonkeyPatch('sys.stdout', stdout),
        fixtures.MonkeyPatch('sys.stderr', stderr),
    ):
        try:
            status = main.main(list(arguments))
        except SystemExit as error:
            # None is what a process ends well with.
            status = int(error.code or 0)
    return status, stdout.getvalue(), stderr.getvalue()


#: Something to mend: a call became a cast.
BREACH = """
-    @rpc.call('1.1')
+    @rpc.cast('1.1')
"""


class TestCase(example.TestCase):
    """The project of the example.

    ``out`` and ``error`` are what the last run wrote.
    """

    def run_it(self, command: str, *arguments: str) -> int:
        status, self.out, self.error = run(
            command, '--tree', str(self.tree.top), *arguments
        )
        return status

    def json(self, command: str, *arguments: str) -> Any:
        """What it prints as JSON; it must end well."""
        status = self.run_it(command, *arguments, '-f', 'json')
        self.assertEqual(0, status, self.error)
        return json.loads(self.out)

    def unusable(self, *arguments: str) -> None:
        """Run it; it must end with 2, and say why."""
        self.assertEqual(2, self.run_it(*arguments), self.out)
        self.assertEqual('', self.out)
        self.assertTrue(self.error.startswith('rpc-contract: '), self.error)
