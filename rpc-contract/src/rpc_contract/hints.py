# SPDX-License-Identifier: Apache-2.0
"""Types as annotations tell them: written alike, and held against each other.

An annotation here is its source text, aliases of the tree resolved.
"""

from __future__ import annotations

import ast
import functools
from typing import Literal

import griffe

from rpc_contract import reading

Change = Literal['same', 'narrowed', 'widened', 'changed']

#: What the older spellings of typing are called now.
_NAMES = {
    'Dict': 'dict',
    'FrozenSet': 'frozenset',
    'List': 'list',
    'Set': 'set',
    'Tuple': 'tuple',
    'Type': 'type',
}

#: What takes all values of the second kind, besides itself.
_WIDER = {
    ('complex', 'float'),
    ('complex', 'int'),
    ('float', 'int'),
    ('float', 'bool'),
    ('int', 'bool'),
    *(
        (wide, narrow)
        for wide in ('Mapping', 'MutableMapping')
        for narrow in ('dict', 'MutableMapping')
        if wide != narrow
    ),
    *(
        (wide, narrow)
        for wide in ('Collection', 'Iterable', 'Sequence')
        for narrow in ('list', 'tuple', 'Sequence')
        if wide != narrow
    ),
}


class _Resolve(ast.NodeTransformer):
    """Puts what the tree calls by a name of its own in the place of it."""

    def __init__(
        self, tree: reading.Tree, scope: griffe.Object, seen: frozenset[str]
    ) -> None:
        self._tree = tree
        self._scope = scope
        self._seen = seen

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._resolved(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._resolved(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str):
            return node
        # A name in quotes, or a value of Literal.
        try:
            inner = ast.parse(node.value, mode='eval').body
        except SyntaxError:
            return node
        found = self.visit(inner)
        return found if isinstance(found, ast.expr) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.visit(node.value)
        head = ast.unparse(value)
        if head == 'Literal':
            return ast.Subscript(value, node.slice, ast.Load())
        inner = self.visit(node.slice)
        if head == 'Optional':
            return _union([inner, ast.Constant(None)])
        if head == 'Annotated' and isinstance(inner, ast.Tuple):
            return inner.elts[0]
        if head == 'Union':
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _union(parts)
        return ast.Subscript(value, inner, ast.Load())

    def _resolved(self, node: ast.Name | ast.Attribute) -> ast.expr:
        path = reading.resolve(self._scope, node)
        if path is None or path in self._seen:
            return node
        module, _dot, name = path.rpartition('.')
        if module in ('typing', 'typing_extensions', 'collections.abc'):
            return ast.Name(_NAMES.get(name, name), ast.Load())
        found = self._tree.find(path) if module else None
        if isinstance(found, griffe.Attribute) and found.value is not None:
            scope = found.parent or found.module
            inner = _Resolve(self._tree, scope, self._seen | {path})
            value = inner.visit(reading.parse(found.value))
            return value if isinstance(value, ast.expr) else node
        return ast.Name(found.path if found else path, ast.Load())


def _union(parts: list[ast.expr]) -> ast.expr:
    return functools.reduce(
        lambda left, right: ast.BinOp(left, ast.BitOr(), right), parts
    )


def text(
    tree: reading.Tree,
    scope: griffe.Object,
    annotation: griffe.Expr | str | None,
) -> str | None:
    """Write an annotation in the one way; None where there is none."""
    if annotation is None:
        return None
    node = _Resolve(tree, scope, frozenset()).visit(reading.parse(annotation))
    return ast.unparse(node)


def change(old: str | None, new: str | None) -> Change:
    """Say how a type has changed, as a set of values.

    Where one of them is not told nothing is known, and nothing is said.
    """
    if old is None or new is None or old == new:
        return 'same'
    before, after = _parse(old), _parse(new)
    wider, narrower = _covers(after, before), _covers(before, after)
    if wider and narrower:
        return 'same'
    if wider:
        return 'widened'
    return 'narrowed' if narrower else 'changed'


def _parse(annotation: str) -> ast.expr:
    return ast.parse(annotation, mode='eval').body


def _members(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]


def _covers(wide: ast.expr, narrow: ast.expr) -> bool:
    return all(
        any(_covers_one(left, right) for left in _members(wide))
        for right in _members(narrow)
    )


def _covers_one(wide: ast.expr, narrow: ast.expr) -> bool:
    left, right = ast.unparse(wide), ast.unparse(narrow)
    if left == right or left in ('Any', 'object'):
        return True
    head, arguments = _generic(wide)
    other, others = _generic(narrow)
    if head == 'Literal' == other:
        values = {ast.unparse(each) for each in arguments}
        return values >= {ast.unparse(each) for each in others}
    if other == 'Literal':
        return not arguments and all(
            isinstance(each, ast.Constant)
            and type(each.value).__name__ == head
            for each in others
        )
    if head != other and (head, other) not in _WIDER:
        return False
    if not arguments or (not others and _says_nothing(arguments)):
        return True
    return len(arguments) == len(others) and all(
        _covers(a, b) for a, b in zip(arguments, others, strict=True)
    )


def _says_nothing(arguments: list[ast.expr]) -> bool:
    """Whether ``dict[str, Any]`` says no more than ``dict``: for JSON."""
    *keys, last = (ast.unparse(each) for each in arguments)
    return last == 'Any' and set(keys) <= {'str', 'Any'}


def _generic(node: ast.expr) -> tuple[str, list[ast.expr]]:
    if not isinstance(node, ast.Subscript):
        return ast.unparse(node), []
    inner = node.slice
    arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    return ast.unparse(node.value), arguments
