# SPDX-License-Identifier: Apache-2.0
"""Requirements of orders: a capability of the datastore, a turn.

Both are declared at the methods of
:class:`trove.guestagent.manager.Manager`, each of which has one of the
decorators here. Orders without a method are in
:mod:`trove.guestagent.unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any
from typing import cast
from typing import Protocol
from typing import TypeVar

from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent.datastores import capability as capabilities

_F = TypeVar('_F', bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True)
class Needs:
    """Requirements of an order.

    :param capability: of the datastore; None: none is required
    :param turn: the order uses the database server, and is carried out after
        those that arrived before
    """

    capability: capabilities.Capability | None = None
    turn: bool = False


class Endpoint(Protocol):
    """A class with decorated methods."""

    interface: rpc.Interface

    @property
    def capabilities(self) -> Collection[capabilities.Capability]:
        """Return the capabilities of the datastore."""

    def refuse(
        self,
        context: trove_context.TroveContext,
        method: rpc.Method,
        what: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Refuse an order, see :mod:`trove.common.unsupported`."""


def of_agent(function: _F) -> _F:
    """Declare an order about the agent or its machine, not the server."""
    function.needs = Needs()  # type: ignore[attr-defined]
    return function


def in_turn(function: _F) -> _F:
    """Declare an order that uses the database server of any datastore."""
    function.needs = Needs(turn=True)  # type: ignore[attr-defined]
    return function


def needs(
    capability: capabilities.Capability, *, turn: bool = True
) -> Callable[[_F], _F]:
    """Declare an order that is refused without a capability.

    :param turn: whether it uses the database server
    """

    def declare(function: _F) -> _F:
        @functools.wraps(function)
        def order(
            self: Endpoint,
            context: trove_context.TroveContext,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            if capability in self.capabilities:
                return function(self, context, *args, **kwargs)
            method = self.interface.methods[function.__name__]
            arguments = method.signature.bind(*args, **kwargs).arguments
            self.refuse(context, method, capability, arguments)
            return None

        order.needs = Needs(capability, turn)  # type: ignore[attr-defined]
        return cast(_F, order)

    return declare


def declared(endpoint: type) -> dict[str, Needs]:
    """Return the requirements of each order that a class declares."""
    return {
        name: member.needs
        for cls in reversed(endpoint.__mro__)
        for name, member in vars(cls).items()
        if hasattr(member, 'needs')
    }
