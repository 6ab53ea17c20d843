# SPDX-License-Identifier: Apache-2.0
"""Declarations of an interface: revisions, methods, arguments.

The methods of a client class are declared by the decorators :func:`call` and
:func:`cast`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
import inspect
from typing import Any
from typing import Literal
from typing import Self
from typing import TypeVar

from trove.common import context as trove_context

Kind = Literal['call', 'cast']
REQUIRED: Any = inspect.Parameter.empty


@functools.total_ordering
@dataclasses.dataclass(frozen=True)
class Version:
    """A version of an interface; ordered by number, not by text."""

    major: int
    minor: int

    @classmethod
    @functools.lru_cache(256)
    def parse(cls, text: str) -> Self:
        """Return the version that ``text`` ("MAJOR.MINOR") names.

        :raises ValueError: it names none
        """
        major, dot, minor = text.partition('.')
        if not (dot and _is_number(major) and _is_number(minor)):
            raise ValueError(
                f'"{text}" is not a version of the form MAJOR.MINOR'
            )
        return cls(int(major), int(minor))

    def __lt__(self, other: Version) -> bool:
        return (self.major, self.minor) < (other.major, other.minor)

    def __str__(self) -> str:
        return f'{self.major}.{self.minor}'


def _is_number(text: str) -> bool:
    # Longer ones come from nobody who means well.
    return text.isascii() and text.isdecimal() and len(text) <= 6


@dataclasses.dataclass(frozen=True)
class Probe:
    """The mark of a revision among those with the same version.

    :param method: its endpoint has this method
    :param argument: and the method this argument
    """

    method: str
    argument: str | None = None


@functools.total_ordering
@dataclasses.dataclass(frozen=True, eq=False)
class Revision:
    """One entry of an interface's history.

    Released Trove changed signatures without a new version, so several
    revisions may have the same one. The name is then ``VERSION/label``.

    :param name: the version, or the version, a slash and a label
    :param changes: what changed against the entry before, for people
    :param releases: OpenStack releases whose services are of this revision
    :param probe: see :class:`Probe`; for one that shares its version
    :param index: place in the history; the interface fills it in
    """

    name: str
    changes: str
    releases: tuple[str, ...] = ()
    probe: Probe | None = None
    index: int = -1

    @functools.cached_property
    def version(self) -> Version:
        return Version.parse(self.name.partition('/')[0])

    @functools.cached_property
    def release(self) -> str | None:
        """The latest release of this revision."""
        return self.releases[-1] if self.releases else None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Revision)
            and (self.name, self.index) == (other.name, other.index)
        )

    def __lt__(self, other: Revision) -> bool:
        return self.index < other.index

    def __hash__(self) -> int:
        return hash((self.name, self.index))

    def __str__(self) -> str:
        return self.name


#: Version of a peer that speaks only other major versions.
NOTHING = Revision('0.0', 'Nothing of this major version.')


@dataclasses.dataclass(frozen=True)
class Span:
    """In which revisions a method knows an argument.

    :param since: first revision that knows it
    :param until: last one that knows it, None while it lives
    :param again: first one that knows it again, after ``until``
    :param may_omit: a peer that does not know it does the same thing
        without it, so it may be left out
    :param required: first and last revision whose endpoints refuse the
        message without it, although others do not
    """

    since: str = ''
    until: str | None = None
    again: str | None = None
    may_omit: bool = False
    required: tuple[str, str] | None = None

    def names(self) -> Iterator[str]:
        """All revisions that it mentions."""
        for name in (self.since, self.until, self.again):
            if name is not None:
                yield name
        yield from self.required or ()


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument of a method.

    :param default: ``REQUIRED`` where there is none
    """

    name: str
    default: Any
    span: Span


