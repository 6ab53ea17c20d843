# SPDX-License-Identifier: Apache-2.0
"""What calls give: those of RPC clients, of dictionaries, of functions."""

from __future__ import annotations

import abc
import ast
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import re

from rpc_contract import jsonable
from rpc_contract import versions
from rpc_contract.idioms import _expressions
from rpc_contract.idioms import _facts
from rpc_contract.idioms import _senders
from rpc_contract.idioms import _source
from rpc_contract.idioms import _values

Client = _values.Client
Fields = _values.Fields
Frame = _source.Frame
Known = _values.Known
State = _values.State
Unknown = _values.Unknown
Value = _values.Value
Ways = _expressions.Ways

_MAKES_CLIENT = re.compile(r'client$', re.I)
#: The parameters of ``prepare``, in their order.
_PREPARE = ('exchange', 'topic', 'namespace', 'version')
_DATES = ('utcnow', 'now', 'fromtimestamp', 'utcfromtimestamp', 'strptime')


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The arguments of a call.

    :param unread: those that could not be read, as source
    """

    positional: tuple[Value, ...] = ()
    fields: Fields = dataclasses.field(default_factory=Fields)
    unread: tuple[str, ...] = ()

    @property
    def has_sender(self) -> bool:
        """Whether somebody else is to send with what is given."""
        values = [value for value, _sure in self.fields.entries.values()]
        return any(map(_sends, (*self.positional, *values)))

    def get(self, place: int, name: str) -> Value:
        """Return an argument; None, as Python has it, if it is not given."""
        if name in self.fields.entries:
            return self.fields.entries[name][0]
        if 0 <= place < len(self.positional):
            return self.positional[place]
        return Known(None)


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that is sent on some way."""

    method: Value
    sender: _values.Sender
    fields: Fields
    unread: tuple[str, ...]
    state: State
    line: int


