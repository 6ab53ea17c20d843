# SPDX-License-Identifier: Apache-2.0
"""Locks and changelog of an interface that is written by hand."""

from __future__ import annotations

from tests import base as tests_base
from tests.commands import base

PROJECT = """
[tool.rpc-contract.interfaces.cellar]
client = "cellar:API"
endpoint = "cellar:Manager"
"""

FIRST = """
class API:
    def store(self, ctxt, wine):
        self.client.prepare(version='1.0').cast(ctxt, 'store', wine=wine)

    def count(self, ctxt):
        return self.client.prepare(version='1.0').call(ctxt, 'count')


class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt, wine, diff=None):
        ...

    def count(self, ctxt):
        ...

    def start(self, ctxt):
        ...
"""

SECOND = FIRST.replace(
    """
class Manager:
    target = messaging.Target(version='1.0')
""",
    """
    def find(self, ctxt, wine):
        cctxt = self.client.prepare(version='1.1')
        return cctxt.call(ctxt, 'find', wine=wine)


class Manager:
    target = messaging.Target(version='1.1')

    def find(self, ctxt, wine):
        ...
""",
)


class _TestCase(tests_base.TestCase):
    """A project whose 1.0 is frozen."""

    def setUp(self) -> None:
        super().setUp()
        self.tree.write('pyproject.toml', PROJECT)
        self.tree.write('cellar.py', FIRST)
        self.assertEqual(0, self.run_it('freeze'), self.error)

    def run_it(self, command: str, *arguments: str) -> int:
        status, self.out, self.error = base.run(
            command, '--tree', str(self.tree.top), *arguments
        )
        return status

    def found(self, source: str) -> str:
        """Check another source; return what is told."""
        self.tree.write('cellar.py', source)
        self.run_it('check')
        self.assertEqual('', self.error)
        return self.out


class ByHandTest(_TestCase):
    def test_what_its_client_sends_is_in_the_lock(self) -> None:
        self.assertEqual('Wrote contracts/cellar/1.0.yaml\n', self.out)
        lock = (self.tree.top / 'contracts/cellar/1.0.yaml').read_text()
        for text, there in (
            ('  store:\n    kind: cast\n', True),
            ('  count:\n    kind: call\n', True),
            ('wine: null', True),
            ('start', False),
            ('diff', False),
        ):
            with self.subTest(text):
                self.assertEqual(there, text in lock)

        self.assertEqual(0, self.run_it('check'), self.out)
        self.assertEqual(0, self.run_it('freeze'))
        self.assertEqual('Nothing to freeze.\n', self.out)

    def test_dump_is_what_a_lock_holds(self) -> None:
        self.assertEqual(0, self.run_it('dump'), self.error)

        self.assertIn('  store:\n', self.out)
        self.assertNotIn('start', self.out)

    def test_what_nobody_sends_may_change(self) -> None:
        source = FIRST.replace('start', 'begin').replace(', diff=None', '')

        self.assertIn('No problems found', self.found(source))

    def test_method_that_is_gone_on_both_sides(self) -> None:
        source = FIRST.replace("'count'", "'total'").replace(
            'def count', 'def total'
        )

        told = self.found(source)

        self.assertIn('method-removed: cellar.count', told)
        self.assertIn('Against: cellar 1.0.', told)

    def test_change_without_a_version(self) -> None:
        source = FIRST.replace(', wine', ', wine, shelf').replace(
            'wine=wine', 'wine=wine, shelf=shelf'
        )

        told = self.found(source)

        self.assertIn('changed-without-bump: cellar', told)
        self.assertIn('argument-added-required: cellar.store(shelf)', told)

    def test_method_with_a_version(self) -> None:
        self.assertIn('No problems found', self.found(SECOND))

    def test_method_that_is_sent_to_those_that_do_not_know_it(self) -> None:
        source = SECOND.replace("prepare(version='1.1')", 'prepare()').replace(
            'class API:', "class API:\n    RPC_API_VERSION = '1.1'\n"
        )
        source = source.replace(
            'cctxt = self.client.prepare()',
            "cctxt = self.client.prepare(version='1.0')",
        )

        self.assertIn('version-too-low: cellar.find', self.found(source))

    def test_next_release(self) -> None:
        self.tree.write('cellar.py', SECOND)

        self.assertEqual(0, self.run_it('freeze'))

        self.assertEqual('Wrote contracts/cellar/1.1.yaml\n', self.out)
        self.assertEqual(0, self.run_it('check'), self.out)
        self.assertIn('against 2 other contracts', self.out)

    def test_state_that_was_released_before(self) -> None:
        self.tree.commit()
        self.tree.git('tag', '1.0.0')
        (self.tree.top / 'contracts/cellar/1.0.yaml').unlink()
        self.tree.write('cellar.py', SECOND)

        self.assertEqual(0, self.run_it('freeze', '--of', '1.0.0'), self.error)

        self.assertEqual('Wrote contracts/cellar/1.0.yaml\n', self.out)
        self.assertEqual(0, self.run_it('check'), self.out)
        self.assertIn('cellar 1.1', self.out)
        self.assertEqual(2, self.run_it('freeze', '--of', 'none'))
        self.assertIn('no git revision', self.error)

    def test_changelog(self) -> None:
        self.assertEqual(0, self.run_it('changelog'), self.error)
        self.assertEqual('', self.out)

        self.tree.write('cellar.py', SECOND)
        for frozen in ('; not frozen', ''):
            self.assertEqual(0, self.run_it('changelog'), self.error)
            self.assertEqual(
                f'cellar 1.1\n    Since 1.0{frozen}.\n'
                '  added find: call find(wine)\n',
                self.out,
            )
            self.run_it('freeze')

    def test_changelog_has_the_newest_first(self) -> None:
        self.tree.write('cellar.py', SECOND)
        self.run_it('freeze')
        self.tree.write('cellar.py', FIRST.replace('1.0', '1.2'))

        self.run_it('changelog')

        lines = self.out.splitlines()
        self.assertEqual(
            ['cellar 1.2', 'cellar 1.1'],
            [line for line in lines if line[0] != ' '],
        )
        self.assertIn('  removed find: call find(wine)', lines)

    def test_diff(self) -> None:
        self.tree.write('cellar.py', SECOND)

        self.assertEqual(0, self.run_it('diff'), self.error)

        self.assertEqual(
            'cellar 1.0 to 1.1:\n  added find: call find(wine)\n', self.out
        )

    def test_diff_with_another_state_is_of_what_is_sent(self) -> None:
        self.tree.commit()
        self.tree.write('cellar.py', SECOND.replace('start', 'begin'))

        self.assertEqual(0, self.run_it('diff', '--against', 'HEAD'))

        self.assertEqual(
            'cellar 1.0 to 1.1:\n  added find: call find(wine)\n', self.out
        )

    def test_one_without_a_version_freezes_none(self) -> None:
        self.tree.write('cellar.py', SECOND)
        self.tree.write('shop.py', FIRST.replace("version='1.0'", ''))
        self.tree.write(
            'pyproject.toml', PROJECT + PROJECT.replace('cellar', 'shop')
        )

        self.assertEqual(2, self.run_it('freeze'))

        self.assertIn('shop has no readable version', self.error)
        written = self.tree.top / 'contracts/cellar/1.1.yaml'
        self.assertFalse(written.exists())
        self.assertEqual(0, self.run_it('freeze', 'cellar'), self.error)

    def test_client_alone_is_not_frozen(self) -> None:
        self.tree.write('pyproject.toml', PROJECT.rpartition('endpoint')[0])

        self.assertEqual(2, self.run_it('freeze'))

        self.assertIn('cellar has no endpoint here', self.error)
        self.assertIn('a lock freezes what an endpoint serves', self.error)


