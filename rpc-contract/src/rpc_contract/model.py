# SPDX-License-Identifier: Apache-2.0
"""What is read of a contract, whoever wrote it down and how.

Everything that stands in a source is kept as its text: nothing is evaluated
that is not a literal. Where a text could not be had, ``unread`` says so in
words.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Literal
from typing import NamedTuple

Kind = Literal['call', 'cast']
Presence = Literal['always', 'maybe']


@dataclasses.dataclass(frozen=True)
class Location:
    """A line of a file.

    :param path: relative to the tree, with ``/``
    :param line: the first is 1; 0 where it is not known
    """

    path: str = ''
    line: int = 0

    def __str__(self) -> str:
        return f'{self.path}:{self.line}' if self.line else self.path


class Unread(NamedTuple):
    """Something that could not be read.

    :param what: in words
    :param symbol: the method that it is in, or a name that says what it is
    """

    where: Location
    what: str
    symbol: str = ''


@dataclasses.dataclass(frozen=True)
class Revision:
    """An entry of the history of an interface.

    :param name: ``1.3``, or ``1.0/reserve`` where several share a version
    :param releases: names of the releases whose services are of it
    :param changes: what changed with it, for people
    """

    name: str
    releases: tuple[str, ...] = ()
    where: Location = Location()
    changes: str = ''

    @property
    def version(self) -> str:
        return self.name.partition('/')[0]


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument of a method.

    :param default: source text; None where the argument is required
    :param annotation: source text, aliases of types resolved; None: none
    :param since: first revision whose endpoints know it; empty: all do
    :param until: last one that does; None: it lives
    :param again: first one that does so again
    :param may_omit: a peer that does not know it does the same without it
    :param required: first and last revision whose endpoints refuse to do
        without it, although it has a default
    """

    name: str
    default: str | None = None
    annotation: str | None = None
    since: str = ''
    until: str | None = None
    again: str | None = None
    may_omit: bool = False
    required: tuple[str, str] | None = None
    where: Location = Location()


@dataclasses.dataclass(frozen=True)
class Method:
    """A method that an endpoint serves.

    :param kind: None where the source does not tell, as in an endpoint
    :param since: as of an argument; ``until`` and ``again`` too
    :param arguments: in the order of the signature, the context left out
    :param any_fields: takes further arguments (``**kwargs``)
    :param result: source text of the annotation; None: there is none
    :param sealed: taken only with a proof of its origin
    :param unread: why it is not known since when there is what of it; empty:
        it is known
    :param broken: why nothing of it is run, whatever is sent; empty: it is
    """

    name: str
    kind: Kind | None = None
    since: str = ''
    until: str | None = None
    again: str | None = None
    arguments: tuple[Argument, ...] = ()
    any_fields: bool = False
    result: str | None = None
    sealed: bool = False
    unread: str = ''
    broken: str = ''
    where: Location = Location()

    def argument(self, name: str) -> Argument | None:
        return next((a for a in self.arguments if a.name == name), None)


@dataclasses.dataclass(frozen=True)
class Send:
    """A place where a client sends a message.

    :param version: that it asks the peer for; None: that of the client
    :param arguments: by name, whether they always go along
    :param gate: highest version that ``can_send_version`` has to have said
        yes to on the way here
    :param asked: all versions that it is asked for on the way here
    :param caps: the caps under which the message is sent, of those that the
        client tells apart; empty: under any
    :param changed: what JSON makes another thing of on the way, by argument:
        ``a tuple``
    :param any_fields: further arguments may go along
    :param unread: what could not be read here, in words
    """

    method: str
    version: str | None = None
    arguments: Mapping[str, Presence] = dataclasses.field(default_factory=dict)
    kind: Kind | None = None
    gate: str | None = None
    asked: tuple[str, ...] = ()
    caps: tuple[str, ...] = ()
    changed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    any_fields: bool = False
    namespace: str | None = None
    where: Location = Location()
    unread: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Contract:
    """An interface as one tree has it: its client, its endpoint, or a lock.

    :param interface: its name
    :param topic: source text of what gives it; None where it is not told
    :param namespace: of the target; None: none, as nearly everywhere
    :param version: the highest that it speaks
    :param floor: the lowest that it speaks
    :param aliases: the version by name of a release
    :param history: oldest first; empty where there is none in the source
    :param methods: what is served, by name
    :param sends: what is sent
    :param withheld: methods whose messages were read, and go out under no cap
    :param sealed_since: first revision that knows sealed messages
    :param unread: what could not be read
    :param unsure: what of a declaration could not be read, the same way: it
        cannot be checked until it can be
    :param others: further endpoints of the same server: of another major
        version, or another namespace
    """

    interface: str
    topic: str | None = None
    namespace: str | None = None
    version: str | None = None
    floor: str | None = None
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    history: tuple[Revision, ...] = ()
    methods: Mapping[str, Method] = dataclasses.field(default_factory=dict)
    sends: tuple[Send, ...] = ()
    withheld: tuple[str, ...] = ()
    sealed_since: str | None = None
    unread: tuple[Unread, ...] = ()
    unsure: tuple[tuple[Location, str], ...] = ()
    others: tuple[Contract, ...] = ()
    where: Location = Location()

    @property
    def sealed(self) -> bool:
        """Whether peers of the last revision know sealed messages."""
        since = self.sealed_since
        return since is not None and self.index(since) is not None

    def index(self, revision: str) -> int | None:
        """The place of a revision in the history, None if it has none."""
        return self._indexes.get(revision)

    @functools.cached_property
    def _indexes(self) -> dict[str, int]:
        names = [each.name for each in self.history]
        # Of a name that is there twice the first counts.
        return {name: names.index(name) for name in names}

    @functools.cached_property
    def _as_of(self) -> dict[str, Contract]:
        return {}

    def as_of(self, revision: str) -> Contract:
        """Return what endpoints of ``revision`` serve.

        :returns: with that revision as the last of the history, and methods
            and arguments that know nothing of a time any more
        :raises KeyError: the history has no such revision
        """
        if revision not in self._as_of:
            self._as_of[revision] = self._cut(self._indexes[revision])
        return self._as_of[revision]

    def _cut(self, index: int) -> Contract:
        history = self.history[: index + 1]
        return dataclasses.replace(
            self,
            version=history[-1].version,
            history=history,
            methods={
                method.name: dataclasses.replace(
                    method,
                    since='',
                    until=None,
                    again=None,
                    arguments=tuple(self._arguments(method, index)),
                )
                for method in self.methods.values()
                if self._knows(method, index)
            },
            sends=(),
        )

    def _arguments(self, method: Method, index: int) -> Iterator[Argument]:
        for argument in method.arguments:
            if self._knows(argument, index):
                yield dataclasses.replace(
                    argument,
                    since='',
                    until=None,
                    again=None,
                    required=None,
                    default=None
                    if self._requires(argument, index)
                    else argument.default,
                )

    def _knows(self, what: Method | Argument, index: int) -> bool:
        since = self.index(what.since) if what.since else 0
        if since is None or index < since:
            return False
        again = self.index(what.again) if what.again else None
        if again is not None and index >= again:
            return True
        until = self.index(what.until) if what.until else None
        return until is None or index <= until

    def _requires(self, argument: Argument, index: int) -> bool:
        if argument.required is None:
            return False
        first, last = (self.index(name) for name in argument.required)
        return (
            first is not None and last is not None and first <= index <= last
        )
