# SPDX-License-Identifier: Apache-2.0
"""Reads a hand-written client: all messages that it sends, and when."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import TypeGuard

import griffe

from rpc_contract import jsonable
from rpc_contract import model
from rpc_contract import reading
from rpc_contract import values
from rpc_contract import versions
from rpc_contract.idioms import _calls
from rpc_contract.idioms import _expressions
from rpc_contract.idioms import _forms
from rpc_contract.idioms import _senders
from rpc_contract.idioms import _source
from rpc_contract.idioms import _statements
from rpc_contract.idioms import _topics
from rpc_contract.idioms import _values

Known = _values.Known
Unknown = _values.Unknown
Version = _values.Version

#: Class attributes that say what a client speaks at most, or at least.
_LATEST = ('RPC_API_VERSION', 'API_LATEST_VERSION')
_ALIASES = 'VERSION_ALIASES'
#: A decorator is of interest if it does one of these.
_OF_INTEREST = ('can_send_version', 'prepare')


def read(
    tree: reading.Tree,
    spec: str,
    interface: str,
    senders: Sequence[str] = (),
) -> model.Contract:
    """Read what a client sends.

    :param spec: ``package.module:Class``
    :param senders: other classes that it sends with, written the same way
    :returns: a contract with sends, and no methods
    :raises reading.Unusable: the class is not there
    """
    own = tree.find_class(spec)
    wrapped = _senders.read(tree, senders)
    reader = _Reader(tree, own, interface, wrapped)
    contract = reader.contract()
    if not reader.met <= reader.caps:
        # Versions that are written down in another module.
        first = {(major, 0) for major, _minor in reader.met}
        caps = reader.caps | reader.met | first
        contract = _Reader(tree, own, interface, wrapped, caps).contract()
    return contract


class _Reader:
    """A client while it is read.

    :ivar caps: those that it may tell apart
    :ivar met: the versions that it sends, or asks for
    """

    def __init__(
        self,
        tree: reading.Tree,
        own: griffe.Class,
        interface: str,
        senders: Mapping[str, _senders.Wrapped],
        caps: frozenset[Version] | None = None,
    ) -> None:
        self._tree = tree
        self._own = own
        self._interface = interface
        self._source = _source.Source(tree, own, senders)
        self._walk = _statements.Statements(self._source, senders)
        self.caps = caps or self._source.caps() or frozenset({(1, 0)})
        self.met: set[Version] = set()
        self._unread: list[model.Unread] = []
        self._withheld: set[str] = set()

    def contract(self) -> model.Contract:
        where = self._tree.location(self._own)
        self._unread += self._source.unknown_bases
        target, start = self._constructed()
        sends = tuple(self._sends(start))
        namespace = _values.text(target.namespace)
        aliases = self._aliases()
        return model.Contract(
            interface=self._interface,
            topic=_topics.told(self._tree, self._own, target.topic),
            namespace=namespace,
            version=self._version(aliases, sends),
            aliases=aliases,
            sends=sends,
            withheld=tuple(sorted(self._withheld)),
            unread=tuple(self._unread),
            where=where,
        )

    def _constructed(self) -> tuple[_values.Client, _values.State]:
        """Follow the constructor, for what it puts into ``self``."""
        start = _values.State({}, {}, {}, self.caps)
        function = self._source.member('__init__')
        if isinstance(function, griffe.Function):
            # Where there are several ways, the one with a client counts.
            ends = sorted(
                self._follow(function, start),
                key=lambda end: sum(map(_is_client, end.own.values())),
            )
            start = dataclasses.replace(
                ends[-1] if ends else start, env={}, caps=self.caps
            )
        client = next(filter(_is_client, start.own.values()), _values.Client())
        self._walk.messages.clear()
        self._walk.inlined.clear()
        return client, start

    def _follow(
        self, found: griffe.Function, start: _values.State
    ) -> Iterator[_values.State]:
        """Follow a method as a caller of the client calls it."""
        function = self._source.function(found)
        if function is None:
            return
        spec = function.node.args
        given = {
            each.arg: _parameter(each)
            for each in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)
        }
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        positional: list[_values.Value] = [given[name] for name in names]
        if positional and 'staticmethod' not in found.labels:
            positional[0] = _values.Self()
        fields = _values.Fields(
            {
                each.arg: (given[each.arg], 'always')
                for each in spec.kwonlyargs
            },
            open=spec.kwarg is not None,
        )
        arguments = _calls.Arguments(tuple(positional), fields)
        frame = _source.Frame(self._own.module, function.scope.path)
        self._walk.entry = function.path
        self._walk.start()
        try:
            for outer, after in self._decorated(function, frame, start):
                for _value, end in self._walk.run(
                    outer, arguments, frame, after
                ):
                    yield end
        except (_expressions.Exhausted, RecursionError) as error:
            text = f'all ways through {found.name}: {error}'
            where = self._tree.location(found)
            self._unread.append(model.Unread(where, text, found.name))

    def _decorated(
        self,
        function: _values.Function,
        frame: _source.Frame,
        state: _values.State,
    ) -> Iterator[tuple[_values.Function, _values.State]]:
        """Wrap a method into its decorators, as far as they matter."""
        inner = dataclasses.replace(function, followed=True)
        ways = [(inner, state)]
        for node in reversed(function.node.decorator_list):
            wrapped = []
            for inner, before in ways:
                outer = inner
                for value, after in self._decorator(node, frame, before):
                    ends = self._walk.run(
                        value, _calls.Arguments((inner,)), frame, after
                    )
                    for found, _state in ends:
                        if isinstance(found, _values.Function):
                            outer = found
                wrapped.append((outer, before))
            ways = wrapped
        yield from ways

    def _decorator(
        self, node: ast.expr, frame: _source.Frame, state: _values.State
    ) -> Iterator[tuple[_values.Function, _values.State]]:
        called = node.func if isinstance(node, ast.Call) else node
        for value, after in self._walk.value(called, frame, state):
            if not isinstance(value, _values.Function) or not any(
                isinstance(each, ast.Attribute) and each.attr in _OF_INTEREST
                for each in ast.walk(value.node)
            ):
                continue
            if not isinstance(node, ast.Call):
                yield value, after
                continue
            for given, last in self._walk.arguments(node, frame, after):
                for found, end in self._walk.run(value, given, frame, last):
                    if isinstance(found, _values.Function):
                        yield found, end

    def _sends(self, start: _values.State) -> Iterator[model.Send]:
        """Follow every method that is not there for others only."""
        methods = [
            each
            for each in self._source.methods()
            if not each.name.startswith('__')
        ]
        forwarders: list[griffe.Function] = []
        for helpers in (False, True):
            for each in methods:
                if each.name.startswith('_') is not helpers or (
                    helpers and each.path in self._walk.inlined
                ):
                    continue
                self._walk.messages.clear()
                for _end in self._follow(each, start):
                    pass
                path = self._tree.location(each).path
                for line, text in self._walk.unread.items():
                    where = model.Location(path, line)
                    self._unread.append(model.Unread(where, text, each.name))
                self._walk.unread.clear()
                if any(_named_by_caller(m) for m in self._walk.messages):
                    forwarders.append(each)
                else:
                    yield from self._forms(self._walk.messages, path, each)
        for each in methods:
            self._unreached(each)
        for one in self._source.properties():
            self._unreached(one)
        for each in forwarders:
            if each.path not in self._walk.inlined:
                text = f'{each.name} sends what its caller names'
                where = self._tree.location(each)
                self._unread.append(model.Unread(where, text, each.name))

    def _unreached(self, method: griffe.Function | griffe.Attribute) -> None:
        """Say where a message is sent on no way that was followed."""
        function = self._source.function(method)
        path = self._tree.location(method).path
        for line, node in self._source.sending(function) if function else ():
            if id(node) not in self._walk.reached:
                text = f'{ast.unparse(node)}, on no way through {method.name}'
                where = model.Location(path, line)
                self._unread.append(model.Unread(where, text, method.name))

    def _forms(
        self,
        messages: Iterable[_calls.Message],
        path: str,
        follows: griffe.Function,
    ) -> Iterator[model.Send]:
        forms: dict[_forms.Form, list[_calls.Message]] = {}
        for message in messages:
            method = message.method
            if not isinstance(method, Known):
                unread = model.Unread(
                    model.Location(path, message.line),
                    f'the name of the method: {_forms.source_of(method)}',
                    follows.name,
                )
                if unread not in self._unread:
                    self._unread.append(unread)
                continue
            client = message.sender.client
            version = versions.parse(_values.text(client.version))
            self.met |= {version} if version else set()
            self.met |= {each for each, _answer in message.state.asked}
            caps = _forms.carrying(version, message.state.caps)
            if not caps:
                # oslo.messaging refuses it under any of them.
                self._withheld.add(str(method.value))
                continue
            form = _forms.Form(
                str(method.value),
                version,
                message.sender.kind,
                _values.text(client.namespace),
                model.Location(path, message.line),
                caps,
            )
            forms.setdefault(form, []).append(message)
        sends = [_forms.send(form, group) for form, group in forms.items()]
        yield from _forms.united(sends, self.caps)

    def _aliases(self) -> dict[str, str]:
        found = self._source.member(_ALIASES)
        if not isinstance(found, griffe.Attribute) or not found.value:
            return {}
        try:
            read = values.Reader(self._tree).value(
                found.parent or found.module, reading.parse(found.value)
            )
            return {str(key): str(value) for key, value in read.items()}
        except (values.Unread, AttributeError) as error:
            where = self._tree.location(found)
            text = f'{_ALIASES}: {error}'
            self._unread.append(model.Unread(where, text, _ALIASES))
            return {}

    def _version(
        self, aliases: dict[str, str], sends: Iterable[model.Send]
    ) -> str | None:
        for name in _LATEST:
            found = self._source.member(name)
            if isinstance(found, griffe.Attribute) and found.value:
                value = self._walk.named(found.path)
                if versions.parse(_values.text(value)):
                    return _values.text(value)
        mentioned = (*aliases.values(), *(send.version for send in sends))
        numbers = versions.all_of(mentioned)
        return versions.text(max(numbers)) if numbers else None


def _parameter(argument: ast.arg) -> Unknown:
    annotation = (
        ast.unparse(argument.annotation) if argument.annotation else None
    )
    return Unknown(argument.arg, jsonable.changed(annotation), parameter=True)


def _is_client(value: _values.Value) -> TypeGuard[_values.Client]:
    return isinstance(value, _values.Client)


def _named_by_caller(message: _calls.Message) -> bool:
    return isinstance(message.method, Unknown) and message.method.parameter