class SeveralTest(_TestCase):
    """Its server has an endpoint of another namespace as well."""

    OTHER = """

class Other:
    target = messaging.Target(version='2.0', namespace='cave')

    def enter(self, ctxt, torch):
        ...

    def leave(self, ctxt):
        ...
"""

    CLIENT = """
    def enter(self, ctxt, torch):
        cctxt = self.client.prepare(namespace='cave', version='2.0')
        cctxt.cast(ctxt, 'enter', torch=torch)


class Manager:
"""

    def setUp(self) -> None:
        super().setUp()
        self.tree.write(
            'pyproject.toml',
            PROJECT.replace(
                '"cellar:Manager"', '["cellar:Manager", "cellar:Other"]'
            ),
        )
        (self.tree.top / 'contracts/cellar/1.0.yaml').unlink()
        self.first = self.both(FIRST)
        self.tree.write('cellar.py', self.first)
        self.assertEqual(0, self.run_it('freeze'), self.error)

    def both(self, source: str) -> str:
        return source.replace('\nclass Manager:\n', self.CLIENT) + self.OTHER

    def test_it_is_in_the_lock(self) -> None:
        lock = (self.tree.top / 'contracts/cellar/1.0.yaml').read_text()

        self.assertIn("others:\n- version: '2.0'\n", lock)
        self.assertIn('namespace: cave\n', lock)
        self.assertIn('torch', lock)
        self.assertNotIn('leave', lock)
        self.assertEqual(0, self.run_it('check'), self.out)

    def test_its_methods_are_held_against_the_lock(self) -> None:
        told = self.found(self.first.replace("torch", "lamp"))

        self.assertIn('argument-renamed: cellar.enter(lamp)', told)
        self.assertIn('Against: cellar 1.0.', told)

    def test_what_is_sent_to_it_is_told_by_the_changelog(self) -> None:
        self.tree.write('cellar.py', self.both(SECOND).replace('2.0', '2.1'))
        self.run_it('freeze')
        self.tree.write(
            'cellar.py',
            self.both(SECOND).replace(', torch', ', torch, food'),
        )

        self.run_it('diff')

        self.assertIn('  added enter(food): food\n', self.out)

    def test_a_lock_of_another_form_is_told(self) -> None:
        path = self.tree.top / 'contracts/cellar/1.0.yaml'
        lock = path.read_text()
        for old, new, said in (
            ("- version: '2.0'", '- version: 2', 'version of one of the'),
            ('others:', 'others: {}\nmore:', 'others of it is a dict'),
            ("- version: '2.0'\n  ", '- ', "has no 'version'"),
        ):
            with self.subTest(said):
                path.write_text(lock.replace(old, new))
                self.run_it('check')
                self.assertIn('frozen-edited', self.out)
                self.assertIn(said, self.out)
