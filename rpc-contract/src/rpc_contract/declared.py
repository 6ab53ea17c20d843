# SPDX-License-Identifier: Apache-2.0
"""Reads declared interfaces: the signatures of the client are the contract.

A declaration is known by its shape. The class has ``interface=``, a constant
that is made by ``Interface`` of some library; ``call``, ``cast``, ``Client``,
``Revision`` and ``Span`` of the same library are the rest of it::

    from cellar import rpc

    CELLAR = rpc.Interface(
        name='cellar',
        history=(
            rpc.Revision('1.0', 'The first.', releases=('2026.1',)),
            rpc.Revision('1.1', 'find got shelf.', releases=('2026.2',)),
        ),
    )

    class API(rpc.Client, interface=CELLAR):
        @rpc.call('1.0', spans={'shelf': rpc.Span('1.1')})
        def find(self, context, wine: str, shelf: str = 'top') -> str | None:
            '''Return the shelf of a wine.'''
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
import dataclasses
import re
from typing import Any

import griffe

from rpc_contract import hints
from rpc_contract import model
from rpc_contract import reading
from rpc_contract import values

_KINDS: tuple[model.Kind, ...] = ('call', 'cast')
_SPAN = ('since', 'until', 'again', 'may_omit', 'required')
_REVISION = ('name', 'changes', 'releases', 'probe')
_INTERFACE = ('name', 'topic', 'history')
#: What a topic is made from; its own names for them do not matter.
_TOPIC = ('conf', 'peer')


def declares(client: griffe.Class) -> bool:
    """Whether a class is a client with a declared interface."""
    return 'interface' in client.keywords


def read(tree: reading.Tree, spec: str) -> model.Contract:
    """Return the contract that a client class declares.

    :param spec: ``package.module:Class``
    :raises reading.Unusable: the class is not there, or declares nothing
    """
    client = tree.find_class(spec)
    if not declares(client):
        raise reading.Unusable(
            f'{spec} declares no interface: its class has no interface=.'
        )
    return _Reading(tree, client).contract()


def parameters(
    tree: reading.Tree, function: griffe.Function, leading: int = 2
) -> tuple[tuple[model.Argument, ...], bool]:
    """Return the arguments of a method that takes a context first.

    :param leading: how many parameters come before them
    :returns: the arguments, and whether it takes others as well
    """
    scope = function.module
    reader = values.Reader(tree)
    arguments = []
    open_ended = False
    for parameter in list(function.parameters)[leading:]:
        if parameter.kind is griffe.ParameterKind.var_keyword:
            open_ended = True
            continue
        if parameter.kind is griffe.ParameterKind.var_positional:
            # Arguments go by name.
            continue
        default = parameter.default
        arguments.append(
            model.Argument(
                parameter.name,
                None if default is None else reader.text(scope, default),
                hints.text(tree, scope, parameter.annotation),
                where=tree.location(
                    function, rf'(.*[(\s,])?{parameter.name}\s*[:=,)]'
                ),
            )
        )
    return tuple(arguments), open_ended


class _Names(ast.NodeTransformer):
    """Gives names others."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


