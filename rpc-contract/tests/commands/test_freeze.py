# SPDX-License-Identifier: Apache-2.0
"""rpc-contract freeze."""

from __future__ import annotations

from tests import base as tests_base
from tests import example
from tests.commands import base


class FreezeTest(base.TestCase):
    def test_what_is_frozen_is_left_alone(self) -> None:
        path = self.tree.top / 'contracts/cellar/1.0.yaml'
        before = path.read_bytes()

        self.assertEqual(0, self.run_it('freeze'), self.error)

        self.assertIn('Nothing to freeze', self.out)
        self.assertIn('--latest', self.out)
        self.assertEqual(before, path.read_bytes())

    def test_latest_when_it_is_released(self) -> None:
        self.assertEqual(0, self.run_it('freeze', '--latest'), self.error)

        self.assertEqual('Wrote contracts/cellar/1.2.yaml\n', self.out)
        self.assertEqual(0, self.run_it('check'), self.out)
        self.assertEqual(0, self.run_it('freeze', '--latest'))
        self.assertIn('Nothing to freeze', self.out)

    def test_revision_that_another_has_come_after(self) -> None:
        self.change("""
         rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.3', 'A lock.', releases=('2027.2',)),
@@
-    @rpc.cast('1.2')
+    @rpc.cast('1.3')
+    def lock(self, context: Context) -> None:
+        '''Lock the door.'''
+
+    @rpc.cast('1.2')
@@
--- cellar/manager.py
     def close(self, context: Context) -> None:
         pass
+
+    def lock(self, context: Context) -> None:
+        pass
""")
        self.assertEqual(1, self.run_it('check'))
        self.assertIn('frozen-missing', self.out)

        self.assertEqual(0, self.run_it('freeze'))

        self.assertEqual('Wrote contracts/cellar/1.2.yaml\n', self.out)
        self.assertEqual(0, self.run_it('check'), self.out)

    def test_nothing_is_written_if_one_would_be_outside(self) -> None:
        self.tree.write(
            'pyproject.toml',
            f"""{example.PROJECT}
[tool.rpc-contract.interfaces.shop]
endpoint = "shop:Manager"
""",
        )
        self.tree.write(
            'shop.py',
            """
            class Manager:
                target = messaging.Target(version='1.0')

                def sell(self, ctxt, wine):
                    ...
            """,
        )
        other = self.useFixture(tests_base.Tree()).top
        (self.tree.top / 'contracts/shop').symlink_to(other)

        self.unusable('freeze', '--latest')

        self.assertIn('would be outside', self.error)
        kept = (self.tree.top / 'contracts/cellar').iterdir()
        self.assertEqual({'1.0.yaml', '1.1.yaml'}, {x.name for x in kept})
        self.assertEqual([], list(other.iterdir()))

    def test_name_on_the_command_line_is_one_too(self) -> None:
        client = ('--client', 'cellar.api:API')

        self.unusable('freeze', '--latest', *client, '--', '../../out')

        self.assertIn('is not the name of an interface', self.error)
