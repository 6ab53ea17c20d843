# SPDX-License-Identifier: Apache-2.0
"""rpc-contract diff and changelog."""

from __future__ import annotations

from tests.commands import base


class DiffTest(base.TestCase):
    def test_latest_against_the_one_before(self) -> None:
        self.assertEqual(0, self.run_it('diff'), self.error)

        self.assertEqual(
            'cellar 1.1 to 1.2:\n  added close: cast close() -> None\n',
            self.out,
        )

    def test_two_revisions(self) -> None:
        found = self.json('diff', '--from', '1.0', '--to', '1.1')

        self.assertEqual(
            {
                'from': '1.0',
                'to': '1.1',
                'changes': [
                    {
                        'symbol': 'find',
                        'what': 'added',
                        'before': None,
                        'after': 'call find(wine: str) -> str | None',
                    }
                ],
            },
            found['cellar'],
        )

    def test_older_revision_is_that_of_its_lock(self) -> None:
        self.change("""
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(self, context: Context, wine: str, year: int = 0) -> None:
@@
-    def find(self, context: Context, wine: str) -> str | None:
+    def find(self, context: Context, wine: str) -> str:
""")

        self.assertEqual(0, self.run_it('diff', '--from', '1.1'))

        self.assertIn('changed find: call find(wine: str) -> str', self.out)
        self.assertIn('added store(year): year: int = 0', self.out)
        self.assertIn('removed store(bottles): bottles: int', self.out)

    def test_another_state_of_the_tree(self) -> None:
        self.tree.commit()
        self.change("""
-    def close(self, context: Context) -> None:
+    def close(self, context: Context, key: str = '') -> None:
""")

        self.assertEqual(
            0, self.run_it('diff', '--against', 'HEAD'), self.error
        )

        self.assertIn("added close(key): key: str = ''", self.out)

    def test_no_difference(self) -> None:
        self.assertEqual(
            0, self.run_it('diff', '--from', '1.1', '--to', '1.1')
        )

        self.assertEqual('cellar 1.1 to 1.1:\n  nothing\n', self.out)

    def test_lock_that_was_cut_off(self) -> None:
        file = self.tree.top / 'contracts/cellar/1.1.yaml'
        file.write_text(file.read_text().partition('methods:')[0] + 'methods:')

        self.unusable('diff')
        self.assertIn('cellar/1.1.yaml is not a lock: cannot', self.error)

        self.assertEqual(1, self.run_it('check'), self.error)
        self.assertIn('frozen-edited', self.out)
        self.assertIn('methods of it is a NoneType', self.out)

    def test_no_such_revision_and_nothing_before(self) -> None:
        self.unusable('diff', '--from', '0.9')
        self.assertIn('no revision 0.9', self.error)
        self.unusable('diff', '--to', '1.0')
        self.assertIn('cellar has no revision before 1.0', self.error)


class ChangelogTest(base.TestCase):
    def test_every_revision_the_newest_first(self) -> None:
        self.assertEqual(0, self.run_it('changelog'), self.error)

        self.assertEqual(
            'cellar 1.2 (2027.1)\n'
            '    close was added.\n'
            '  added close: cast close() -> None\n'
            'cellar 1.1 (2026.2)\n'
            '    find was added.\n'
            '  added find: call find(wine: str) -> str | None\n',
            self.out,
        )

    def test_as_json(self) -> None:
        found = self.json('changelog')['cellar']

        self.assertEqual(['1.2', '1.1'], [x['revision'] for x in found])
        self.assertEqual(['2026.2'], found[1]['releases'])
        self.assertEqual('find was added.', found[1]['summary'])
        self.assertEqual('find', found[1]['changes'][0]['symbol'])

    def test_of_one_written_by_hand_it_is_told_by_other_states(self) -> None:
        source = """
class API:
    def store(self, ctxt, wine{more}):
        self.client.prepare(version='{version}').cast(
            ctxt, 'store', wine=wine{sent})

class Manager:
    target = messaging.Target(version='{version}')

    def store(self, ctxt, wine{more}):
        ...
"""
        pair = ['--client', 'bottles:API', '--endpoint', 'bottles:Manager']
        shelf = {'more': ', shelf=None', 'sent': ', shelf=shelf'}
        for name, version, more in (
            ('one', '1.0', {'more': '', 'sent': ''}),
            ('two', '1.1', shelf),
        ):
            self.tree.write(
                f'{name}/bottles.py', source.format(version=version, **more)
            )
        one, two = (str(self.tree.top / name) for name in ('one', 'two'))

        self.assertEqual(2, self.run_it('changelog', '--tree', two, *pair))
        self.assertIn('no revision is frozen', self.error)
        self.assertIn('older states of the tree with --against', self.error)

        status = self.run_it(
            'changelog', '--tree', two, '--against', one, *pair
        )

        self.assertEqual(0, status, self.error)
        self.assertEqual(
            f'bottles 1.1\n    Since {one} (1.0).\n'
            '  added store(shelf): shelf = None\n',
            self.out,
        )
