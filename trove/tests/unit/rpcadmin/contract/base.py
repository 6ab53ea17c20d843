# SPDX-License-Identifier: Apache-2.0
"""trove-rpc contract, in the project of the example."""

from __future__ import annotations

import json
from typing import Any

from trove.tests.unit.contracts import example
from trove.tests.unit.rpcadmin import base

#: Something to mend: a call became a cast.
BREACH = """
-    @rpc.call('1.1')
+    @rpc.cast('1.1')
"""


class TestCase(example.TestCase):
    """``out`` and ``error`` are what the last run wrote."""

    def run_rpc(self, command: str, *arguments: str) -> int:
        status, self.out, self.error = base.run(
            'contract', command, '--tree', str(self.tree.top), *arguments
        )
        return status

    def json(self, command: str, *arguments: str) -> Any:
        """What it prints as JSON; it must end well."""
        status = self.run_rpc(command, *arguments, '-f', 'json')
        self.assertEqual(0, status, self.error)
        return json.loads(self.out)

    def unusable(self, *arguments: str) -> None:
        """Run it; it must end with 2, and say why."""
        self.assertEqual(2, self.run_rpc(*arguments), self.out)
        self.assertEqual('', self.out)
        self.assertTrue(self.error.startswith('trove-rpc: '), self.error)
