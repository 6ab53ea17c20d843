# SPDX-License-Identifier: Apache-2.0
"""What an expression stands for, as far as its source tells."""

from __future__ import annotations

import ast
from typing import Any

from rpc_contract import reading
from rpc_contract import values
from tests import base

SOURCE = """
    from shop import words
    from shop.words import OLD as BEFORE

    class Shelf:
        HEIGHT = 3
        NAMES = ('a', *BEFORE, 'd')

    TABLE = {'a': 1, **words.MORE}
    LATER = make()
"""

WORDS = """
    OLD = ('b', 'c')
    MORE = {'b': 2}
"""


class ValuesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree.write('shop/__init__.py', '')
        self.tree.write('shop/words.py', WORDS)
        self.tree.write('shop/api.py', SOURCE)
        tree = reading.Tree(self.tree.top)
        self.module = tree.find('shop.api')
        self.reader = values.Reader(tree)

    def node(self, text: str) -> ast.expr:
        return ast.parse(text, mode='eval').body

    def value(self, text: str) -> Any:
        return self.reader.value(self.module, self.node(text))

    def test_constants_of_modules_and_classes(self) -> None:
        for text, expected in (
            ("'a'", 'a'),
            ('[1, None, True]', (1, None, True)),
            ('BEFORE', ('b', 'c')),
            ('Shelf.HEIGHT', 3),
            ('Shelf.NAMES', ('a', 'b', 'c', 'd')),
            ('TABLE', {'a': 1, 'b': 2}),
            ('words.MORE', {'b': 2}),
        ):
            with self.subTest(text):
                self.assertEqual(expected, self.value(text))

    def test_what_has_to_be_run(self) -> None:
        for text in ('f()', 'LATER', 'nothing', "'a' + 'b'", '{**f()}'):
            with self.subTest(text):
                self.assertRaises(values.Unread, self.value, text)

    def test_long_expression_is_told_short(self) -> None:
        text = f'f({", ".join(str(n) for n in range(99))})'

        error = self.assertRaises(values.Unread, self.value, text)

        self.assertEqual(60, len(str(error)))

    def test_elements_are_followed_to_where_they_are(self) -> None:
        found = self.reader.elements(self.module, self.node('Shelf.NAMES'))

        self.assertEqual(
            [('shop.api.Shelf', "'a'"), ('shop.words', "'b'")],
            [(s.path, ast.unparse(n)) for s, n in list(found)[:2]],
        )

    def test_items_are_followed_to_where_they_are(self) -> None:
        found = self.reader.items(self.module, self.node('TABLE'))

        self.assertEqual(
            [('a', 'shop.api'), ('b', 'shop.words')],
            [(key, scope.path) for key, scope, _node in found],
        )

    def test_arguments_of_a_call(self) -> None:
        def call(text: str) -> dict[str, str]:
            found = self.reader.call(
                self.module, self.node(text), 'shop.words.Span', ('since',)
            )
            return {name: ast.unparse(node) for name, node in found.items()}

        self.assertEqual(
            {'since': "'1.0'", 'until': 'X'},
            call("words.Span('1.0', until=X)"),
        )
        for text in (
            'words.Other()',
            "words.Span('1.0', 'more')",
            'words.Span(*all)',
            'words.Span(**all)',
            'words.Span',
        ):
            with self.subTest(text):
                self.assertRaises(values.Unread, call, text)

    def test_text_of_an_expression(self) -> None:
        for text, expected in (
            ('Shelf.HEIGHT', '3'),
            ('0x10', '16'),
            ('f()', 'f()'),
        ):
            with self.subTest(text):
                self.assertEqual(expected, self.reader.text(self.module, text))
