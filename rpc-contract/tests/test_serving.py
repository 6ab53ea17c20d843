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


class SeveralTest(example.TestCase):
    """The endpoints of one server, which is asked them in their order."""

    OLD = """
from cellar import api


class Old:
    interface = api.API.interface

    def store(self, context: Context, wine: str, bottles: int) -> None:
        pass

    def close(self, context: Context) -> None:
        pass
"""

    def setUp(self) -> None:
        super().setUp()
        self.tree.write('cellar/old.py', self.OLD)
        self.tree.write(
            'pyproject.toml',
            """
            [tool.rpc-contract.interfaces.cellar]
            client = "cellar.api:API"
            endpoint = ["cellar.manager:Manager", "cellar.old:Old"]
            """,
        )
        self.change("""
--- cellar/manager.py
-    def close(self, context: Context) -> None:
-        pass
""")

    def test_they_serve_it_together(self) -> None:
        self.assertEqual(set(), self.found())

    def test_what_none_of_them_has(self) -> None:
        self.change("""
--- cellar/old.py
-    def close(self, context: Context) -> None:
+    def _close(self, context: Context) -> None:
""")

        self.assertIn(('method-hidden', 'close'), self.found())

    def test_the_first_that_has_a_method_counts(self) -> None:
        self.change("""
--- cellar/old.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(self, context: Context, bottles: int) -> None:
""")
        self.assertEqual(set(), self.found())

        self.change("""
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def _store(self, context: Context, wine: str, bottles: int) -> None:
""")
        self.assertIn(('unknown-argument', 'store(wine)'), self.found())

    def test_one_of_another_interface(self) -> None:
        self.change("""
--- cellar/old.py
-    interface = api.API.interface
""")

        (found,) = self.check().open

        self.assertEqual('version-disagreement', found.rule)
        self.assertEqual('cellar/old.py', found.where.path)
