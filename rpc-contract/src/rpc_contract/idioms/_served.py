# SPDX-License-Identifier: Apache-2.0
"""What a dispatcher can call a function with, its decorators included.

oslo.messaging gives the context by position and the arguments by name, to
what the outermost decorator has made of a function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
import dataclasses

import griffe

from rpc_contract import declared
from rpc_contract import model
from rpc_contract import reading
from rpc_contract.idioms import _source

_STATIC = 'staticmethod'


@dataclasses.dataclass(frozen=True)
class Served:
    """How a function is called.

    :param broken: why nothing of it is run, whoever sends what; empty: it is
    """

    arguments: tuple[model.Argument, ...]
    any_fields: bool
    broken: str = ''


def served(
    tree: reading.Tree, source: _source.Source, function: griffe.Function
) -> Served | None:
    """Say with which arguments a public function can be called.

    :returns: None where it takes no context: it is there for others
    """
    bound = 0 if _STATIC in function.labels else 1
    found = source.function(function)
    if found is None:
        return None
    spec = found.node.args
    wrappers = list(_wrappers(tree, source, function))
    if not wrappers and not (
        spec.vararg or len([*spec.posonlyargs, *spec.args]) > bound
    ):
        return None
    given = _Given(bound + 1)
    for each in wrappers:
        each.pass_on(given)
    arguments, open_ended = declared.parameters(tree, function, 0)
    return _reached(given, found.node, arguments, open_ended)


@dataclasses.dataclass
class _Given:
    """What comes to a function: by position, and by name.

    :ivar position: how many come by position, those before the context too
    :ivar taken: what decorators on the way take out of a message
    :ivar filled: the names that decorators give themselves
    :ivar others: what else is in a message comes, too
    :ivar broken: see :class:`Served`
    """

    position: int
    taken: dict[str, model.Argument] = dataclasses.field(default_factory=dict)
    filled: set[str] = dataclasses.field(default_factory=set)
    others: bool = True
    broken: str = ''


def _reached(
    given: _Given,
    node: _source.FunctionNode,
    arguments: tuple[model.Argument, ...],
    open_ended: bool,
) -> Served:
    spec = node.args
    names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    only = {each.arg for each in spec.posonlyargs}
    known = {each.name: each for each in arguments}
    position = set(names[: given.position])
    rest = [
        known[name]
        for name in known
        if name not in position
        and name not in {spec.vararg and spec.vararg.arg}
    ]
    broken = given.broken or never_run(node)
    if not broken and given.position > len(names) and spec.vararg is None:
        broken = f'{node.name} is called with more than it takes by position'
    takes: dict[str, model.Argument] = {}
    for each in rest:
        if each.name in given.filled:
            continue
        if each.name in only or (
            not given.others and each.name not in given.filled
        ):
            if each.default is None and not broken:
                broken = f'{each.name} cannot be given by name'
        elif each.name not in given.taken:
            takes[each.name] = each
        elif each.default is None and not broken:
            broken = f'a decorator keeps {each.name}, which is required'
    for name, each in given.taken.items():
        like = known.get(name)
        takes[name] = dataclasses.replace(
            each,
            annotation=like.annotation if like else None,
            where=like.where if like else each.where,
        )
    order = {name: place for place, name in enumerate(known)}
    return Served(
        tuple(sorted(takes.values(), key=lambda a: order.get(a.name, 99))),
        open_ended and given.others,
        broken,
    )


def never_run(node: _source.FunctionNode) -> str:
    """Say why a dispatcher that calls a function runs nothing of it."""
    if isinstance(node, ast.AsyncFunctionDef):
        return f'{node.name} is "async", and nobody awaits it'
    for each in _own(node):
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return f'{node.name} is a generator, and nobody goes through it'
    return ''


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a function, and not into those that are within."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _source.FunctionNode | ast.Lambda):
            yield child
            yield from _own(child)


@dataclasses.dataclass(frozen=True)
class _Wrapper:
    """What a decorator puts in the place of a function.

    :param inner: what it calls that
    """

    node: _source.FunctionNode
    inner: str
    where: model.Location

    def pass_on(self, given: _Given) -> None:
        """Follow a call through the wrapper, to what it wraps."""
        found = self._call()
        if found is None:
            return  # what it does instead nobody can tell
        call, within = found
        given.broken = given.broken or never_run(self.node)
        spec = self.node.args
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        over = max(0, given.position - len(names))
        if over and spec.vararg is None:
            given.broken = given.broken or (
                f'its decorator {self.node.name} takes less by position than '
                'is given'
            )
        for name, default in self._named(names[given.position :]):
            if given.others and name not in given.filled:
                given.taken.setdefault(
                    name, model.Argument(name, default, where=self.where)
                )
        starred = any(isinstance(each, ast.Starred) for each in call.args)
        by_place = [x for x in call.args if not isinstance(x, ast.Starred)]
        given.position = len(by_place) + (over if starred else 0)
        given.filled = {each.arg for each in call.keywords if each.arg}
        given.filled |= set(self._set())
        given.others = given.others and any(
            each.arg is None
            and (
                _is_name(each.value, spec.kwarg)
                or (
                    _is_name(each.value, within.args.kwarg)
                    and self._passes_all_to(within)
                )
            )
            for each in call.keywords
        )

    def _call(self) -> tuple[ast.Call, _source.FunctionNode] | None:
        """Return the call of what it wraps, and the function that has it."""
        within = self.node
        for each in ast.walk(self.node):
            match each:
                case ast.FunctionDef() | ast.AsyncFunctionDef() if any(
                    _calls(self.inner, part) for part in _own(each)
                ):
                    within = each
        for each in ast.walk(within):
            if isinstance(each, ast.Call) and _calls(self.inner, each):
                return each, within
        return None

    def _passes_all_to(self, within: _source.FunctionNode) -> bool:
        """Whether a function in it, under a lock say, gets what it gets."""
        return any(
            isinstance(each, ast.Call)
            and _calls(within.name, each)
            and any(
                keyword.arg is None
                and _is_name(keyword.value, self.node.args.kwarg)
                for keyword in each.keywords
            )
            for each in ast.walk(self.node)
        )

    def _named(self, names: list[str]) -> Iterator[tuple[str, str | None]]:
        """What it takes out of a message, with the default of each."""
        spec = self.node.args
        every = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        late = dict(
            zip(reversed(every), reversed(spec.defaults), strict=False)
        )
        for name in names:
            default = late.get(name)
            yield name, ast.unparse(default) if default else None
        for each, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            yield each.arg, ast.unparse(value) if value else None
        for node in ast.walk(self.node):
            match node:
                case ast.Call(
                    ast.Attribute(ast.Name() as owner, 'pop'),
                    [ast.Constant(str(name)), *rest],
                ) if _is_name(owner, spec.kwarg):
                    yield name, ast.unparse(rest[0]) if rest else None

    def _set(self) -> Iterator[str]:
        for node in ast.walk(self.node):
            match node:
                case ast.Assign(
                    [
                        ast.Subscript(
                            ast.Name() as owner, ast.Constant(str(name))
                        )
                    ]
                ) if _is_name(owner, self.node.args.kwarg):
                    yield name


def _calls(name: str, node: ast.AST) -> bool:
    match node:
        case ast.Call(ast.Name(found)):
            return found == name
    return False


def _is_name(node: ast.expr, argument: ast.arg | None) -> bool:
    return (
        argument is not None
        and isinstance(node, ast.Name)
        and node.id == argument.arg
    )


def _wrappers(
    tree: reading.Tree, source: _source.Source, function: griffe.Function
) -> Iterator[_Wrapper]:
    """Return what the decorators of a function make of it, outermost first.

    Those that the tree does not have pass on what they are given.
    """
    for decorator in function.decorators:
        node = reading.parse(decorator.value)
        called = isinstance(node, ast.Call)
        path = reading.resolve(
            function.module, node.func if isinstance(node, ast.Call) else node
        )
        found = tree.find(path) if path else None
        if not isinstance(found, griffe.Function):
            continue
        whole = source.function(found)
        if whole is None:
            continue
        outer: _source.FunctionNode | None = whole.node
        if called:
            outer = _returned(whole.node)
        if outer is None or not (outer.args.posonlyargs or outer.args.args):
            continue
        inner = [*outer.args.posonlyargs, *outer.args.args][0].arg
        wrapper = _returned(outer)
        if wrapper is not None:
            yield _Wrapper(wrapper, inner, tree.location(found))


def _returned(
    node: _source.FunctionNode,
) -> _source.FunctionNode | None:
    """Return the function that a function makes and gives back."""
    made = {
        each.name: each
        for each in node.body
        if isinstance(each, _source.FunctionNode)
    }
    for each in _own(node):
        match each:
            case ast.Return(ast.Name(name)) if name in made:
                return made[name]
    return None
