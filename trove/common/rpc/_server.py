# SPDX-License-Identifier: Apache-2.0
"""Endpoints: serve exactly what the interface declares."""

from __future__ import annotations

from collections.abc import Callable
import inspect
from typing import Any

import oslo_messaging

from trove.common import context as trove_context
from trove.common import exception
from trove.common.rpc import _contract


def verify(interface: _contract.Interface, manager: Any) -> None:
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


class Endpoint:
    """What oslo.messaging dispatches to, on behalf of a manager.

    :param version: serve as of this version: no later method or argument
    """

    def __init__(
        self,
        interface: _contract.Interface,
        manager: Any,
        version: _contract.Version,
    ) -> None:
        verify(interface, manager)
        self.target = oslo_messaging.Target(version=str(version))
        self.declared = interface.as_of(version)
        for name, method in self.declared.items():
            function = getattr(manager, name)
            setattr(self, name, _serve(method, function, version))


def _serve(
    method: _contract.Method,
    function: Callable[..., Any],
    version: _contract.Version,
) -> Callable[..., Any]:
    # An endpoint takes every form that the versions it speaks have had, so
    # an argument that was withdrawn is still known to it.
    known = {
        name
        for name, argument in method.arguments.items()
        if argument.since <= version
    }
    required = {
        name
        for name, argument in method.arguments.items()
        if argument.default is _contract.REQUIRED
    }

    def serve(
        context: trove_context.TroveContext, /, **arguments: Any
    ) -> Any:
        missing = required - set(arguments)
        unknown = set() if method.any_fields else set(arguments) - known
        if missing or unknown:
            raise TypeError(
                f'{method.name}() of version {version} takes '
                f'{sorted(known)}: missing {sorted(missing)}, unknown '
                f'{sorted(unknown)}'
            )
        return function(context, **arguments)

    return serve


class DeclaredOnly(oslo_messaging.RPCAccessPolicyBase):  # type: ignore[misc]
    """Lets only declared methods be called."""

    def is_allowed(self, endpoint: Any, method: str) -> bool:
        return method in endpoint.declared
