# SPDX-License-Identifier: Apache-2.0
"""Serves what is declared and nothing here can do: by refusing it.

A peer of another release may ask for it. It is answered as any other order,
so that who asked learns what the matter is.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import inspect
from typing import Any
from typing import Protocol
from typing import TypeVar

from trove.common import context as trove_context
from trove.common import rpc


class Refusing(Protocol):
    """An endpoint that says itself how it refuses."""

    def refuse(
        self,
        context: trove_context.TroveContext,
        method: rpc.Method,
        what: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Refuse an order.

        :param what: the subject of "... is not supported"
        """


T = TypeVar('T', bound=Refusing)


def serve(
    interface: rpc.Interface, methods: Mapping[str, str]
) -> Callable[[type[T]], type[T]]:
    """Decorate an endpoint so that it serves methods by ``refuse``.

    :param methods: what each of them would do, by name
    :raises TypeError: the endpoint serves one of them itself, or it is not
        in the interface
    """

    def decorate(endpoint: type[T]) -> type[T]:
        where = (
            f'{endpoint.__qualname__} in '
            f'{endpoint.__module__.replace(".", "/")}.py'
        )
        for name, what in methods.items():
            if hasattr(endpoint, name):
                raise TypeError(
                    f'{where} has the method {name}, which unsupported.py '
                    'beside it refuses: remove one of them'
                )
            if name not in interface.methods:
                raise TypeError(
                    f'{where} refuses {name}: declare {name} in the interface '
                    f'{interface.name}, or remove it from unsupported.py'
                )
            setattr(endpoint, name, _refusal(interface.methods[name], what))
        return endpoint

    return decorate


def _refusal(method: rpc.Method, what: str) -> Callable[..., None]:
    def order(
        self: Refusing,
        context: trove_context.TroveContext,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        arguments = method.signature.bind(*args, **kwargs).arguments
        self.refuse(context, method, what, arguments)

    order.__name__ = method.name
    order.__doc__ = method.doc
    ours = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ('self', 'context')
    ]
    order.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*ours, *method.signature.parameters.values()]
    )
    return order
