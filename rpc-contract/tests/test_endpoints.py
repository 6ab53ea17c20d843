# SPDX-License-Identifier: Apache-2.0
"""What is read of the managers."""

from __future__ import annotations

from rpc_contract import declared
from rpc_contract import endpoints
from rpc_contract import model
from rpc_contract import reading
from tests import base

API = """
    from wine import rpc

    INTERFACE = rpc.Interface(
        name='cellar',
        topic=lambda conf, peer: 'cellar',
        history=(rpc.Revision('1.0', 'The first.', releases=('a',)),),
    )

    class API(rpc.Client, interface=INTERFACE):
        @rpc.call('1.0')
        def count(self, context, shelf: int) -> int:
            '''Count.'''

        @rpc.cast('1.0')
        def drink(self, context, bottles: int = 1) -> None:
            '''Drink.'''
"""


class EndpointsTest(base.TestCase):
    def read(self, source: str) -> model.Contract:
        self.tree.write('cellar/__init__.py', '')
        self.tree.write('cellar/api.py', API)
        self.tree.write('cellar/manager.py', source)
        tree = reading.Tree(self.tree.top)
        client = declared.read(tree, 'cellar.api:API')
        return endpoints.read(
            tree,
            'cellar.manager:Manager',
            client,
            'cellar.api:API',
            'cellar.refusals.serve',
        )

    def test_methods_of_bases_and_mixins(self) -> None:
        found = self.read("""
            from cellar import api
            from cellar.shelves import Shelves

            class Base:
                def drink(self, context, bottles: int = 1) -> None:
                    pass

                def _hidden(self, context) -> None:
                    pass

                def not_a_message(self, bottles: int) -> None:
                    pass

            class Manager(Shelves, Base):
                interface = api.API.interface
        """)

        # shelves.py is not there.
        self.assertEqual({'drink'}, set(found.methods))
        self.assertEqual(
            ['the base class cellar.shelves.Shelves'],
            [text for _where, text, _symbol in found.unread],
        )

        self.tree.write(
            'cellar/shelves.py',
            """
            class Shelves:
                def count(self, context, shelf: int) -> int:
                    return 1
            """,
        )
        found = self.read("""
            from cellar import api
            from .shelves import Shelves

            class Manager(Shelves):
                interface = api.API.interface
        """)
        self.assertEqual({'count'}, set(found.methods))
        self.assertEqual((), found.unread)
        self.assertEqual(('cellar', '1.0'), (found.interface, found.version))
        self.assertEqual(
            'cellar/shelves.py:2', str(found.methods['count'].where)
        )

    def test_what_is_served_by_refusing(self) -> None:
        found = self.read("""
            from cellar import api
            from cellar import refusals

            NOT_HERE = {'count': 'Counting', 'sell': 'Selling'}

            @refusals.serve(api.API.interface, NOT_HERE)
            class Manager:
                interface = api.API.interface

                def refuse(self, context, method, what, arguments) -> None:
                    pass
        """)

        self.assertEqual({'count'}, set(found.methods))
        self.assertEqual('int', found.methods['count'].result)
        self.assertIn('sell', found.unread[0][1])

    def test_no_interface_or_that_of_others(self) -> None:
        found = self.read('class Manager:\n    pass\n')
        self.assertEqual(('', None), (found.interface, found.version))

        self.tree.write(
            'cellar/other.py',
            """
            from wine import rpc

            INTERFACE = rpc.Interface(
                name='other', history=(rpc.Revision('2.0', 'The first.'),)
            )

            class API(rpc.Client, interface=INTERFACE):
                pass
            """,
        )
        found = self.read("""
            import cellar.other

            class Manager:
                interface = cellar.other.API.interface
        """)
        self.assertEqual(('other', '2.0'), (found.interface, found.version))

        found = self.read("""
            class Manager:
                interface = make_interface()
        """)
        self.assertIn('the interface', found.unread[0][1])

    def test_no_such_class(self) -> None:
        error = self.assertRaises(reading.Unusable, self.read, 'A = 1\n')

        self.assertIn('no class Manager in cellar.manager', str(error))

    def test_methods_of_which_nothing_is_run(self) -> None:
        found = self.read("""
            class Manager:
                async def count(self, context, shelf: int) -> int:
                    return 0

                def drink(self, context, bottles: int = 1) -> None:
                    yield
        """)

        self.assertIn('awaits', found.methods['count'].broken)
        self.assertIn('generator', found.methods['drink'].broken)
