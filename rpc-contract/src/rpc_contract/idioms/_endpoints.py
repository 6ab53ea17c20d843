# SPDX-License-Identifier: Apache-2.0
"""Reads the manager classes of any project: what can be called, and how."""

from __future__ import annotations

import ast
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

import griffe

from rpc_contract import hints
from rpc_contract import model
from rpc_contract import reading
from rpc_contract.idioms import _served
from rpc_contract.idioms import _source
from rpc_contract.idioms import _statements
from rpc_contract.idioms import _topics
from rpc_contract.idioms import _values

#: Where a manager keeps the others that are served beside it.
_OTHERS = 'additional_endpoints'


def read(
    tree: reading.Tree,
    specs: Sequence[str],
    interface: str,
    client: model.Contract | None = None,
) -> model.Contract:
    """Read what the endpoints of a server serve, and those they bring along.

    :param specs: each ``package.module:Class``, in the order of the server
    :param client: of the same tree: of several endpoints the one that it
        sends to comes first, with what only the client says: the topic,
        which methods are called, and the version if it has none itself
    :returns: a contract with methods, and no sends
    :raises reading.Unusable: a class is not there
    """
    sent = {send.method for send in client.sends} if client else set()
    found: list[model.Contract] = []
    for spec in specs:
        reader = _Reader(tree, tree.find_class(spec), interface, sent)
        first = reader.contract()
        found.append(first)
        for each in reader.others():
            beside = _Reader(tree, each, interface, sent)
            other = beside.contract()
            if beside.hands_over:
                # What it has not itself the first endpoint does.
                methods = {**first.methods, **other.methods}
                other = dataclasses.replace(other, methods=methods)
            found.append(other)
    found = list(_united(found))
    if client is not None:
        found.sort(key=lambda each: each.namespace != client.namespace)
        found = [
            _known_by(client, each)
            if each is found[0] or each.namespace == client.namespace
            else each
            for each in found
        ]
    return dataclasses.replace(found[0], others=tuple(found[1:]))


def _united(
    found: Sequence[model.Contract],
) -> Iterator[model.Contract]:
    """Make one of endpoints that take the same messages.

    The first that has a method is asked for it.
    """
    alike: dict[object, model.Contract] = {}
    for each in found:
        key = each.namespace, each.version
        before = alike.setdefault(key, each)
        if before is not each:
            alike[key] = dataclasses.replace(
                before,
                methods={**each.methods, **before.methods},
                unread=(*before.unread, *each.unread),
            )
    yield from alike.values()


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
    """One endpoint while it is read.

    :param sent: the methods that clients send to it
    """

    def __init__(
        self,
        tree: reading.Tree,
        own: griffe.Class,
        interface: str,
        sent: Collection[str] = (),
    ) -> None:
        self._tree = tree
        self._sent = sent
        self._unread: list[model.Unread] = []
        self._own = own
        self._interface = interface
        self._source = _source.Source(tree, own)
        self._walk = _statements.Statements(self._source)
        self._where = tree.location(own)

    def contract(self) -> model.Contract:
        unread = list(self._source.unknown_bases)
        if self._source.member('__getattr__') and not self.hands_over:
            text = 'what __getattr__ serves'
            unread.append(model.Unread(self._where, text, '__getattr__'))
        methods = {each.name: each for each in self._methods()}
        unread += self._unread
        target = self._target()
        version = target.version if target else _values.Known(None)
        if target is not None and not isinstance(version, _values.Known):
            text = 'the version of its target'
            unread.append(model.Unread(self._where, text, 'target'))
        return model.Contract(
            interface=self._interface,
            topic=_topics.told(self._tree, self._own, target.topic)
            if target
            else None,
            namespace=_values.text(target.namespace) if target else None,
            version=_values.text(version),
            methods=methods,
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
        bound: dict[str, tuple[griffe.Class, ast.AST]] = {}
        deleted = set()
        for each in self._source.classes:
            for name, node in self._source.bound(each).items():
                if node is None:
                    deleted.add(name)
                elif name not in bound:
                    bound[name] = each, node
        for name in {**named, **bound}:
            if name.startswith('_') or name in deleted.difference(bound):
                continue
            owner, node = bound.get(name, (self._own, None))
            function = named.get(name)
            if isinstance(node, ast.expr):
                # "old_name = new_name", in a class or behind it.
                function = self._function(owner, node, named)
                if function is None:
                    yield from self._opaque(name, node, named)
            elif name in deleted:
                # What a class has lost is that of its base.
                member = owner.members.get(name)
                if isinstance(member, griffe.Function):
                    function = member
            if function is not None:
                yield from self._method(name, function)

    def _function(
        self,
        owner: griffe.Class,
        node: ast.expr,
        named: Mapping[str, griffe.Function],
    ) -> griffe.Function | None:
        match node:
            case ast.Name(name) if name in named and name in owner.members:
                return named[name]
            case ast.Attribute(ast.Name(name), attribute) if (
                name == owner.name and attribute in named
            ):
                return named[attribute]
        path = reading.resolve(owner.module, node)
        found = self._tree.find(path) if path else None
        return found if isinstance(found, griffe.Function) else None

    def _opaque(
        self, name: str, node: ast.expr, named: Mapping[str, griffe.Function]
    ) -> Iterator[model.Method]:
        """A method that is made in a way that cannot be followed."""
        if name not in self._sent and name not in named:
            return
        if isinstance(node, ast.Constant):
            return  # it cannot be called
        where = dataclasses.replace(self._where, line=node.lineno)
        text = f'what {name} = {ast.unparse(node)} serves'
        self._unread.append(model.Unread(where, text, name))
        yield model.Method(name, any_fields=True, where=where)

    def _method(
        self, name: str, function: griffe.Function
    ) -> Iterator[model.Method]:
        served = _served.served(self._tree, self._source, function)
        if served is None:
            return  # nothing takes the context
        yield model.Method(
            name,
            arguments=served.arguments,
            any_fields=served.any_fields,
            result=hints.text(self._tree, function.module, function.returns),
            broken=served.broken,
            where=self._tree.location(function),
        )

    def _target(self) -> _values.Client | None:
        """Find the target: of the class, or one that it makes for itself."""
        found = self._source.member('target')
        if isinstance(
            found, griffe.Attribute
        ) and not _source.is_of_objects(found):
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
