# SPDX-License-Identifier: Apache-2.0
"""What an interface promises: versions, methods, arguments, defaults."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import functools
import inspect
from typing import Any
from typing import Literal
from typing import Self

from oslo_config import cfg

from trove.common import exception

Kind = Literal['call', 'cast']
REQUIRED: Any = inspect.Parameter.empty


@functools.total_ordering
@dataclasses.dataclass(frozen=True)
class Version:
    """A version of an interface; ordered by number, not by text."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the version that ``text`` ("MAJOR.MINOR") names.

        :raises ValueError: it names none
        """
        major, dot, minor = text.partition('.')
        if not (dot and major.isdecimal() and minor.isdecimal()):
            raise ValueError(f'"{text}" is no version MAJOR.MINOR')
        return cls(int(major), int(minor))

    def __lt__(self, other: Version) -> bool:
        return (self.major, self.minor) < (other.major, other.minor)

    def __str__(self) -> str:
        return f'{self.major}.{self.minor}'


@dataclasses.dataclass(frozen=True)
class Revision:
    """One entry of an interface's history.

    :param version: the version that it introduced, as text
    :param changes: what changed against the entry before, for people
    :param releases: OpenStack releases whose services speak this version
    """

    version: str
    changes: str
    releases: tuple[str, ...] = ()

    @property
    def parsed(self) -> Version:
        return Version.parse(self.version)


@dataclasses.dataclass(frozen=True)
class Span:
    """In which versions a method knows an argument.

    :param since: first version that knows it
    :param until: last version that knows it, None while it lives
    :param may_omit: a peer that does not know it does the same thing
        without it, so it may be left out
    """

    since: str = '1.0'
    until: str | None = None
    may_omit: bool = False


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument of a method.

    :param default: ``REQUIRED`` where there is none
    """

    name: str
    default: Any
    since: Version
    until: Version | None
    may_omit: bool


@dataclasses.dataclass(frozen=True)
class Method:
    """A method of an interface.

    :param timeout: name of the option with the seconds to wait for a reply
    :param any_fields: takes further arguments that the contract leaves open
    """

    name: str
    kind: Kind
    since: Version
    arguments: Mapping[str, Argument]
    timeout: str | None
    any_fields: bool
    signature: inspect.Signature
    doc: str


def declare(
    kind: Kind,
    since: str,
    timeout: str | None,
    spans: Mapping[str, Span],
    function: Callable[..., Any],
) -> Method:
    """Read the contract of a method off its signature.

    :raises TypeError: the signature and ``spans`` do not fit each other
    """
    first = Version.parse(since)
    signature = inspect.signature(function)
    _self, _context, *parameters = signature.parameters.values()
    arguments = {}
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        span = spans.get(parameter.name, Span(since=since))
        if span != Span(since=since) and parameter.default is REQUIRED:
            raise TypeError(
                f'{function.__qualname__}: argument {parameter.name} came or '
                'went after the method, so it needs a default that means '
                '"as before"'
            )
        arguments[parameter.name] = Argument(
            name=parameter.name,
            default=parameter.default,
            since=Version.parse(span.since),
            until=Version.parse(span.until) if span.until else None,
            may_omit=span.may_omit,
        )
    unknown = set(spans) - set(arguments)
    if unknown:
        raise TypeError(
            f'{function.__qualname__} has no argument {sorted(unknown)}'
        )
    return Method(
        name=function.__name__,
        kind=kind,
        since=first,
        arguments=arguments,
        timeout=timeout,
        any_fields=any(p.kind is p.VAR_KEYWORD for p in parameters),
        signature=signature.replace(parameters=parameters),
        doc=inspect.getdoc(function) or '',
    )


Topic = Callable[[cfg.ConfigOpts, str | None], str]


@dataclasses.dataclass(frozen=True)
class Interface:
    """The RPC interface of one service.

    :param name: of the interface, and of its option in ``[upgrade_levels]``
    :param topic: gives the topic for the options and a peer's identifier
    :param history: oldest first; the last entry is the latest version
    :param peer: how a message to a person calls a peer, with ``%s`` where
        its identifier belongs, for instance ``guest agent of instance %s``
    :param remedy: what an operator does about a peer that is too old
    :param carries_token: the user's token and service catalog go along; not
        where one end of the interface is a customer's machine
    :param methods: by name; filled in by the client class that declares them
    """

    name: str
    topic: Topic
    history: tuple[Revision, ...]
    peer: str
    remedy: str
    carries_token: bool = False
    methods: Mapping[str, Method] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        versions = [revision.parsed for revision in self.history]
        if not versions or versions != sorted(versions):
            raise TypeError(f'the history of {self.name} is not in order')
        for method in self.methods.values():
            for version in self._mentioned(method):
                if version not in versions:
                    raise TypeError(
                        f'{self.name}.{method.name} mentions version '
                        f'{version}, which the history does not have'
                    )

    @staticmethod
    def _mentioned(method: Method) -> Iterable[Version]:
        yield method.since
        for argument in method.arguments.values():
            yield argument.since
            if argument.until is not None:
                yield argument.until

    @property
    def floor(self) -> Version:
        """The version that every peer understands."""
        return self.history[0].parsed

    @property
    def latest(self) -> Version:
        return self.history[-1].parsed

    @property
    def aliases(self) -> dict[str, Version]:
        """The version by name of the release that speaks it."""
        return {
            release: revision.parsed
            for revision in self.history
            for release in revision.releases
        } | {'latest': self.latest}

    def describe(self, peer: str | None) -> str:
        """Say who a peer is, for a log line or an error."""
        return self.peer % peer if '%s' in self.peer else self.peer

    def as_of(self, version: Version) -> dict[str, Method]:
        """The methods that ``version`` has."""
        return {
            name: method
            for name, method in self.methods.items()
            if method.since <= version
        }

    def pin(self, conf: cfg.ConfigOpts) -> Version | None:
        """The operator's pin, None where the peers decide alone.

        :raises trove.common.exception.ConfigurationError: the option's value
            is no release and no version of this interface
        """
        value: str = conf.upgrade_levels[self.name].strip()
        if value == 'auto':
            return None
        known = {str(revision.parsed) for revision in self.history}
        if value in known:
            return Version.parse(value)
        try:
            return self.aliases[value.lower()]
        except KeyError:
            raise exception.ConfigurationError(
                option=f'[upgrade_levels] {self.name}',
                value=value,
                remedy='use auto, a version ('
                + ', '.join(sorted(known, key=Version.parse))
                + ') or a release ('
                + ', '.join(self.aliases)
                + ').',
            ) from None
