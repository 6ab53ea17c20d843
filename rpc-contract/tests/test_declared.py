# SPDX-License-Identifier: Apache-2.0
"""Ways to write a declaration."""

from __future__ import annotations

from rpc_contract import declared
from rpc_contract import model
from rpc_contract import reading
from tests import base


class SourceTest(base.TestCase):
    def read(self, interface: str, methods: str = 'pass') -> model.Contract:
        self.tree.write(
            'shop/api.py',
            f"""
            import functools
            from wine import rpc

            def find_topic(conf, peer):
                return 'shop'

            NAME = 'shop'
            HISTORY = (rpc.Revision('1.0', NAME.upper()),)
            SHOP = rpc.Interface({interface})

            class API(rpc.Client, interface=SHOP):
                @functools.cache
                def no_message(self, context):
                    pass

                {methods}
            """,
        )
        return declared.read(reading.Tree(self.tree.top), 'shop.api:API')

    def test_names_of_constants_and_functions(self) -> None:
        found = self.read('name=NAME, topic=find_topic, history=HISTORY')

        self.assertEqual('shop', found.interface)
        self.assertEqual('shop.api.find_topic', found.topic)
        self.assertEqual('1.0', found.version)
        self.assertEqual({}, found.methods)
        self.assertEqual((), found.unsure)

    def test_arguments_by_position(self) -> None:
        found = self.read("'shop', lambda conf, peer: 'a', HISTORY")

        self.assertEqual(('shop', "'a'"), (found.interface, found.topic))
        self.assertEqual('1.0', found.version)

    def test_what_cannot_be_told(self) -> None:
        for interface, said in (
            ('name=NAME.upper(), history=HISTORY', 'its name: NAME.upper()'),
            ('name=NAME, history=make()', 'the history: make()'),
            (
                'name=NAME, history=HISTORY, sealed_since=min(1, 2)',
                'sealed_since: min(1, 2)',
            ),
        ):
            with self.subTest(interface):
                ((where, text),) = self.read(interface).unsure
                self.assertEqual(said, text)
                self.assertEqual('shop/api.py', where.path)

    def test_no_history(self) -> None:
        found = self.read('name=NAME')

        self.assertEqual((None, None), (found.version, found.floor))

    def test_no_interface_at_all(self) -> None:
        for interface in ('*all', '**all'):
            with self.subTest(interface):
                self.assertRaises(reading.Unusable, self.read, interface)
        for source, said in (
            ('class API:\n    pass\n', 'has no interface='),
            (
                'class API(Base, interface=make()):\n    pass\n',
                'not a constant',
            ),
            (
                'class API(Base, interface=X):\n    pass\nX = {}\n',
                'not created by',
            ),
            (
                'class API(Base, interface=X):\n    pass\n'
                'X = lib.Other(name="x")\n',
                "library: lib.Other(name='x')",
            ),
        ):
            with self.subTest(said):
                self.tree.write('other.py', source)
                error = self.assertRaises(
                    reading.Unusable,
                    declared.read,
                    reading.Tree(self.tree.top),
                    'other:API',
                )
                self.assertIn(said, str(error))
