# SPDX-License-Identifier: Apache-2.0
"""Reads the endpoints that serve declared interfaces.

An endpoint may serve methods by refusing them: a decorator, which the project
names, is called with the interface and a dictionary, whose keys are those
methods. The method ``refuse`` of such a class is not served itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

import griffe

from rpc_contract import declared
from rpc_contract import hints
from rpc_contract import idioms
from rpc_contract import model
from rpc_contract import reading
from rpc_contract import values

#: The method of an endpoint that does the refusing.
_HOOK = 'refuse'


def read(
    tree: reading.Tree,
    spec: str,
    client: model.Contract,
    client_spec: str,
    refusing: str | None = None,
) -> model.Contract:
    """Return what an endpoint class serves.

    :param spec: of the endpoint, ``package.module:Class``
    :param client: the contract that it should serve
    :param client_spec: of the class that declares that
    :param refusing: the dotted path of the decorator that serves by refusing
    :returns: its ``version`` and ``interface`` are those of the contract
        that the endpoint itself names; None and empty where it names none
    :raises reading.Unusable: the class is not there
    """
    return _Reading(tree, spec, refusing).contract(client, client_spec)


def merged(
    served: Sequence[model.Contract], client: model.Contract
) -> model.Contract:
    """Return what the endpoints of one server serve together.

    :param served: in the order in which they are asked for a method
    :param client: the contract that they should serve
    :returns: what it says of itself is of the first that serves another one,
        so that this is found
    """
    ours = client.interface, client.version
    speaker = next(
        (each for each in served if (each.interface, each.version) != ours),
        served[0],
    )
    return dataclasses.replace(
        speaker,
        methods={
            name: method
            for each in reversed(served)
            for name, method in each.methods.items()
        },
        unread=tuple(each for one in served for each in one.unread),
    )


class _Reading:
    """One endpoint while it is read."""

    def __init__(
        self, tree: reading.Tree, spec: str, refusing: str | None
    ) -> None:
        self._tree = tree
        self._refusing = refusing
        self._endpoint = tree.find_class(spec)
        self._values = values.Reader(tree)
        self._unread: list[model.Unread] = []

    def contract(
        self, client: model.Contract, client_spec: str
    ) -> model.Contract:
        where = self._tree.location(self._endpoint)
        classes, missing = self._tree.classes(self._endpoint)
        self._unread += missing
        methods: dict[str, model.Method] = {}
        for each in reversed(classes):
            methods |= self._refused(each, client)
            methods |= {m.name: m for m in self._own(each)}
        interface, version = self._serves(classes, client, client_spec)
        return model.Contract(
            interface=interface,
            version=version,
            methods=methods,
            unread=tuple(self._unread),
            where=where,
        )

    def _own(self, owner: griffe.Class) -> Iterator[model.Method]:
        refuses = any(self._serve_calls(owner))
        for function in owner.members.values():
            if (
                isinstance(function, griffe.Function)
                and not function.name.startswith('_')
                and _takes_context(function)
                and not (refuses and function.name == _HOOK)
            ):
                arguments, open_ended = declared.parameters(
                    self._tree, function
                )
                yield model.Method(
                    function.name,
                    arguments=arguments,
                    any_fields=open_ended,
                    result=hints.text(
                        self._tree, function.module, function.returns
                    ),
                    broken=idioms.why_never_run(self._tree, owner, function),
                    where=self._tree.location(function),
                )

    def _serve_calls(
        self, owner: griffe.Class
    ) -> Iterator[dict[str, ast.expr]]:
        for decorator in owner.decorators:
            if decorator.callable_path == self._refusing:
                yield self._values.call(
                    owner.module,
                    reading.parse(decorator.value),
                    self._refusing,
                    ('interface', 'methods'),
                )

    def _refused(
        self, owner: griffe.Class, client: model.Contract
    ) -> dict[str, model.Method]:
        """Return what is served with the signatures of the contract."""
        where = self._tree.location(owner)
        found = {}
        try:
            for given in self._serve_calls(owner):
                for name, _scope, _what in self._values.items(
                    owner.module, given['methods']
                ):
                    if name in client.methods:
                        found[name] = dataclasses.replace(
                            client.methods[name], where=where
                        )
                    else:
                        text = f'{name}, which is refused: no contract'
                        self._unread.append(model.Unread(where, text, name))
        except (values.Unread, KeyError) as text:
            self._unread.append(
                model.Unread(where, f'what it refuses: {text}')
            )
        return found

    def _serves(
        self,
        classes: list[griffe.Class],
        client: model.Contract,
        client_spec: str,
    ) -> tuple[str, str | None]:
        """Return the name and the version of the interface it names."""
        wanted = client_spec.replace(':', '.')
        for each in classes:
            stated = each.members.get('interface')
            if isinstance(stated, griffe.Attribute) and stated.value:
                path = reading.canonical(stated.value)
                constant = self._tree.find(path)
                if (
                    constant is not None
                    and self._tree.location(constant) == client.where
                ):
                    return client.interface, client.version
                owner, _dot, name = path.rpartition('.')
                found = self._tree.find(owner)
                if name == 'interface' and found is not None:
                    if found.path == wanted:
                        return client.interface, client.version
                    other = declared.read(
                        self._tree, f'{found.module.path}:{found.name}'
                    )
                    return other.interface, other.version
                self._unread.append(
                    model.Unread(
                        self._tree.location(stated), f'the interface: {path}'
                    )
                )
        return '', None


def _takes_context(function: griffe.Function) -> bool:
    parameters = list(function.parameters)
    return len(parameters) > 1 and parameters[1].name == 'context'
