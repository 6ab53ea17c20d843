# SPDX-License-Identifier: Apache-2.0
"""An endpoint against the contract that its client declares."""

from __future__ import annotations

from tests import example


class EndpointTest(example.TestCase):
    """What an endpoint takes is exactly what is declared."""

    def serve_count(self, arguments: str) -> set[tuple[str, str]]:
        self.change(f"""
--- cellar/manager.py
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, {arguments}) -> int:
""")
        return self.found()

    def test_it_requires_what_may_be_left_out(self) -> None:
        self.assertEqual(
            {('argument-made-required', 'count(shelf)')},
            self.serve_count('shelf: str'),
        )

    def test_it_takes_what_nobody_declares(self) -> None:
        self.assertEqual(
            {('argument-added-optional', 'count(row)')},
            self.serve_count("shelf: str = 'top', row: int = 0"),
        )

    def test_it_does_without_what_is_always_sent(self) -> None:
        self.change("""
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
+    def find(self, context: Context, wine: str = '') -> str | None:
""")

        self.assertEqual(
            {('argument-made-optional', 'find(wine)')}, self.found()
        )
