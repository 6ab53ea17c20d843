# SPDX-License-Identifier: Apache-2.0
"""Endpoints: serve exactly what the interface declares."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import inspect
from typing import Any
from typing import Literal
from typing import TypeVar

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _interface


class ArgumentsRefused(TypeError):
    """The arguments of a message are not those of the contract.

    Clients know by the name of the class that nothing was run.
    """


def verify(interface: _interface.Interface, manager: Any) -> None:
    """Compare an endpoint with the contract.

    :raises trove.common.exception.ContractError: a declared method is
        missing, or has other arguments or defaults than declared; names all
        of them
    """
    reasons = []
    for name, method in interface.methods.items():
        function = getattr(manager, name, None)
        if not callable(function):
            reasons.append(f'{name} is declared, but not served')
            continue
        _context, *served = inspect.signature(function).parameters.values()
        declared = list(method.signature.parameters.values())
        if [_shape(p) for p in served] != [_shape(p) for p in declared]:
            reasons.append(
                f'{name} is declared as {_text(declared)}, but served as '
                f'{_text(served)}'
            )
    if reasons:
        raise exception.ContractError(
            endpoint=type(manager).__qualname__, reasons='; '.join(reasons)
        )


def _shape(parameter: inspect.Parameter) -> tuple[Any, ...]:
    return parameter.name, parameter.kind, repr(parameter.default)


def _text(parameters: list[inspect.Parameter]) -> str:
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(bare))


@dataclasses.dataclass(frozen=True)
class Terms:
    """Constraints on the arguments of a method's messages.

    :param known: the names of its arguments
    :param required: those without which it is not called
    """

    method: _contract.Method
    known: frozenset[str]
    required: frozenset[str]

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Hold the arguments of a message against the contract.

        :raises ArgumentsRefused: they do not fit
        """
        names = arguments.keys()
        if self.required <= names and (
            self.method.any_fields or names <= self.known
        ):
            return
        missing = self.required - names
        unknown = set() if self.method.any_fields else names - self.known
        # In the words of Python, which those who probe look for.
        reasons = [
            f'missing required argument {name!r}' for name in sorted(missing)
        ] + [
            f'got an unexpected keyword argument {name[:80]!r}'
            for name in sorted(unknown)[:5]
        ]
        raise ArgumentsRefused(f'{self.method.name}() {"; ".join(reasons)}')


class Offer:
    """Methods and arguments that endpoints of a revision accept.

    :param revision: no method or argument that came later, and none left
        out that those require
    """

    def __init__(
        self, interface: _interface.Interface, revision: _contract.Revision
    ) -> None:
        self.interface = interface
        self.version = revision.version
        #: Whether peers of it understand sealed messages.
        self.seals = interface.seals(revision)
        self.terms = {
            name: _terms(method)
            for name, method in interface.as_of(revision).items()
        }

    def takes(self, version: _contract.Version) -> bool:
        """Whether messages of this version are for it."""
        return (
            version.major == self.version.major and version <= self.version
        )


def _terms(method: _contract.Method) -> Terms:
    return Terms(
        method,
        frozenset(method.arguments),
        frozenset(
            name
            for name, argument in method.arguments.items()
            if argument.default is _contract.REQUIRED
        ),
    )


class NotServed(Exception):
    """No endpoint has the version, or none of these the method."""

    def __init__(
        self, cause: Literal['version', 'method'], reason: str
    ) -> None:
        super().__init__(reason)
        self.cause = cause


_Offer = TypeVar('_Offer', bound=Offer)


def find(
    offers: Sequence[_Offer], version: _contract.Version, method: str
) -> _Offer:
    """Find who takes a message, of the endpoints of one topic.

    :raises NotServed: none does
    """
    taking = [each for each in offers if each.takes(version)]
    if not taking:
        served = ', '.join(str(each.version) for each in offers)
        raise NotServed(
            'version',
            f'unsupported version {version} of the interface '
            f'{offers[0].interface.name}; this service supports {served}',
        )
    for offer in taking:
        if method in offer.terms:
            return offer
    raise NotServed('method', 'this service has no method of that name')


#: Of a message among those that have arrived.
Place = contextlib.AbstractContextManager[None]


def place_of(incoming: Any) -> Place:
    """Return the place of a message that has one, to enter it."""
    arrival = getattr(incoming, 'place', None)
    return arrival.take() if arrival else contextlib.nullcontext()


class Arrival:
    """A message has its place since it arrived; it is entered once.

    :param place: must be entered, or others wait for it
    """

    def __init__(self, place: Place) -> None:
        self._place: Place | None = place

    def take(self) -> Place:
        """Return the place, to enter it; the second time one of no meaning."""
        place, self._place = self._place, None
        return place or contextlib.nullcontext()

    def leave(self) -> None:
        """Give it up, where nobody has taken it."""
        with self.take():
            pass  # Others do not wait for it.


@dataclasses.dataclass(frozen=True)
class Served:
    """A method of an endpoint."""

    terms: Terms
    function: Callable[..., Any]


class Endpoint(Offer):
    """Target of the messages of an interface.

    A manager may have ``expect(method)``. It is called for each message in
    the order in which they arrive, in the thread that reads them, so it must
    not wait. What it returns is entered while the message is carried out.
    """

    def __init__(
        self,
        interface: _interface.Interface,
        manager: Any,
        revision: _contract.Revision,
    ) -> None:
        verify(interface, manager)
        super().__init__(interface, revision)
        self.served = {
            name: Served(terms, getattr(manager, name))
            for name, terms in self.terms.items()
        }
        self.expect: Callable[[str], Place] | None = getattr(
            manager, 'expect', None
        )


def expect(endpoints: Sequence[Endpoint], said: Any) -> Place:
    """Notify the endpoint of a message of its arrival.

    :param said: the message, of whatever form
    """
    method = said.get('method') if isinstance(said, dict) else None
    if isinstance(method, str):
        for endpoint in endpoints:
            if endpoint.expect is not None and method in endpoint.terms:
                return endpoint.expect(method)
    return contextlib.nullcontext()
