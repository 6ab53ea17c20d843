# SPDX-License-Identifier: Apache-2.0
"""Types as annotations tell them."""

from __future__ import annotations

import griffe

from rpc_contract import hints
from rpc_contract import reading
from tests import base


class ChangeTest(base.TestCase):
    def test_no_more_is_said(self) -> None:
        for plain, full in (
            ('dict', 'dict[str, Any]'),
            ('list', 'list[Any]'),
            ('dict | None', 'dict[str, Any] | None'),
        ):
            self.assertEqual('same', hints.change(plain, full))
            self.assertEqual('same', hints.change(full, plain))

    def test_narrowed_and_widened(self) -> None:
        for narrow, wide in (
            ('int', 'int | None'),
            ('int', 'Any'),
            ('int', 'float'),
            ('bool', 'int'),
            ('list[int]', 'list[int | None]'),
            ('list[dict[str, Any]]', 'list[Any]'),
            ('dict[str, int]', 'Mapping[str, int]'),
            ('list[str]', 'Sequence[str]'),
            ('tuple[str, int]', 'tuple[str, float]'),
            ('list[str]', 'list'),
            ("Literal['a']", "Literal['a', 'b']"),
            ("Literal['a']", 'str'),
        ):
            with self.subTest(f'{narrow}, {wide}'):
                self.assertEqual('widened', hints.change(narrow, wide))
                self.assertEqual('narrowed', hints.change(wide, narrow))

    def test_same(self) -> None:
        for old, new in (
            ('int', 'int'),
            ('str | None', 'None | str'),
            (None, 'int'),
            ('int', None),
        ):
            with self.subTest(f'{old}, {new}'):
                self.assertEqual('same', hints.change(old, new))

    def test_something_else(self) -> None:
        for old, new in (
            ('int', 'str'),
            ('list[int]', 'list[str]'),
            ('int | None', 'int | str'),
            ("Literal['a']", 'int'),
            ("Literal['a']", "Literal['b']"),
            ('dict[str, int]', 'list[int]'),
        ):
            with self.subTest(f'{old}, {new}'):
                self.assertEqual('changed', hints.change(old, new))


class TextTest(base.TestCase):
    def text(self, annotation: str) -> str | None:
        self.tree.write('shop/__init__.py', '')
        self.tree.write(
            'shop/words.py',
            """
            from typing import Any
            Wine = dict[str, Any]
            Loop = list['Loop']

            class Shelf:
                pass
            """,
        )
        self.tree.write(
            'shop/api.py',
            f"""
            from collections import abc
            import typing
            from typing import Dict, List, Literal, Optional, Union
            from shop import words
            from shop.words import Wine as Bottle

            def function(argument: {annotation}):
                pass
            """,
        )
        tree = reading.Tree(self.tree.top)
        function = tree.find('shop.api.function')
        assert isinstance(function, griffe.Function)
        (parameter,) = function.parameters
        return hints.text(tree, function.module, parameter.annotation)

    def test_one_way_to_write_it(self) -> None:
        for written, expected in (
            ('int', 'int'),
            ('Optional[int]', 'int | None'),
            ('Union[int, None, str]', 'int | None | str'),
            ('typing.Optional[List[str]]', 'list[str] | None'),
            ('Dict[str, typing.Any]', 'dict[str, Any]'),
            ('abc.Mapping[str, int]', 'Mapping[str, int]'),
            ("'int | None'", 'int | None'),
            ("Literal['a']", "Literal['a']"),
            ('words.Wine', 'dict[str, Any]'),
            ('list[Bottle]', 'list[dict[str, Any]]'),
            ('words.Shelf', 'shop.words.Shelf'),
            ('unknown.Thing', 'unknown.Thing'),
        ):
            with self.subTest(written):
                self.assertEqual(expected, self.text(written))

    def test_type_that_names_itself_ends(self) -> None:
        self.assertIn('Loop', str(self.text('words.Loop')))

    def test_no_annotation(self) -> None:
        tree = reading.Tree(self.tree.write('m.py', 'A = 1\n').parent)
        module = tree.find('m')
        assert module is not None

        self.assertIsNone(hints.text(tree, module, None))
