# SPDX-License-Identifier: Apache-2.0
"""What JSON makes another thing of on the way."""

from __future__ import annotations

import ast

#: By the last part of the name of a type.
_CHANGED = {
    'tuple': 'a tuple',
    'Tuple': 'a tuple',
    'NamedTuple': 'a tuple',
    'set': 'a set',
    'Set': 'a set',
    'AbstractSet': 'a set',
    'MutableSet': 'a set',
    'frozenset': 'a set',
    'FrozenSet': 'a set',
    'bytes': 'bytes',
    'bytearray': 'bytes',
    'datetime': 'a datetime',
    'date': 'a date',
    'timedelta': 'a timedelta',
    'Decimal': 'a decimal number',
    'complex': 'a complex number',
}
_MAPPINGS = ('dict', 'Dict', 'Mapping', 'MutableMapping', 'defaultdict')
#: What arrives instead.
ARRIVES = {
    'a tuple': 'a list',
    'a set': 'a list',
    'bytes': 'text, if at all',
    'a datetime': 'text',
    'a date': 'text',
    'a timedelta': 'text or a number, if at all',
    'a decimal number': 'text or a number, if at all',
    'a complex number': 'nothing that means the same',
    'a dictionary with keys that are no text': 'one with text as keys',
}
ODD_KEYS = 'a dictionary with keys that are no text'


def changed(annotation: str | None) -> str:
    """Say what a value of a type is that JSON does not keep.

    :param annotation: source text of the type
    :returns: as :data:`ARRIVES` has it; empty: it is kept, or there is no
        telling
    """
    if not annotation:
        return ''
    try:
        return _of(ast.parse(annotation, mode='eval').body)
    except SyntaxError:
        return ''


def _of(node: ast.expr) -> str:
    match node:
        case ast.Constant(str(text)):
            return changed(text)
        case ast.Name(name) | ast.Attribute(_, name):
            return _CHANGED.get(name, '')
        case ast.BinOp(left, ast.BitOr(), right):
            return _of(left) or _of(right)
        case ast.Subscript(ast.Name(name) | ast.Attribute(_, name), inner):
            return _of_parts(name, inner)
    return ''


def _of_parts(name: str, inner: ast.expr) -> str:
    if name in _CHANGED:
        return _CHANGED[name]
    if name in ('Literal', 'Annotated', 'type', 'Type', 'Callable'):
        return ''
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in _MAPPINGS and parts and not _text(parts[0]):
        return ODD_KEYS
    return next((found for part in parts if (found := _of(part))), '')


def _text(node: ast.expr) -> bool:
    # A name that is not known here may well be one of text.
    match node:
        case ast.Name(name) | ast.Attribute(_, name):
            return name not in ('int', 'float', 'bool', *_CHANGED)
        case ast.Subscript(ast.Name(name) | ast.Attribute(_, name), _):
            return name not in _CHANGED
    return True
