# SPDX-License-Identifier: Apache-2.0
"""What the expressions of a client may stand for, and the state of a way.

A *way* is one of the ways through a function: the branches that are taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import re
from typing import Literal

import griffe

from rpc_contract import model
from rpc_contract import versions

Version = tuple[int, int]
KINDS: dict[str, model.Kind] = {'call': 'call', 'cast': 'cast'}
#: The names of things that messages are sent with, where nothing else tells.
PLAUSIBLE = re.compile(r'client|cctxt|context|rpc', re.I)
_WORD = re.compile(r'\w+')


@dataclasses.dataclass(frozen=True)
class Known:
    """A literal."""

    value: object


@dataclasses.dataclass(frozen=True)
class Unknown:
    """What only running it would tell.

    :param text: its source
    :param kind: what it is in the eyes of JSON, ``a tuple``; empty: no telling
    :param parameter: it is what a caller of the client handed in
    """

    text: str
    kind: str = ''
    parameter: bool = False


@dataclasses.dataclass(frozen=True)
class Items:
    """A tuple, list or set."""

    kind: Literal['tuple', 'list', 'set']
    elements: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Ref:
    """A dictionary: the number of its :class:`Fields` in the state."""

    number: int


@dataclasses.dataclass(frozen=True)
class Name:
    """What is defined in a module, by its dotted path."""

    path: str


@dataclasses.dataclass(frozen=True)
class Self:
    """The client; ``after`` is the class behind which ``super()`` looks."""

    after: str = ''


@dataclasses.dataclass(frozen=True)
class Client:
    """An RPC client, or what ``prepare`` makes of it; a target as well."""

    version: Value = Known(None)
    namespace: Value = Known(None)
    topic: Value = Known(None)


@dataclasses.dataclass(frozen=True)
class Sender:
    """The method ``call`` or ``cast`` of an RPC client."""

    kind: model.Kind
    client: Client


@dataclasses.dataclass(frozen=True, eq=False)
class Function:
    """A function of the checked tree.

    :param scope: the class or module that it is written in
    :param bound: it is called without its ``self``
    :param followed: what it does is of interest, not only what it gives
    :param closure: the names around it, where it is inside of another
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: griffe.Object
    bound: bool = False
    followed: bool = False
    closure: Mapping[str, Value] = dataclasses.field(default_factory=dict)

    @property
    def path(self) -> str:
        return f'{self.scope.path}.{self.node.name}'


@dataclasses.dataclass(frozen=True)
class Attribute:
    """A method of something that is no client: ``kwargs.pop``."""

    value: Value
    name: str


Value = (
    Known
    | Unknown
    | Items
    | Ref
    | Name
    | Self
    | Client
    | Sender
    | Function
    | Attribute
)


@dataclasses.dataclass(frozen=True)
class Fields:
    """What is in a dictionary.

    :param entries: by key, the value, and whether it is always there
    :param open: there may be others
    :param odd: there are keys that are no text
    """

    entries: Mapping[str, tuple[Value, model.Presence]] = dataclasses.field(
        default_factory=dict
    )
    open: bool = False
    odd: bool = False

    def having(
        self, key: str, value: Value, presence: model.Presence = 'always'
    ) -> Fields:
        return dataclasses.replace(
            self, entries={**self.entries, key: (value, presence)}
        )

    def without(self, key: str) -> Fields:
        entries = dict(self.entries)
        entries.pop(key, None)
        return dataclasses.replace(self, entries=entries)

    def merged(self, other: Fields) -> Fields:
        entries = dict(self.entries)
        for key, (value, presence) in other.entries.items():
            before = entries.get(key, (value, presence))[1]
            sure = 'always' in (presence, before if key in entries else '')
            entries[key] = (value, 'always' if sure else 'maybe')
        return Fields(entries, self.open or other.open, self.odd or other.odd)


@dataclasses.dataclass
class State:
    """What is known at a point of one way; never changed, only forked.

    :param env: the local names
    :param heap: the dictionaries
    :param own: attributes of the client, as far as they were set
    :param caps: the caps under which one gets here
    :param asked: what ``can_send_version`` was asked, and its answers
    :param decided: how conditions turned out that only running would tell
    """

    env: dict[str, Value]
    heap: dict[int, Fields]
    own: dict[str, Value]
    caps: frozenset[Version]
    asked: frozenset[tuple[Version, bool]] = frozenset()
    decided: frozenset[tuple[str, bool]] = frozenset()

    def fork(self) -> State:
        return State(
            dict(self.env),
            dict(self.heap),
            dict(self.own),
            self.caps,
            self.asked,
            self.decided,
        )

    def bind(self, name: str, value: Value) -> State:
        """Return the state after ``name = value``."""
        state = self.fork()
        state.env[name] = value
        state.forget(name)
        return state

    def forget(self, name: str) -> None:
        """What was decided of a name says nothing of its new value."""
        self.decided = frozenset(
            (text, answer)
            for text, answer in self.decided
            if name not in _WORD.findall(text)
        )

    def dictionary(self, fields: Fields) -> tuple[Ref, State]:
        """Return a new dictionary, and the state that has it."""
        state = self.fork()
        number = max(state.heap, default=0) + 1
        state.heap[number] = fields
        return Ref(number), state

    def put(self, ref: Ref, fields: Fields) -> State:
        """Return the state after a change of a dictionary."""
        state = self.fork()
        state.heap[ref.number] = fields
        state.decided = frozenset()
        return state

    def ask(self, version: Version) -> Iterator[tuple[bool, State]]:
        """Answer ``can_send_version``: both answers that there may be."""
        yes = frozenset(
            cap for cap in self.caps if versions.takes(cap, version)
        )
        for answer, caps in ((True, yes), (False, self.caps - yes)):
            if caps:
                state = self.fork()
                state.caps = caps
                state.asked |= {(version, answer)}
                yield answer, state

    def alike(self) -> object:
        """What two states have in common that go on in the same way."""
        return (
            tuple(sorted((k, repr(v)) for k, v in self.env.items())),
            repr(sorted(self.heap.items())),
            repr(sorted(self.own.items())),
            self.caps,
            self.asked,
            self.decided,
        )


def kind(value: Value, state: State) -> str:
    """Say what JSON makes another thing of; empty: nothing that is known."""
    match value:
        case Known(bytes()):
            return 'bytes'
        case Items(('tuple' | 'set') as which, _):
            return f'a {which}'
        case Unknown(_, which):
            return which
        case Ref(number) if state.heap[number].odd:
            return 'a dictionary with keys that are no text'
    return ''


def text(value: Value) -> str | None:
    """Return a literal text; None for anything else."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value
    return None
