# SPDX-License-Identifier: Apache-2.0
"""Values of expressions, as far as their source alone tells them.

Literals, names of constants, and calls of the few classes that declarations
are made of. Anything else is :class:`Unread`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import griffe

from rpc_contract import reading


class Unread(Exception):
    """An expression tells its value only when it is run."""

    def __init__(self, node: ast.AST) -> None:
        text = ast.unparse(node)
        super().__init__(text if len(text) < 60 else f'{text[:57]}...')


class Reader:
    """Evaluates expressions.

    :param tree: where names are looked up
    """

    def __init__(self, tree: reading.Tree) -> None:
        self._tree = tree

    def text(self, scope: griffe.Object, expression: griffe.Expr | str) -> str:
        """Write an expression down, with its value where that can be told."""
        node = reading.parse(expression)
        try:
            return repr(self.value(scope, node))
        except Unread:
            return ast.unparse(node)

    def value(self, scope: griffe.Object, node: ast.expr) -> Any:
        """Return a value: text, a number, a tuple, a dictionary...

        :param scope: the module or class that it is written in
        :raises Unread: it cannot be told
        """
        match node:
            case ast.Constant():
                return node.value
            case ast.Tuple() | ast.List():
                return tuple(self._elements(scope, node.elts))
            case ast.Dict():
                return dict(self._items(scope, node))
            case ast.Name() | ast.Attribute():
                return self.value(*self.follow(scope, node))
        raise Unread(node)

    def _elements(
        self, scope: griffe.Object, nodes: list[ast.expr]
    ) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.value(scope, node.value)
            else:
                yield self.value(scope, node)

    def _items(
        self, scope: griffe.Object, node: ast.Dict
    ) -> Iterator[tuple[Any, Any]]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from self.value(scope, value).items()
            else:
                yield self.value(scope, key), self.value(scope, value)

    def follow(
        self, scope: griffe.Object, node: ast.expr
    ) -> tuple[griffe.Object, ast.expr]:
        """Return what a name stands for, and the scope that is written in.

        :raises Unread: it is defined nowhere, or has no value
        """
        path = reading.resolve(scope, node)
        if path is None:
            return scope, node
        found = self._tree.find(path)
        if not isinstance(found, griffe.Attribute) or found.value is None:
            raise Unread(node)
        return found.parent or found.module, reading.parse(found.value)

    def call(
        self,
        scope: griffe.Object,
        node: ast.expr,
        function: str,
        names: tuple[str, ...],
    ) -> dict[str, ast.expr]:
        """Return the arguments of a call, by name.

        :param function: the dotted path of what has to be called
        :param names: of the parameters that may be given by position
        :raises Unread: it is another expression
        """
        if (
            not isinstance(node, ast.Call)
            or reading.resolve(scope, node.func) != function
            or len(node.args) > len(names)
            or any(isinstance(each, ast.Starred) for each in node.args)
        ):
            raise Unread(node)
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Unread(node)
            given[keyword.arg] = keyword.value
        return given

    def elements(
        self, scope: griffe.Object, node: ast.expr
    ) -> Iterator[tuple[griffe.Object, ast.expr]]:
        """Return the expressions of a tuple, wherever that is written.

        :raises Unread: it is another expression
        """
        scope, node = self.follow(scope, node)
        if not isinstance(node, ast.Tuple | ast.List):
            raise Unread(node)
        for each in node.elts:
            if isinstance(each, ast.Starred):
                yield from self.elements(scope, each.value)
            else:
                yield scope, each

    def items(
        self, scope: griffe.Object, node: ast.expr
    ) -> Iterator[tuple[Any, griffe.Object, ast.expr]]:
        """Return keys and the expressions of a dictionary.

        :raises Unread: it is another expression
        """
        scope, node = self.follow(scope, node)
        if not isinstance(node, ast.Dict):
            raise Unread(node)
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from self.items(scope, value)
            else:
                yield self.value(scope, key), scope, value