class _Reading:
    """One interface while it is read."""

    def __init__(self, tree: reading.Tree, client: griffe.Class) -> None:
        self._tree = tree
        self._client = client
        self._values = values.Reader(tree)
        self._declaration, self._library = self._find_declaration()
        self._kinds = {f'{self._library}.{kind}': kind for kind in _KINDS}
        self._unread: list[model.Unread] = []
        self._unsure: list[tuple[model.Location, str]] = []

    def contract(self) -> model.Contract:
        where = self._tree.location(self._client)
        declaration = self._declaration
        scope = declaration.module
        given = self._given()
        name = self._value(scope, given.get('name'), where, 'its name')
        history = self._history(scope, declaration, given.get('history'))
        methods = dict(self._methods())
        return model.Contract(
            interface=name or self._client.path,
            topic=self._topic(scope, given.get('topic')),
            version=history[-1].version if history else None,
            floor=history[0].name if history else None,
            aliases={
                release: revision.name
                for revision in history
                for release in revision.releases
            },
            history=history,
            methods=methods,
            sends=tuple(
                send for method in methods.values() for send in _sends(method)
            ),
            sealed_since=self._value(
                scope, given.get('sealed_since'), where, 'sealed_since'
            ),
            unread=tuple(self._unread),
            unsure=tuple(self._unsure),
            where=self._tree.location(declaration),
        )

    def _find_declaration(self) -> tuple[griffe.Attribute, str]:
        """Return the constant, and the library that it is made with."""
        path = reading.canonical(self._client.keywords['interface'])
        found = self._tree.find(path)
        if not isinstance(found, griffe.Attribute) or found.value is None:
            raise reading.Unusable(
                f'The interface of {self._client.path} is {path}, which is '
                'not a constant of a readable module.'
            )
        made_by = None
        node = reading.parse(found.value)
        if isinstance(node, ast.Call):
            made_by = reading.resolve(found.module, node.func)
        library, _dot, name = (made_by or '').rpartition('.')
        if not library or name != 'Interface':
            raise reading.Unusable(
                f'The interface of {self._client.path} is {path}, which is '
                f'not created by Interface of a library: {values.Unread(node)}'
            )
        return found, library

    def _given(self) -> dict[str, ast.expr]:
        """Return what the interface is made of, by name."""
        found = self._declaration
        assert found.value is not None
        try:
            return self._values.call(
                found.module,
                reading.parse(found.value),
                f'{self._library}.Interface',
                _INTERFACE,
            )
        except values.Unread as text:
            raise reading.Unusable(
                f'{found.path} is not a readable Interface: {text}'
            ) from None

    def _value(
        self,
        scope: griffe.Object,
        node: ast.expr | None,
        where: model.Location,
        what: str,
    ) -> Any:
        if node is None:
            return None
        try:
            return self._values.value(scope, node)
        except values.Unread as text:
            self._unsure.append((where, f'{what}: {text}'))
            return None

    def _topic(
        self, scope: griffe.Object, node: ast.expr | None
    ) -> str | None:
        match node:
            case None:
                return None
            case ast.Lambda():
                own = [each.arg for each in node.args.args]
                names = dict(zip(own, _TOPIC, strict=False))
                return ast.unparse(_Names(names).visit(node.body))
        return reading.resolve(scope, node) or ast.unparse(node)

    def _history(
        self,
        scope: griffe.Object,
        declaration: griffe.Attribute,
        node: ast.expr | None,
    ) -> tuple[model.Revision, ...]:
        """Read the history, all of it or nothing."""
        if node is None:
            return ()
        owner: griffe.Object = declaration
        path = reading.resolve(scope, node)
        if path is not None:
            owner = self._tree.find(path) or declaration
        try:
            return tuple(
                self._revision(owner, inside, entry)
                for inside, entry in self._values.elements(scope, node)
            )
        except (values.Unread, KeyError) as text:
            where = self._tree.location(owner)
            self._unsure.append((where, f'the history: {text}'))
            return ()

    def _revision(
        self, owner: griffe.Object, scope: griffe.Object, entry: ast.expr
    ) -> model.Revision:
        fields = self._values.call(
            scope, entry, f'{self._library}.Revision', _REVISION
        )
        name = str(self._values.value(scope, fields['name']))
        releases = fields.get('releases', ast.Tuple([], ast.Load()))
        try:
            changes = str(self._values.value(scope, fields['changes']))
        except (values.Unread, KeyError):
            # It is for people, and nothing is concluded from it.
            changes = ''
        pattern = rf'\s*([\w.]+\()?[\'"]{re.escape(name)}[\'"]'
        return model.Revision(
            name,
            tuple(self._values.value(scope, releases)),
            self._tree.location(owner, pattern),
            changes,
        )

    def _methods(self) -> Iterator[tuple[str, model.Method]]:
        classes, missing = self._tree.classes(
            self._client, (f'{self._library}.Client',)
        )
        self._unread += missing
        for each in reversed(classes):
            for function in each.members.values():
                if isinstance(function, griffe.Function):
                    for method in self._method(function):
                        yield method.name, method

    def _method(self, function: griffe.Function) -> Iterator[model.Method]:
        where = self._tree.location(function)
        for decorator in function.decorators:
            path = self._meant(decorator.callable_path)
            if path is not None and path not in self._kinds:
                continue
            scope = function.module
            arguments, open_ended = parameters(self._tree, function)
            method = model.Method(
                function.name,
                self._kinds[path] if path else None,
                arguments=arguments,
                any_fields=open_ended,
                result=hints.text(self._tree, scope, function.returns),
                where=where,
            )
            try:
                yield self._dated(method, scope, decorator)
            except values.Unread as text:
                self._unsure.append((where, f'{function.name}: {text}'))
                yield dataclasses.replace(method, unread=str(text))

    def _meant(self, path: str) -> str | None:
        """Return what a decorator is, whatever it is called.

        :returns: None of one that the tree makes itself
        """
        found = None if path in self._kinds else self._tree.find(path)
        if isinstance(found, griffe.Attribute) and found.value is not None:
            node = reading.parse(found.value)
            if isinstance(node, ast.Name | ast.Attribute):
                return reading.resolve(found.module, node)
            return None
        return None if isinstance(found, griffe.Function) else path

    def _dated(
        self,
        method: model.Method,
        scope: griffe.Object,
        decorator: griffe.Decorator,
    ) -> model.Method:
        """Say since when there is what of a method.

        :raises values.Unread: that cannot be told
        """
        node = reading.parse(decorator.value)
        if method.kind is None:
            raise values.Unread(node)
        given = self._values.call(
            scope, node, decorator.callable_path, ('since',)
        )
        fields = self._fields(scope, given)
        spans = dict(self._spans(scope, given))
        return dataclasses.replace(
            method,
            arguments=tuple(
                dataclasses.replace(
                    argument,
                    **{
                        'since': fields['since'],
                        **spans.get(argument.name, {}),
                    },
                )
                for argument in method.arguments
            ),
            **fields,
        )

    def _fields(
        self, scope: griffe.Object, given: dict[str, ast.expr]
    ) -> dict[str, Any]:
        wanted = ('since', 'until', 'again', 'sealed')
        return {
            name: self._values.value(scope, given[name])
            for name in wanted
            if name in given
        }

    def _spans(
        self, scope: griffe.Object, given: dict[str, ast.expr]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        node = given.get('spans')
        if node is None:
            return
        for name, inside, entry in self._values.items(scope, node):
            fields = self._values.call(
                inside, entry, f'{self._library}.Span', _SPAN
            )
            yield (
                name,
                {
                    key: self._values.value(inside, value)
                    for key, value in fields.items()
                },
            )


def _sends(method: model.Method) -> Iterator[model.Send]:
    """Say what the client sends: never more than a version knows."""
    own = {
        argument.name: _presence(argument, method)
        for argument in method.arguments
        if argument.since in ('', method.since)
    }
    yield model.Send(
        method.name,
        method.since,
        own,
        method.kind,
        any_fields=method.any_fields,
        where=method.where,
    )
    for argument in method.arguments:
        if argument.since not in ('', method.since):
            yield model.Send(
                method.name,
                argument.since,
                {**own, argument.name: 'maybe'},
                method.kind,
                any_fields=method.any_fields,
                where=argument.where,
            )


def _presence(
    argument: model.Argument, method: model.Method
) -> model.Presence:
    later = argument.until is not None or argument.required is not None
    return 'maybe' if later else 'always'
