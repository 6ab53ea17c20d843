# SPDX-License-Identifier: Apache-2.0
"""Every way to call each method, and endpoints that note what comes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import inspect
from typing import Any

from trove.common import rpc

#: An argument that clients complete for who looks for more in it.
_COMPLETED = 'serialized_notification'
_NOTIFICATION = {'instance_id': 'the instance'}


def orders(method: rpc.Method) -> Iterator[dict[str, Any]]:
    """Ways to call a method: the least, each argument more, and all."""
    least: dict[str, Any] = {
        name: _NOTIFICATION if name == _COMPLETED else f'the {name}'
        for name, argument in method.arguments.items()
        if argument.default is rpc.REQUIRED
    }
    more = {
        name: True if argument.default is False else f'the {name}'
        for name, argument in method.arguments.items()
        if argument.default is not rpc.REQUIRED
    }
    if method.any_fields:
        more['a_field'] = 'of its own'
    yield least
    for name, value in more.items():
        yield least | {name: value}
    if len(more) > 1:
        yield least | more


def meaning(method: rpc.Method, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments, those left at their defaults too."""
    defaults = {
        name: argument.default
        for name, argument in method.arguments.items()
        if argument.default is not rpc.REQUIRED
    }
    complete = defaults | dict(values)
    if _COMPLETED in complete:
        complete[_COMPLETED] = {
            name: complete[_COMPLETED].get(name) for name in _NOTIFICATION
        }
    return complete


class Recorder:
    """An endpoint of any interface, which answers with the arguments.

    :param note: called with what came, as (method, arguments)
    """

    def __init__(
        self,
        interface: rpc.Interface,
        note: Callable[[tuple[str, dict[str, Any]]], None],
    ) -> None:
        self.interface = interface
        self._note = note

    def __getattr__(self, name: str) -> Any:
        method = self.interface.methods.get(name)
        if method is None:
            raise AttributeError(name)

        def serve(context: object, /, **arguments: Any) -> Any:
            self._note((name, arguments))
            return arguments if method.kind == 'call' else None

        serve.__signature__ = _signature(method)  # type: ignore[attr-defined]
        return serve


_signatures: dict[int, tuple[rpc.Method, inspect.Signature]] = {}


def _signature(method: rpc.Method) -> inspect.Signature:
    """The signature of who serves a method; made once, for it takes long."""
    known = _signatures.get(id(method))
    if known is None:
        first = inspect.Parameter(
            'context', inspect.Parameter.POSITIONAL_OR_KEYWORD
        )
        parameters = [first, *method.signature.parameters.values()]
        # With the method, so that its id goes to no other.
        known = method, inspect.Signature(parameters)
        _signatures[id(method)] = known
    return known[1]


class OneKey:
    """Keys of a deployment in which all have the same."""

    identity = 'the peer'

    def sealing(self, interface: str, peer: str | None) -> str:
        return 'k' * 32

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> list[str]:
        return ['k' * 32]

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        pass

    def released_allowed(
        self,
        interface: str,
        peer: str | None,
        fresh: bool = False,
        taken: bool = False,
    ) -> bool:
        return True

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        return False
