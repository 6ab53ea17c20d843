# SPDX-License-Identifier: Apache-2.0
"""What expressions stand for.

Everything gives pairs of a value and a state, one for each way on: a
condition that asks ``can_send_version`` has two.
"""

from __future__ import annotations

import abc
import ast
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

import griffe

from rpc_contract import reading
from rpc_contract.idioms import _facts
from rpc_contract.idioms import _source
from rpc_contract.idioms import _values

Frame = _source.Frame
Known = _values.Known
State = _values.State
Unknown = _values.Unknown
Value = _values.Value
Ways = Iterator[tuple[Value, State]]


#: Expressions that are evaluated for a method, on all ways through it: what
#: some seconds are enough for.
_STEPS = 100_000


class Exhausted(Exception):
    """A method has more ways than are followed."""


class Expressions(abc.ABC):
    """Evaluates expressions.

    :param source: of the client that they are in
    :ivar reached: places that send, if they are called there; by ``id``
    :ivar steps: what may still be evaluated
    """

    def __init__(self, source: _source.Source) -> None:
        self.source = source
        self.reached: set[int] = set()
        self.steps = _STEPS
        self._constants: set[str] = set()
        self._lambdas: dict[ast.Lambda, ast.FunctionDef] = {}

    def start(self) -> None:
        """Begin with another method."""
        self.steps = _STEPS

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Exhausted(f'it takes more than {_STEPS} steps')

    @abc.abstractmethod
    def call(self, node: ast.Call, frame: Frame, state: State) -> Ways:
        """Return what a call gives."""

    def value(self, node: ast.expr, frame: Frame, state: State) -> Ways:
        """Return what an expression stands for.

        :raises Exhausted: too much was evaluated since :meth:`start`
        """
        self._step()
        match node:
            case ast.Constant():
                yield Known(node.value), state
            case ast.Name():
                yield self._name(node.id, frame, state), state
            case ast.Attribute():
                self.reached.add(id(node))
                for base, after in self.value(node.value, frame, state):
                    yield self.attribute(base, node.attr, node, after), after
            case ast.Call():
                yield from self.call(node, frame, state)
            case ast.Await() | ast.Starred():
                yield from self.value(node.value, frame, state)
            case ast.NamedExpr(ast.Name(name), inner):
                for found, after in self.value(inner, frame, state):
                    yield found, after.bind(name, found)
            case ast.Dict():
                yield from self._dictionary(node, frame, state)
            case ast.DictComp():
                yield from self._comprehension(node, frame, state)
            case ast.Tuple() | ast.List() | ast.Set():
                yield from self._items(node, frame, state)
            case ast.Subscript():
                yield from self._subscript(node, frame, state)
            case ast.BinOp() | ast.JoinedStr():
                yield from self._sum(node, frame, state)
            case ast.IfExp():
                for answer, after in self.truth(node.test, frame, state):
                    branch = node.body if answer else node.orelse
                    yield from self.value(branch, frame, after)
            case ast.BoolOp():
                yield from self._either(node.op, node.values, frame, state)
            case ast.UnaryOp(ast.Not(), inner):
                for answer, after in self.truth(inner, frame, state):
                    yield Known(not answer), after
            case ast.UnaryOp(ast.USub(), ast.Constant(int() as number)):
                yield Known(-number), state
            case ast.Compare(left, [op], [right]):
                yield from self._comparison(
                    node, (left, op, right), frame, state
                )
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield from self._collected(node, frame, state)
            case ast.Lambda():
                yield self._lambda(node, frame, state), state
            case _:
                yield Unknown(ast.unparse(node)), state

    def values(
        self, nodes: Sequence[ast.expr], frame: Frame, state: State
    ) -> Iterator[tuple[tuple[Value, ...], State]]:
        """Return what several expressions stand for, one after the other."""
        if not nodes:
            yield (), state
            return
        for first, between in self.value(nodes[0], frame, state):
            for others, after in self.values(nodes[1:], frame, between):
                yield (first, *others), after

    def truth(
        self, node: ast.expr, frame: Frame, state: State
    ) -> Iterator[tuple[bool, State]]:
        """Return the answers that a condition may give."""
        match node:
            case ast.UnaryOp(ast.Not(), inner):
                for answer, after in self.truth(inner, frame, state):
                    yield not answer, after
            case ast.BoolOp(op, [first, *others]):
                short = isinstance(op, ast.Or)
                rest = ast.BoolOp(op, others)
                for answer, after in self.truth(first, frame, state):
                    if answer is short or not others:
                        yield answer, after
                    else:
                        yield from self.truth(rest, frame, after)
            case _:
                for found, after in self.value(node, frame, state):
                    yield from _facts.decide(node, found, after)

    def _name(self, name: str, frame: Frame, state: State) -> Value:
        if name in state.env:
            return state.env[name]
        if name in frame.closure:
            return frame.closure[name]
        scope = frame.scope
        member = scope.members.get(name)
        if isinstance(member, griffe.Object) and _source.is_of_objects(member):
            scope = scope.module  # a class does not see them
        path = reading.resolve(scope, ast.Name(name))
        return self.named(path or name)

    def named(self, path: str) -> Value:
        """Return what a dotted path stands for."""
        found = self.source.tree.find(path)
        if isinstance(found, griffe.Function):
            return self.source.function(found) or _values.Name(path)
        if isinstance(found, griffe.Attribute):
            return self._constant(found)
        return _values.Name(found.path if found is not None else path)

    def _constant(self, found: griffe.Attribute) -> Value:
        if found.value is None or not isinstance(found.parent, griffe.Object):
            return Unknown(found.name)
        if found.path in self._constants:
            return Unknown(found.name)  # defined by itself
        frame = Frame(found.parent)
        nothing = State({}, {}, {}, frozenset())
        self._constants.add(found.path)
        try:
            node = reading.parse(found.value)
            for value, after in self.value(node, frame, nothing):
                # Dictionaries are of the state that they were made in.
                if not after.heap:
                    return value
        finally:
            self._constants.discard(found.path)
        return Unknown(str(found.value))

    def attribute(
        self, base: Value, name: str, node: ast.expr, state: State
    ) -> Value:
        """Return an attribute of a value."""
        match base:
            case _values.Self(after):
                return self._of_self(after, name, state)
            case _values.Client():
                if name in _values.KINDS:
                    return _values.Sender(_values.KINDS[name], base)
                if name == 'version':
                    return base.version
                if name == 'target':
                    return base
            case _values.Name(path):
                return self.named(f'{path}.{name}')
            case Unknown() if name not in (
                *_RPC,
                'encode',
                *self.source.senders,
            ):
                return Unknown(ast.unparse(node))
        return _values.Attribute(base, name)

    def _of_self(self, after: str, name: str, state: State) -> Value:
        if not after and name in state.own:
            return state.own[name]
        found = self.source.member(name, after)
        if isinstance(found, griffe.Function):
            function = self.source.function(found)
            if function is not None:
                return dataclasses.replace(function, bound=True, followed=True)
        if isinstance(
            found, griffe.Attribute
        ) and not _source.is_of_objects(found):
            return self._constant(found)
        if name in _RPC:
            return _values.Attribute(Unknown('self'), name)
        return Unknown(f'self.{name}')

    def _dictionary(self, node: ast.Dict, frame: Frame, state: State) -> Ways:
        keys = [key or ast.Constant(None) for key in node.keys]
        nodes = [
            each
            for pair in zip(keys, node.values, strict=True)
            for each in pair
        ]
        for found, after in self.values(nodes, frame, state):
            fields = _values.Fields()
            pairs = zip(node.keys, found[::2], found[1::2], strict=True)
            for key_node, key, value in pairs:
                if key_node is None:
                    fields = fields.merged(_facts.fields_of(value, after))
                else:
                    fields = _facts.keyed(fields, key, value)
            yield after.dictionary(fields)

    def _comprehension(
        self, node: ast.DictComp, frame: Frame, state: State
    ) -> Ways:
        """``{k: v for k, v in kwargs.items() if ...}``."""
        generator = node.generators[0]
        match (generator.iter, generator.target, node.key):
            case (
                ast.Call(ast.Attribute(base, 'items'), [], []),
                ast.Tuple([ast.Name(key), _]),
                ast.Name(used),
            ) if key == used and len(node.generators) == 1:
                for found, after in self.value(base, frame, state):
                    fields = _facts.fields_of(found, after)
                    if generator.ifs:
                        fields = _facts.perhaps(fields)
                    yield after.dictionary(fields)
            case _:
                yield state.dictionary(_values.Fields(open=True))

    def _collected(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
        frame: Frame,
        state: State,
    ) -> Ways:
        """Follow a comprehension as the loop that it is."""
        kind = 'a set' if isinstance(node, ast.SetComp) else ''
        body = _facts.as_loop(node)
        for after in self.loop(body, frame, state):
            ended = after.fork()
            ended.env, ended.decided = state.env, state.decided
            yield Unknown(ast.unparse(node), kind), ended

    def _lambda(self, node: ast.Lambda, frame: Frame, state: State) -> Value:
        """Return a lambda as the function that it is."""
        function = self._lambdas.get(node)
        if function is None:
            name = f'<lambda {node.lineno}:{node.col_offset}>'
            body = ast.copy_location(ast.Return(node.body), node.body)
            function = ast.FunctionDef(name, node.args, [body], [])
            self._lambdas[node] = ast.copy_location(function, node)
        closure = {**frame.closure, **state.env}
        return _values.Function(
            function, frame.scope, followed=True, closure=closure
        )

    @abc.abstractmethod
    def loop(
        self, node: ast.stmt, frame: Frame, state: State
    ) -> Iterator[State]:
        """Return the states behind a loop, one for each way through it."""

    def _items(
        self, node: ast.Tuple | ast.List | ast.Set, frame: Frame, state: State
    ) -> Ways:
        kind = {ast.Tuple: 'tuple', ast.List: 'list', ast.Set: 'set'}
        for found, after in self.values(node.elts, frame, state):
            elements: list[Value] = []
            for element, value in zip(node.elts, found, strict=True):
                if isinstance(element, ast.Starred) and isinstance(
                    value, _values.Items
                ):
                    elements += value.elements
                else:
                    elements.append(value)
            yield (
                _values.Items(
                    kind[type(node)],  # type: ignore[arg-type]
                    tuple(elements),
                ),
                after,
            )

    def _subscript(
        self, node: ast.Subscript, frame: Frame, state: State
    ) -> Ways:
        for base, between in self.value(node.value, frame, state):
            given = isinstance(base, Unknown) and base.parameter
            unknown = Unknown(ast.unparse(node), parameter=given)
            index = node.slice
            if isinstance(index, ast.Slice):
                yield _facts.sliced(base, index) or unknown, between
                continue
            for key, after in self.value(index, frame, between):
                yield _facts.element(base, key, after) or unknown, after

    def _sum(
        self, node: ast.BinOp | ast.JoinedStr, frame: Frame, state: State
    ) -> Ways:
        if isinstance(node, ast.JoinedStr):
            parts = _facts.parts(node)
            for every, after in self.values(parts, frame, state):
                yield _facts.joined(node, every), after
            return
        unknown = Unknown(ast.unparse(node))
        nodes = (node.left, node.right)
        for found, after in self.values(nodes, frame, state):
            match found:
                case (Known(str()), _):
                    yield _facts.added(node, *found) or unknown, after
                case (_values.Items() as left, _values.Items() as right):
                    both = left.elements + right.elements
                    yield _values.Items(left.kind, both), after
                case (_values.Ref() as old, new) if isinstance(
                    node.op, ast.BitOr
                ):
                    fields = _facts.fields_of(old, after)
                    fields = fields.merged(_facts.fields_of(new, after))
                    yield after.dictionary(fields)
                case _:
                    yield unknown, after

    def _either(
        self,
        op: ast.boolop,
        nodes: Sequence[ast.expr],
        frame: Frame,
        state: State,
    ) -> Ways:
        for found, between in self.value(nodes[0], frame, state):
            if len(nodes) == 1:
                yield found, between
                continue
            for answer, after in _facts.decide(nodes[0], found, between):
                if answer is isinstance(op, ast.Or):
                    yield found, after
                else:
                    yield from self._either(op, nodes[1:], frame, after)

    def _comparison(
        self,
        node: ast.Compare,
        parts: tuple[ast.expr, ast.cmpop, ast.expr],
        frame: Frame,
        state: State,
    ) -> Ways:
        left, op, right = parts
        for found, after in self.values((left, right), frame, state):
            answer = _facts.compared(op, found[0], found[1], after)
            if answer is None:
                yield Unknown(ast.unparse(node)), after
            else:
                yield Known(answer), after


_RPC = ('call', 'cast', 'prepare', 'can_send_version')