class Calls(_expressions.Expressions):
    """Evaluates calls.

    :ivar messages: that were sent
    :ivar unread: what could not be followed, by line, in words
    """

    def __init__(
        self,
        source: _source.Source,
        senders: Mapping[str, _senders.Wrapped] | None = None,
    ) -> None:
        super().__init__(source)
        self.senders = senders or {}
        self.messages: list[Message] = []
        self.unread: dict[int, str] = {}

    @abc.abstractmethod
    def run(
        self,
        function: _values.Function,
        arguments: Arguments,
        frame: Frame,
        state: State,
    ) -> Ways:
        """Return what a function of the tree gives."""

    def call(self, node: ast.Call, frame: Frame, state: State) -> Ways:
        if isinstance(node.func, ast.Name) and node.func.id == 'super':
            yield _values.Self(frame.owner), state
            return
        for callee, between in self.value(node.func, frame, state):
            for given, after in self.arguments(node, frame, between):
                if given.has_sender and not _is_followed(callee):
                    self.unread[self.source.line(frame, node)] = (
                        f'what {ast.unparse(node)} sends'
                    )
                yield from self._called(callee, given, node, frame, after)

    def arguments(
        self, node: ast.Call, frame: Frame, state: State
    ) -> Iterator[tuple[Arguments, State]]:
        named = [keyword.value for keyword in node.keywords]
        for found, after in self.values([*node.args, *named], frame, state):
            unread: list[str] = []
            positional: list[Value] = []
            for place, value in zip(node.args, found, strict=False):
                if not isinstance(place, ast.Starred):
                    positional.append(value)
                elif isinstance(value, _values.Items):
                    positional += value.elements
                else:
                    unread.append(ast.unparse(place))
            fields = Fields()
            rest = found[len(node.args) :]
            for keyword, value in zip(node.keywords, rest, strict=True):
                if keyword.arg is not None:
                    fields = fields.having(keyword.arg, value)
                    continue
                fields = fields.merged(_facts.fields_of(value, after))
                if not isinstance(value, _values.Ref):
                    unread.append(f'**{ast.unparse(keyword.value)}')
            given = Arguments(tuple(positional), fields, tuple(unread))
            yield given, after

    def _called(
        self,
        callee: Value,
        given: Arguments,
        node: ast.Call,
        frame: Frame,
        state: State,
    ) -> Ways:
        unknown = Unknown(ast.unparse(node))
        match callee:
            case _values.Function(followed=True):
                inner = dataclasses.replace(frame, site=frame.site or node)
                yield from self.run(callee, given, inner, state)
            case _values.Sender():
                yield self._send(callee, given, node, frame, state), state
            case _values.Attribute(Client() | Unknown() as base, name):
                yield from self._of_client(
                    (base, name), given, node, frame, state
                )
            case _values.Attribute(_values.Ref() as base, name):
                yield from self._of_dictionary((base, name), given, state)
            case _values.Attribute(_values.Items() as base, name):
                first = given.get(0, '')
                yield from _facts.of_items((base, name), first, node, state)
            case _values.Attribute(
                Known(str(text)), ('replace' | 'format' | 'join') as name
            ):
                found = _facts.of_text(text, name, given.positional)
                yield unknown if found is None else Known(found), state
            case _values.Attribute(_, 'encode'):
                yield Unknown(unknown.text, 'bytes'), state
            case _values.Function():
                # Another module's: of interest where it makes a client.
                yield _client(callee.node.name, given) or unknown, state
            case _values.Name(path):
                yield from self._of_library(path, given, node, state)
            case _:
                yield unknown, state

    def _of_client(
        self,
        callee: tuple[Client | Unknown, str],
        given: Arguments,
        node: ast.Call,
        frame: Frame,
        state: State,
    ) -> Ways:
        base, name = callee
        text = ast.unparse(node)
        client = base if isinstance(base, Client) else Client()
        if name == 'can_send_version':
            version = given.get(0, 'version')
            asked = versions.parse(_values.text(version))
            if asked is None:
                yield Unknown(text), state
                return
            for answer, after in state.ask(asked):
                yield Known(answer), after
        elif name == 'prepare':
            yield _prepared(client, given), state
        elif isinstance(base, Unknown) and name in self.senders:
            self._wrapped(self.senders[name], given, node, frame, state)
            yield Unknown(text), state
        elif kind := _values.KINDS.get(name):
            sender = _values.Sender(kind, client)
            if isinstance(base, Client) or _values.PLAUSIBLE.search(base.text):
                self._send(sender, given, node, frame, state)
            yield Unknown(text), state
        else:
            yield Unknown(text, 'bytes' if name == 'encode' else ''), state

    def _wrapped(
        self,
        wrapped: _senders.Wrapped,
        given: Arguments,
        node: ast.Call,
        frame: Frame,
        state: State,
    ) -> None:
        fields = given.fields
        place = wrapped.parameters.index(wrapped.method)
        for name in wrapped.parameters:
            fields = fields.without(name)
        self.messages.append(
            Message(
                given.get(place, wrapped.method),
                _values.Sender(wrapped.kind, Client()),
                fields,
                given.unread,
                state,
                self.source.line(frame, node),
            )
        )

    def _send(
        self,
        sender: _values.Sender,
        given: Arguments,
        node: ast.Call,
        frame: Frame,
        state: State,
    ) -> Value:
        fields = given.fields
        for name in ('ctxt', 'context', 'method'):
            if name == 'method' or len(given.positional) < 2:
                fields = fields.without(name)
        self.messages.append(
            Message(
                given.get(1, 'method'),
                sender,
                fields,
                given.unread,
                state,
                self.source.line(frame, node),
            )
        )
        return Unknown(ast.unparse(node))

    def _of_dictionary(
        self, callee: tuple[_values.Ref, str], given: Arguments, state: State
    ) -> Ways:
        ref, name = callee
        fields = state.heap[ref.number]
        key = given.get(0, '')
        match (name, key):
            case ('pop', Known(str(text))):
                entry = fields.entries.get(text)
                value = entry[0] if entry else given.get(1, '')
                yield value, state.put(ref, fields.without(text))
            case ('get', Known(str(text))) if text in fields.entries:
                value, sure = fields.entries[text]
                yield value, state
                if sure == 'maybe':
                    yield given.get(1, 'default'), state
            case ('get', Known(str())) if not fields.open:
                yield given.get(1, 'default'), state
            case ('update', _):
                new = given.fields
                if given.positional:
                    new = _facts.fields_of(key, state).merged(new)
                yield Known(None), state.put(ref, fields.merged(new))
            case ('setdefault', Known(str(text))):
                if text in fields.entries:
                    yield fields.entries[text][0], state
                else:
                    value = given.get(1, '')
                    yield value, state.put(ref, fields.having(text, value))
            case ('copy', _):
                yield state.dictionary(fields)
            case ('clear', _):
                yield Known(None), state.put(ref, Fields())
            case ('pop' | 'popitem', _):
                # Nobody can tell what is left.
                left = _facts.perhaps(fields)
                yield Unknown(name), state.put(ref, left)
            case (('items' | 'keys'), _) if not fields.open:
                yield _facts.listed(fields, name), state
            case _:
                yield Unknown(name), state

    def _of_library(
        self, path: str, given: Arguments, node: ast.Call, state: State
    ) -> Ways:
        text = ast.unparse(node)
        name = path.rpartition('.')[2]
        first = given.get(0, '')
        match name:
            case 'Target':
                yield _target(given), state
            case 'dict' | 'copy' | 'deepcopy' if isinstance(
                first, _values.Ref
            ):
                fields = _facts.fields_of(first, state)
                yield state.dictionary(fields.merged(given.fields))
            case 'dict' if not given.positional:
                yield state.dictionary(given.fields)
            case 'dict':
                yield state.dictionary(Fields(given.fields.entries, open=True))
            case 'list' | 'tuple' | 'set' | 'sorted' | 'frozenset':
                yield _facts.collected(name, first, text, state), state
            case 'isinstance':
                yield _facts.is_instance(first, given.get(1, ''), text), state
            case 'getattr' if isinstance(attr := given.get(1, ''), Known):
                found = str(attr.value)
                yield self.attribute(first, found, node, state), state
            case _ if name in _DATES:
                yield Unknown(text, 'a datetime'), state
            case _ if client := _client(name, given):
                yield client, state
            case _:
                yield Unknown(text, jsonable.changed(name)), state