@dataclasses.dataclass(frozen=True)
class Method:
    """A method of an interface.

    :param span: in which revisions there is the method
    :param timeout: name of the option with the seconds to wait for a reply
    :param any_fields: takes further arguments that the contract leaves open
    :param repeatable: done twice it does no harm: the newest holds
    :param sealed: where messages are encrypted at all it is taken only with
        a proof of its origin, never in the released form
    """

    name: str
    kind: Kind
    span: Span
    arguments: Mapping[str, Argument]
    timeout: str | None
    any_fields: bool
    repeatable: bool
    sealed: bool
    signature: inspect.Signature
    doc: str

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.arguments)

    @functools.cached_property
    def _defaults(self) -> dict[str, Any]:
        return {
            name: argument.default
            for name, argument in self.arguments.items()
            if argument.default is not REQUIRED
        }

    def bind(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the values of all arguments, by name.

        :raises TypeError: the arguments are not those of the method
        """
        # inspect can do it too, but takes longer than all the rest of the
        # way of a message to oslo.messaging.
        names = self._names
        values = {**self._defaults, **kwargs}
        if args:
            values.update(zip(names, args, strict=False))
        if (
            values.keys() == self.arguments.keys()
            and len(args) <= len(names)
            and kwargs.keys().isdisjoint(names[: len(args)])
        ):
            return values
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = bound.arguments
        if self.any_fields:
            *_, fields = values
            values.update(values.pop(fields))
        return values

    def always_sent(self, argument: Argument) -> bool:
        """Whether an argument is as old as the method and still there."""
        return (
            argument.span.since == self.span.since
            and argument.span.until is None
            and argument.span.required is None
        )


def declare(
    kind: Kind,
    span: Span,
    timeout: str | None,
    spans: Mapping[str, Span],
    repeatable: bool,
    sealed: bool,
    function: Callable[..., Any],
) -> Method:
    """Read the contract of a method off its signature.

    :raises TypeError: the signature and ``spans`` do not fit each other
    """
    signature = inspect.signature(function)
    _self, _context, *parameters = signature.parameters.values()
    base = Span(since=span.since)
    arguments = {}
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        own = spans.get(parameter.name, base)
        if not own.since:
            own = dataclasses.replace(own, since=span.since)
        if own != base and parameter.default is REQUIRED:
            raise TypeError(
                f'{function.__qualname__}: argument {parameter.name} was '
                'added or removed after the method, so it needs a default '
                'that means "as before"'
            )
        arguments[parameter.name] = Argument(
            parameter.name, parameter.default, own
        )
    unknown = set(spans) - set(arguments)
    if unknown:
        raise TypeError(
            f'{function.__qualname__} has no argument {sorted(unknown)}'
        )
    return Method(
        name=function.__name__,
        kind=kind,
        span=span,
        arguments=arguments,
        timeout=timeout,
        any_fields=any(p.kind is p.VAR_KEYWORD for p in parameters),
        repeatable=repeatable,
        sealed=sealed,
        signature=signature.replace(parameters=parameters),
        doc=inspect.getdoc(function) or '',
    )


F = TypeVar('F', bound=Callable[..., Any])


def call(
    since: str,
    *,
    until: str | None = None,
    again: str | None = None,
    timeout: str = 'agent_call_low_timeout',
    repeatable: bool = False,
    sealed: bool = False,
    spans: Mapping[str, Span] | None = None,
) -> Callable[[F], F]:
    """Declare a method that waits for a reply.

    The decorated function has a signature and a docstring, and no body.

    :param since: first revision of the interface that has the method
    :param until: last revision whose endpoints serve it, None while it lives
    :param again: first one whose endpoints serve it again, after ``until``
    :param timeout: name of the option with the seconds to wait
    :param repeatable: done twice it does no harm, so a copy of a message
        need not be told from the message
    :param sealed: where messages are encrypted at all it is taken only with
        a proof of its origin, never in the released form
    :param spans: arguments that came or went after the method, by name
    """
    span = Span(since, until, again)
    return _decorator('call', span, timeout, repeatable, sealed, spans or {})


def cast(
    since: str,
    *,
    until: str | None = None,
    again: str | None = None,
    repeatable: bool = False,
    sealed: bool = False,
    spans: Mapping[str, Span] | None = None,
) -> Callable[[F], F]:
    """Declare a method that does not wait; see :func:`call`."""
    span = Span(since, until, again)
    return _decorator('cast', span, None, repeatable, sealed, spans or {})


def _decorator(
    kind: Kind,
    span: Span,
    timeout: str | None,
    repeatable: bool,
    sealed: bool,
    spans: Mapping[str, Span],
) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        method = declare(
            kind, span, timeout, spans, repeatable, sealed, function
        )

        @functools.wraps(function)
        def send(
            self: Any,
            context: trove_context.TroveContext,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            return self._send(method, context, method.bind(args, kwargs))

        send.rpc_method = method  # type: ignore[attr-defined]
        return send  # type: ignore[return-value]

    return decorate
