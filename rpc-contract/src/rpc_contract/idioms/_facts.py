# SPDX-License-Identifier: Apache-2.0
"""What values tell of conditions, dictionaries and lists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Sequence
import operator
import re

from rpc_contract import jsonable
from rpc_contract import model
from rpc_contract.idioms import _values

Known = _values.Known
State = _values.State
Unknown = _values.Unknown
Value = _values.Value

_TYPES: dict[str, tuple[type, ...]] = {
    'str': (str,),
    'int': (int,),
    'bool': (bool,),
    'bytes': (bytes,),
}
_HOLDERS = ('tuple', 'list', 'dict')
_COMPARED = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
}


def fields_of(value: Value, state: State) -> _values.Fields:
    """Return what is in a dictionary; of anything else, what may be."""
    if isinstance(value, _values.Ref):
        return state.heap[value.number]
    return _values.Fields(open=True)


def keyed(fields: _values.Fields, key: Value, value: Value) -> _values.Fields:
    """Return a dictionary after ``fields[key] = value``."""
    match key:
        case Known(str(text)):
            return fields.having(text, value)
        case Known():
            return _values.Fields(fields.entries, fields.open, odd=True)
    return _values.Fields(fields.entries, open=True, odd=fields.odd)


def perhaps(fields: _values.Fields) -> _values.Fields:
    """Return a dictionary of which everything may be missing."""
    maybe: model.Presence = 'maybe'
    return _values.Fields(
        {key: (value, maybe) for key, (value, _) in fields.entries.items()},
        fields.open,
        fields.odd,
    )


def decide(
    node: ast.expr, found: Value, state: State
) -> Iterator[tuple[bool, State]]:
    answer = _truth(found, state)
    if answer is not None:
        yield answer, state
        return
    text = ast.unparse(node)
    before = dict(state.decided)
    for answer in (True, False):
        if before.get(text, answer) is answer:
            after = state.fork()
            after.decided |= {(text, answer)}
            yield answer, after


def _truth(found: Value, state: State) -> bool | None:
    match found:
        case Known(value):
            return bool(value)
        case _values.Items(_, elements):
            return bool(elements)
        case _values.Ref(number):
            fields = state.heap[number]
            if any(sure == 'always' for _, sure in fields.entries.values()):
                return True
            return None if fields.entries or fields.open else False
        case Unknown() | _values.Name() | _values.Attribute():
            return None
    return True


def compared(
    op: ast.cmpop, left: Value, right: Value, state: State
) -> bool | None:
    match (left, right):
        case (Known(one), Known(other)) if type(op) in _COMPARED:
            return bool(_COMPARED[type(op)](one, other))
        case (Known(one), _values.Items(_, elements)) if isinstance(
            op, ast.In | ast.NotIn
        ) and all(isinstance(each, Known) for each in elements):
            return (Known(one) in elements) is isinstance(op, ast.In)
        case (Known(str(key)), _values.Ref(number)) if isinstance(
            op, ast.In | ast.NotIn
        ):
            fields = state.heap[number]
            if key in fields.entries:
                if fields.entries[key][1] == 'maybe':
                    return None
                return isinstance(op, ast.In)
            return None if fields.open else isinstance(op, ast.NotIn)
        case (Unknown() | _values.Name() | _values.Attribute(), _):
            return None
        case (_, Known(None)) if type(op) in _COMPARED:
            return isinstance(op, ast.IsNot | ast.NotEq)
    return None


def of_text(text: str, name: str, given: Sequence[Value]) -> str | None:
    """Return what a method of a text gives, None where it is not known."""
    if name == 'join' and len(given) == 1:
        only = given[0]
        given = only.elements if isinstance(only, _values.Items) else given
    known = [each.value for each in given if isinstance(each, Known)]
    if len(known) != len(given):
        return None
    try:
        if name == 'join':
            return text.join(map(str, known))
        return str(getattr(text, name)(*known))
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def sliced(base: Value, index: ast.Slice) -> Value | None:
    if not isinstance(base, _values.Items):
        return None
    bounds = []
    for node in (index.lower, index.upper, index.step):
        try:
            bounds.append(None if node is None else ast.literal_eval(node))
        except ValueError:
            return None
    return _values.Items(base.kind, base.elements[slice(*bounds)])


def element(base: Value, key: Value, state: State) -> Value | None:
    match (base, key):
        case (_values.Items(_, elements), Known(int(index))):
            if -len(elements) <= index < len(elements):
                return elements[index]
        case (_values.Ref(number), Known(str(name))):
            found = state.heap[number].entries.get(name)
            return found[0] if found else None
    return None


def listed(fields: _values.Fields, name: str) -> _values.Items:
    keys = [Known(key) for key in fields.entries]
    if name == 'keys':
        return _values.Items('list', tuple(keys))
    return _values.Items(
        'list',
        tuple(
            _values.Items('tuple', (Known(key), value))
            for key, (value, _sure) in fields.entries.items()
        ),
    )


def collected(name: str, first: Value, text: str, state: State) -> Value:
    kind = {'tuple': 'tuple', 'set': 'set', 'frozenset': 'set'}
    match first:
        case _values.Items(_, elements):
            return _values.Items(
                kind.get(name, 'list'),  # type: ignore[arg-type]
                elements,
            )
        case _values.Ref(number) if not state.heap[number].open:
            return listed(state.heap[number], 'keys')
    return Unknown(text, jsonable.changed(name))


def is_instance(value: Value, wanted: Value, text: str) -> Value:
    types = wanted.elements if isinstance(wanted, _values.Items) else [wanted]
    names = {each.path for each in types if isinstance(each, _values.Name)}
    match value:
        case Known(literal) if names <= {*_TYPES, *_HOLDERS}:
            return Known(
                any(
                    isinstance(literal, _TYPES.get(name, ())) for name in names
                )
            )
        case _values.Items(kind, _):
            return Known(kind in names)
        case _values.Ref():
            return Known('dict' in names)
    return Unknown(text)


def different(states: list[State]) -> list[State]:
    """Leave out the ways that go on as others do."""
    if len(states) < 2:
        return states
    return list({each.alike(): each for each in states}.values())


def of_items(
    callee: tuple[_values.Items, str],
    first: Value,
    node: ast.Call,
    state: State,
) -> Iterator[tuple[Value, State]]:
    """A list changes where it has a name; where it has two, unseen."""
    items, name = callee
    target = node.func.value if isinstance(node.func, ast.Attribute) else None
    elements = list(items.elements)
    found: Value = Known(None)
    match (name, first):
        case ('append', _):
            elements.append(first)
        case ('extend', _values.Items()):
            elements += first.elements
        case ('pop', Known(int() | None as index)) if elements:
            place = -1 if index is None else index
            found = elements.pop(place if abs(place) < len(elements) else -1)
        case _:
            yield Unknown(ast.unparse(node)), state
            return
    if isinstance(target, ast.Name):
        changed = _values.Items(items.kind, tuple(elements))
        state = state.bind(target.id, changed)
    yield found, state


def parts(node: ast.JoinedStr) -> list[ast.expr]:
    """Return the expressions of an f-string."""
    return [
        each.value if isinstance(each, ast.FormattedValue) else each
        for each in node.values
    ]


def joined(node: ast.JoinedStr, found: Sequence[Value]) -> Value:
    """Return an f-string; one with formats is not read.

    :param found: what its expressions stand for
    """
    plain = not any(
        isinstance(each, ast.FormattedValue)
        and (each.format_spec or each.conversion != -1)
        for each in node.values
    )
    known = [each.value for each in found if isinstance(each, Known)]
    if plain and len(known) == len(found):
        return Known(''.join(map(str, known)))
    return Unknown(ast.unparse(node))


def added(node: ast.BinOp, left: Value, right: Value) -> Value | None:
    """Return ``left + right`` of texts, or ``left % right``."""
    if not isinstance(left, Known) or not isinstance(left.value, str):
        return None
    match (node.op, right):
        case (ast.Add(), Known(str(other))):
            return Known(left.value + other)
        case (ast.Mod(), _):
            pass
        case _:
            return None
    values = right.elements if isinstance(right, _values.Items) else (right,)
    known = [each.value for each in values if isinstance(each, Known)]
    kinds = set(re.findall(r'%(.?)', left.value.replace('%%', '')))
    if len(known) != len(values) or not kinds <= {'s', 'd'}:
        return None
    try:
        return Known(left.value % tuple(known))
    except (TypeError, ValueError):
        return None


def as_loop(
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
) -> ast.stmt:
    """Return the loop that a comprehension is."""
    body: ast.stmt = ast.Expr(node.elt)
    for each in reversed(node.generators):
        for condition in reversed(each.ifs):
            body = ast.If(condition, [body], [])
        body = ast.For(each.target, each.iter, [body], [])
    return ast.copy_location(body, node)
