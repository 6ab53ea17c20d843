# SPDX-License-Identifier: Apache-2.0
"""Versions, aliases and retired names, beyond the examples of the rules."""

from __future__ import annotations

from rpc_contract import hygiene
from rpc_contract import model
from tests import example

_AGAIN = """
-    @rpc.call('1.1')
+    @rpc.call('1.1'{more})
     def find(self, context: Context, wine: str) -> str | None:
"""


class HistoryTest(example.TestCase):
    def test_revision_twice(self) -> None:
        self.change("""
+        rpc.Revision('1.1', 'Again.', releases=('b',)),
         rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
""")

        self.assertIn(('version-back', ''), self.found())

    def test_revision_that_is_no_version(self) -> None:
        self.change("""
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('next', 'More to come.', releases=('2027.2',)),
""")

        self.assertIn(('version-unknown', ''), self.found())

    def test_released_revision_that_is_gone(self) -> None:
        self.change("""
-        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
@@
-    @rpc.call('1.1')
+    @rpc.call('1.2')
""")

        report = self.check()

        self.assertEqual(
            {('version-unknown', '')},
            {(each.rule, each.symbol) for each in report.open},
        )
        self.assertIn('revision 1.1 is missing', report.open[0].message)

    def test_latest_below_what_was_released(self) -> None:
        self.freeze(latest=True)
        self.change("""
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
@@
-    @rpc.cast('1.2')
+    @rpc.cast('1.1')
""")

        self.assertIn(('version-back', ''), self.found())

    def test_floor_is_raised_by_deleting_its_lock(self) -> None:
        self.change("""
-        rpc.Revision('1.0', 'The first.', releases=('2026.1',)),
         rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
@@
-    @rpc.call('1.0')
+    @rpc.call('1.1')
@@
-    @rpc.cast('1.0')
+    @rpc.cast('1.1')
""")
        self.assertEqual({('floor-raised', '')}, self.found())

        (self.tree.top / 'contracts/cellar/1.0.yaml').unlink()

        self.assertEqual(set(), self.found())

    def test_release_that_moved(self) -> None:
        self.change("""
-        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.1', 'find was added.'),
+        rpc.Revision('1.2', 'A door.', releases=('2026.2', '2027.1')),
""")

        self.assertEqual({('alias-missing', '')}, self.found())

    def test_release_named_twice(self) -> None:
        self.change("""
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.2', 'A door.', releases=('2027.1', '2026.1')),
""")

        self.assertIn(('alias-unparsable', ''), self.found())


class RetiredTest(example.TestCase):
    """find is part of 1.1, and 1.2 has retired it."""

    def setUp(self) -> None:
        super().setUp()
        self.change(_AGAIN.format(more=", until='1.1'"))
        self.change("""
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.3', 'More.', releases=('2027.2',)),
@@
-    @rpc.cast('1.2')
+    @rpc.cast('1.3')
+    def open(self, context: Context) -> None:
+        '''Open the door.'''
+
+    @rpc.cast('1.2')
@@
--- cellar/manager.py
     def close(self, context: Context) -> None:
+        pass
+
+    def open(self, context: Context) -> None:
""")
        self.freeze()

    def test_retiring_breaks_old_clients(self) -> None:
        (found,) = self.check().open

        self.assertEqual('method-removed', found.rule)
        self.assertEqual('find', found.symbol)
        self.assertEqual('cellar 1.1', found.against)
        self.assertIn('until 1.1 only', found.message)
        self.assertIn('remove until=', found.fix)

    def test_taken_again_as_it_was(self) -> None:
        self.change("""
-    @rpc.call('1.1', until='1.1')
+    @rpc.call('1.1', until='1.1', again='1.3')
""")

        self.assertEqual(set(), self.found())

    def test_name_with_a_new_meaning(self) -> None:
        self.change("""
-    @rpc.call('1.1', until='1.1')
+    @rpc.call('1.3')
""")

        found = self.check().open

        self.assertEqual(['name-reused'], [each.rule for each in found])
        self.assertEqual('find', found[0].symbol)
        self.assertIn('supported until 1.1', found[0].message)

    def test_name_of_an_argument_with_a_new_meaning(self) -> None:
        # It is as if 1.2 had been released without the argument.
        path = self.tree.top / 'contracts/cellar/1.2.yaml'
        path.unlink()
        self.change("""
-    @rpc.cast('1.0')
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    @rpc.cast('1.0', spans={'bottles': rpc.Span(until='1.1')})
+    def store(
+        self, context: Context, wine: str, bottles: int = 1
+    ) -> None:
""")
        self.freeze()
        retired = next(
            each
            for each in self.check().open
            if each.rule == 'argument-removed'
        )
        self.assertEqual('store(bottles)', retired.symbol)
        self.assertEqual('cellar 1.0 to cellar 1.1', retired.against)
        self.assertIn('supported until 1.1 only', retired.message)
        self.change("""
-    @rpc.cast('1.0', spans={'bottles': rpc.Span(until='1.1')})
+    @rpc.cast('1.0', spans={'bottles': rpc.Span('1.3')})
""")

        self.assertIn(('name-reused', 'store(bottles)'), self.found())


class PlainTest(example.TestCase):
    """Contracts without a history, as other projects have them."""

    def check_plain(self, old: str, new: str, same: bool) -> list[str]:
        before = model.Contract('tea', version=old)
        methods = {} if same else {'brew': model.Method('brew')}
        after = model.Contract('tea', version=new, methods=methods)
        return [
            each.rule for each in hygiene.check_plain(before, after, 'tea')
        ]

    def test_versions(self) -> None:
        for old, new, same, rules in (
            ('1.9', '1.10', False, []),
            ('1.9', '1.9', True, []),
            ('1.9', '1.9', False, ['changed-without-bump']),
            ('1.10', '1.9', True, ['version-back']),
            ('', '1.9', False, []),
        ):
            with self.subTest(f'{old} to {new}'):
                self.assertEqual(rules, self.check_plain(old, new, same))