def _sends(value: Value) -> bool:
    match value:
        case _values.Sender():
            return True
        case _values.Attribute(Unknown(text), name):
            return name in _values.KINDS and bool(
                _values.PLAUSIBLE.search(text)
            )
    return False


def _is_followed(callee: Value) -> bool:
    return isinstance(callee, _values.Function) and callee.followed


def _prepared(client: Client, given: Arguments) -> Client:
    def asked(name: str) -> Value:
        return given.get(_PREPARE.index(name), name)

    version, namespace = asked('version'), asked('namespace')
    if given.unread and version == Known(None):
        version = Unknown(given.unread[0])
    return Client(
        client.version if version == Known(None) else version,
        client.namespace if namespace == Known(None) else namespace,
        client.topic,
    )


def _target(given: Arguments) -> Client:
    return Client(
        given.get(3, 'version'),
        given.get(2, 'namespace'),
        given.get(1, 'topic'),
    )


def _client(function: str, given: Arguments) -> Client | None:
    """Return the client that a function makes of a target."""
    told = {'topic', 'version'} & set(given.fields.entries)
    if told and _MAKES_CLIENT.search(function):
        return _target(given)
    values = [value for value, _sure in given.fields.entries.values()]
    for value in (*given.positional, *values):
        if isinstance(value, Client):
            return value
    return None
