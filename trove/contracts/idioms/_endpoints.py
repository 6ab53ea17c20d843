# SPDX-License-Identifier: Apache-2.0
"""Reads the manager classes of any project: what can be called, and how."""

from __future__ import annotations

import ast
from collections.abc import Iterator
import dataclasses

import griffe

from trove.contracts import declared
from trove.contracts import hints
from trove.contracts import model
from trove.contracts import reading
from trove.contracts.idioms import _expressions
from trove.contracts.idioms import _source
from trove.contracts.idioms import _statements
from trove.contracts.idioms import _values

#: Where a manager keeps the others that are served beside it.
_OTHERS = 'additional_endpoints'
#: Bases of libraries, which have nothing to call in them.
_LIBRARIES = ('oslo_', 'abc.', 'builtins.', 'typing.', 'collections.')


def read(
    tree: reading.Tree,
    spec: str,
    interface: str,
    client: model.Contract | None = None,
) -> model.Contract:
    """Read what an endpoint serves, and those that it brings along.

    :param spec: ``package.module:Class``
    :param client: of the same tree: of several endpoints the one that it
        sends to comes first, with what only the client says: the topic,
        which methods are called, and the version if it has none itself
    :returns: a contract with methods, and no sends
    :raises reading.Unusable: the class is not there
    """
    reader = _Reader(tree, tree.find_class(spec), interface)
    first = reader.contract()
    found = [first]
    for each in reader.others():
        beside = _Reader(tree, each, interface)
        other = beside.contract()
        if beside.hands_over:
            # What it has not itself the first endpoint does.
            methods = {**first.methods, **other.methods}
            other = dataclasses.replace(other, methods=methods)
        found.append(other)
    if client is not None:
        found.sort(key=lambda each: each.namespace != client.namespace)
        found[0] = _known_by(client, found[0])
    return dataclasses.replace(found[0], others=tuple(found[1:]))


def _known_by(
    client: model.Contract, endpoint: model.Contract
) -> model.Contract:
    """Add what only the client says of an endpoint."""
    kinds: dict[str, set[model.Kind | None]] = {}
    for send in client.sends:
        kinds.setdefault(send.method, set()).add(send.kind)
    return dataclasses.replace(
        endpoint,
        version=endpoint.version or client.version,
        topic=endpoint.topic or client.topic,
        methods={
            name: dataclasses.replace(method, kind=kind)
            for name, method in endpoint.methods.items()
            for kind in (_only(kinds.get(name, set())),)
        },
    )


def _only(kinds: set[model.Kind | None]) -> model.Kind | None:
    return next(iter(kinds)) if len(kinds) == 1 else None


class _Reader:
    def __init__(
        self, tree: reading.Tree, own: griffe.Class, interface: str
    ) -> None:
        self._tree = tree
        self._own = own
        self._interface = interface
        self._source = _source.Source(tree, own)
        self._walk = _statements.Statements(self._source)
        self._where = tree.location(own)

    def contract(self) -> model.Contract:
        unread = [
            missing
            for missing in self._source.missing
            if not missing.symbol.startswith(_LIBRARIES)
        ]
        if self._source.member('__getattr__') and not self.hands_over:
            text = 'what __getattr__ serves'
            unread.append(model.Unread(self._where, text, '__getattr__'))
        target = self._target()
        version = target.version if target else _values.Known(None)
        if target is not None and not isinstance(version, _values.Known):
            text = 'the version of its target'
            unread.append(model.Unread(self._where, text, 'target'))
        return model.Contract(
            interface=self._interface,
            topic=target.topic if target else None,
            namespace=_values.text(target.namespace) if target else None,
            version=_values.text(version),
            methods={each.name: each for each in self._methods()},
            unread=tuple(unread),
            where=self._where,
        )

    @property
    def hands_over(self) -> bool:
        """Whether what it does not have is taken from another object."""
        found = self._source.member('__getattr__')
        function = (
            self._source.function(found)
            if isinstance(found, griffe.Function)
            else None
        )
        match function and function.node.body[-1]:
            case ast.Return(
                ast.Call(ast.Name('getattr'), [ast.Attribute(), ast.Name()])
            ):
                return True
        return False

    def _methods(self) -> Iterator[model.Method]:
        named = {each.name: each for each in self._source.methods()}
        for each in self._source.classes:
            for name, member in each.members.items():
                # "old_name = new_name" in a class.
                if isinstance(member, griffe.Attribute) and name not in named:
                    function = named.get(str(member.value))
                    if function is not None:
                        named[name] = function
        for name, function in named.items():
            if not name.startswith('_'):
                yield from self._method(name, function)

    def _method(
        self, name: str, function: griffe.Function
    ) -> Iterator[model.Method]:
        leading = 1 if 'staticmethod' in function.labels else 2
        parameters = list(function.parameters)
        if len(parameters) < leading:
            return  # nothing takes the context
        arguments, open_ended = declared.parameters(
            self._tree, function, leading
        )
        rest = {
            each.name
            for each in parameters
            if each.kind is griffe.ParameterKind.var_positional
        }
        yield model.Method(
            name,
            arguments=tuple(a for a in arguments if a.name not in rest),
            any_fields=open_ended,
            result=hints.text(self._tree, function.module, function.returns),
            where=self._tree.location(function),
        )

    def _target(self) -> _values.Client | None:
        """Find the target: of the class, or one that it makes for itself."""
        found = self._source.member('target')
        if isinstance(
            found, griffe.Attribute
        ) and not _expressions.is_of_objects(found):
            value = self._walk.named(found.path)
            if isinstance(value, _values.Client):
                return value
        for each, node in self._nodes():
            match node:
                case ast.Assign(value=ast.Call() as call) if _is_target(call):
                    value = self._value(each, call)
                    if isinstance(value, _values.Client):
                        return value
        return None

    def _value(self, owner: griffe.Class, node: ast.expr) -> _values.Value:
        frame = _source.Frame(owner.module, owner.path)
        state = _values.State({'self': _values.Self()}, {}, {}, frozenset())
        value, _state = next(self._walk.value(node, frame, state))
        return value

    def _nodes(self) -> Iterator[tuple[griffe.Class, ast.AST]]:
        for each in self._source.classes:
            for node in ast.walk(self._source.definition(each)):
                yield each, node

    def others(self) -> Iterator[griffe.Class]:
        """Return the endpoints that are served beside this one."""
        for owner, node in self._nodes():
            match node:
                case ast.Call(
                    ast.Attribute(ast.Attribute(attr=name), 'append'), [given]
                ) if name == _OTHERS:
                    found = self._class(owner, given)
                    if found is not None:
                        yield found

    def _class(
        self, owner: griffe.Class, node: ast.expr
    ) -> griffe.Class | None:
        """Return the class of which a new object is served."""
        if isinstance(node, ast.Call):
            path = reading.resolve(owner.module, node.func)
            found = self._tree.find(path) if path else None
            return found if isinstance(found, griffe.Class) else None
        if isinstance(node, ast.Attribute):
            for each, other in self._nodes():
                match other:
                    case ast.Assign(
                        [ast.Attribute(attr=name)], ast.Call() as made
                    ) if name == node.attr:
                        return self._class(each, made)
        return None


def _is_target(node: ast.Call) -> bool:
    match node.func:
        case ast.Name('Target') | ast.Attribute(attr='Target'):
            return True
    return False
