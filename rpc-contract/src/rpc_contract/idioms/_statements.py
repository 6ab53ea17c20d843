# SPDX-License-Identifier: Apache-2.0
"""The ways through a function."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import enum

import griffe

from rpc_contract.idioms import _calls
from rpc_contract.idioms import _expressions
from rpc_contract.idioms import _facts
from rpc_contract.idioms import _senders
from rpc_contract.idioms import _source
from rpc_contract.idioms import _values

Frame = _source.Frame
Known = _values.Known
State = _values.State
Unknown = _values.Unknown
Value = _values.Value

#: Ways that are followed at the same time, and rounds of a loop.
_WAYS = 256
_ROUNDS = 32
_DEPTH = 10


class Flow(enum.Enum):
    """How a statement is left."""

    NEXT = enum.auto()
    BREAK = enum.auto()
    CONTINUE = enum.auto()
    RETURN = enum.auto()
    RAISE = enum.auto()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """An end of a statement on one way."""

    flow: Flow
    state: State
    value: Value = Known(None)


class Statements(_calls.Calls):
    """Follows functions on all ways.

    :ivar inlined: paths of the functions that others call
    :ivar entry: path of the method that is being followed
    """

    def __init__(
        self,
        source: _source.Source,
        senders: Mapping[str, _senders.Wrapped] | None = None,
    ) -> None:
        super().__init__(source, senders)
        self.inlined: set[str] = set()
        self.entry = ''

    def run(
        self,
        function: _values.Function,
        arguments: _calls.Arguments,
        frame: Frame,
        state: State,
    ) -> _expressions.Ways:
        if function.path in frame.calls or len(frame.calls) >= _DEPTH:
            yield Unknown(f'{function.node.name}()'), state
            return
        if frame.calls:
            self.inlined.add(function.path)
        scope = function.scope
        inner = Frame(
            scope.module,
            scope.path if isinstance(scope, griffe.Class) else frame.owner,
            function.closure,
            (*frame.calls, function.path),
            None if function.path == self.entry else frame.site,
        )
        for start in self._bound(function, arguments, inner, state):
            for end in self.block(function.node.body, inner, start):
                if end.flow is not Flow.RAISE:
                    after = end.state.fork()
                    after.env, after.decided = state.env, state.decided
                    yield end.value, after

    def _bound(
        self,
        function: _values.Function,
        given: _calls.Arguments,
        frame: Frame,
        state: State,
    ) -> Iterator[State]:
        """Give a function its arguments."""
        spec = function.node.args
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        env: dict[str, Value] = {}
        if function.bound and names and not _source.is_static(function.node):
            env[names.pop(0)] = _values.Self()
        positional = dict(zip(names, given.positional, strict=False))
        fields = given.fields
        inside = state.fork()
        inside.env, inside.decided = env, frozenset()
        nodes = dict(
            zip(reversed(names), reversed(spec.defaults), strict=False)
        )
        for each, default in zip(
            spec.kwonlyargs, spec.kw_defaults, strict=True
        ):
            names.append(each.arg)
            if default is not None:
                nodes[each.arg] = default
        for name in names:
            if name in positional:
                env[name] = positional[name]
            elif name in fields.entries:
                env[name] = fields.entries[name][0]
                fields = fields.without(name)
            elif name in nodes:
                value, inside = next(self.value(nodes[name], frame, inside))
                env[name] = value
            else:
                env[name] = Unknown(name)
        if spec.vararg:
            env[spec.vararg.arg] = _values.Items(
                'tuple', given.positional[len(positional) :]
            )
        if spec.kwarg:
            env[spec.kwarg.arg], inside = inside.dictionary(fields)
            inside.env = env
        yield inside

    def block(
        self, body: Sequence[ast.stmt], frame: Frame, state: State
    ) -> Iterator[Outcome]:
        """Follow statements, one after the other."""
        states = [state]
        for statement in body:
            going = []
            for before in states:
                for end in self._statement(statement, frame, before):
                    if end.flow is Flow.NEXT:
                        going.append(end.state)
                    else:
                        yield end
            states = _facts.different(going)
            if len(states) > _WAYS:
                self.unread[self.source.line(frame, statement)] = (
                    f'there are more than {_WAYS} ways through here'
                )
                states = states[:_WAYS]
        for each in states:
            yield Outcome(Flow.NEXT, each)

    def _statement(
        self, node: ast.stmt, frame: Frame, state: State
    ) -> Iterator[Outcome]:
        match node:
            case ast.Expr(inner):
                for _value, after in self.value(inner, frame, state):
                    yield Outcome(Flow.NEXT, after)
            case ast.Return(inner):
                inner = inner or ast.Constant(None)
                for value, after in self.value(inner, frame, state):
                    yield Outcome(Flow.RETURN, after, value)
            case ast.Raise():
                yield Outcome(Flow.RAISE, state)
            case ast.Break():
                yield Outcome(Flow.BREAK, state)
            case ast.Continue():
                yield Outcome(Flow.CONTINUE, state)
            case ast.If():
                for answer, after in self.truth(node.test, frame, state):
                    branch = node.body if answer else node.orelse
                    yield from self.block(branch, frame, after)
            case ast.For() | ast.AsyncFor():
                yield from self._for(node, frame, state)
            case ast.While():
                yield from self._while(node, frame, state)
            case ast.With() | ast.AsyncWith():
                for after in self._entered(node, frame, state):
                    yield from self.block(node.body, frame, after)
            case ast.Try() | ast.TryStar():
                yield from self._try(node, frame, state)
            case ast.Match():
                for case in node.cases:
                    yield from self.block(case.body, frame, state)
                yield Outcome(Flow.NEXT, state)
            case _:
                for after in self._bindings(node, frame, state):
                    yield Outcome(Flow.NEXT, after)

    def _bindings(
        self, node: ast.stmt, frame: Frame, state: State
    ) -> Iterator[State]:
        """Follow a statement that gives names, or takes them away."""
        match node:
            case ast.Assign(targets, value):
                for found, after in self.value(value, frame, state):
                    for target in targets:
                        after = self._assign(target, found, frame, after)
                    yield after
            case ast.AnnAssign(target, _, ast.expr() as value):
                for found, after in self.value(value, frame, state):
                    yield self._assign(target, found, frame, after)
            case ast.AugAssign(target, op, value):
                both = ast.BinOp(target, op, value)
                for found, after in self.value(both, frame, state):
                    yield self._assign(target, found, frame, after)
            case ast.Delete(targets):
                for target in targets:
                    state = self._delete(target, frame, state)
                yield state
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                closure = {**frame.closure, **state.env}
                function = _values.Function(
                    node, frame.scope, followed=True, closure=closure
                )
                yield state.bind(node.name, function)
            case ast.Import(names):
                for name in names:
                    path = (
                        name.name
                        if name.asname
                        else (name.name.partition('.')[0])
                    )
                    state = state.bind(name.asname or path, _values.Name(path))
                yield state
            case ast.ImportFrom(module, names, 0):
                for name in names:
                    found = self.named(f'{module}.{name.name}')
                    state = state.bind(name.asname or name.name, found)
                yield state
            case _:
                yield state

    def _assign(
        self, target: ast.expr, value: Value, frame: Frame, state: State
    ) -> State:
        match target:
            case ast.Name(name):
                return state.bind(name, value)
            case ast.Attribute(ast.Name(owner), name) if isinstance(
                state.env.get(owner), _values.Self
            ):
                after = state.fork()
                after.own[name] = value
                after.forget(name)
                return after
            case ast.Subscript(base, index) if not isinstance(
                index, ast.Slice
            ):
                found, _state = next(self.value(base, frame, state))
                key, _state = next(self.value(index, frame, state))
                if isinstance(found, _values.Ref):
                    fields = state.heap[found.number]
                    changed = _facts.keyed(fields, key, value)
                    return state.put(found, changed)
            case ast.Tuple(targets) | ast.List(targets):
                given = isinstance(value, Unknown) and value.parameter
                parts: Iterable[Value] = (
                    Unknown(ast.unparse(each), parameter=given)
                    for each in targets
                )
                if isinstance(value, _values.Items) and len(
                    value.elements
                ) == len(targets):
                    parts = value.elements
                for each, part in zip(targets, parts, strict=True):
                    state = self._assign(each, part, frame, state)
        return state

    def _delete(self, target: ast.expr, frame: Frame, state: State) -> State:
        match target:
            case ast.Subscript(base, index):
                found, _state = next(self.value(base, frame, state))
                key, _state = next(self.value(index, frame, state))
                if isinstance(found, _values.Ref):
                    fields = state.heap[found.number]
                    if isinstance(key, Known):
                        fields = fields.without(str(key.value))
                    else:
                        fields = _facts.perhaps(fields)
                    return state.put(found, fields)
        return state

    def _entered(
        self, node: ast.With | ast.AsyncWith, frame: Frame, state: State
    ) -> Iterator[State]:
        nodes = [item.context_expr for item in node.items]
        for found, after in self.values(nodes, frame, state):
            for item, value in zip(node.items, found, strict=True):
                if item.optional_vars is not None:
                    after = self._assign(
                        item.optional_vars, value, frame, after
                    )
            yield after

    def _for(
        self, node: ast.For | ast.AsyncFor, frame: Frame, state: State
    ) -> Iterator[Outcome]:
        for found, after in self.value(node.iter, frame, state):
            going = [after]
            if isinstance(found, _values.Items):
                rounds: tuple[Value, ...] = found.elements
            else:
                # None or one: more of them say nothing new.
                rounds = (Unknown(ast.unparse(node.target)),)
                yield from self.block(node.orelse, frame, after)
            for value in rounds:
                starts = [
                    self._assign(node.target, value, frame, each)
                    for each in going
                ]
                going = []
                for end in self._round(node.body, frame, starts):
                    if end.flow is Flow.CONTINUE:
                        going.append(end.state)
                    else:
                        yield end
            for each in going:
                yield from self.block(node.orelse, frame, each)

    def loop(
        self, node: ast.stmt, frame: Frame, state: State
    ) -> Iterator[State]:
        ends = self._statement(node, frame, state)
        yield from _facts.different([end.state for end in ends])[:_WAYS]

    def _while(
        self, node: ast.While, frame: Frame, state: State
    ) -> Iterator[Outcome]:
        going = [state]
        for _round in range(_ROUNDS):
            starts = []
            for each in going:
                for answer, after in self.truth(node.test, frame, each):
                    if answer:
                        starts.append(after)
                    else:
                        yield from self.block(node.orelse, frame, after)
            going = []
            for end in self._round(node.body, frame, starts):
                if end.flow is Flow.CONTINUE:
                    going.append(end.state)
                else:
                    yield end
            if not going:
                return
        self.unread[self.source.line(frame, node)] = (
            f'the loop has no end after {_ROUNDS} rounds'
        )

    def _round(
        self, body: Sequence[ast.stmt], frame: Frame, starts: list[State]
    ) -> Iterator[Outcome]:
        """Follow the body of a loop; CONTINUE leads to the next round."""
        for start in _facts.different(starts)[:_WAYS]:
            for end in self.block(body, frame, start):
                if end.flow is Flow.NEXT:
                    yield Outcome(Flow.CONTINUE, end.state)
                elif end.flow is Flow.BREAK:
                    yield Outcome(Flow.NEXT, end.state)
                else:
                    yield end

    def _try(
        self, node: ast.Try | ast.TryStar, frame: Frame, state: State
    ) -> Iterator[Outcome]:
        ends: list[Outcome] = []
        for end in self.block(node.body, frame, state):
            if end.flow is Flow.NEXT:
                ends += self.block(node.orelse, frame, end.state)
            elif end.flow is Flow.RAISE and node.handlers:
                for handler in node.handlers:
                    ends += self.block(handler.body, frame, end.state)
            else:
                ends.append(end)
        for handler in node.handlers:
            ends += self.block(handler.body, frame, state)
        for end in ends:
            for last in self.block(node.finalbody, frame, end.state):
                if last.flow is Flow.NEXT:
                    yield dataclasses.replace(end, state=last.state)
                else:
                    yield last
