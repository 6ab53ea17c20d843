# SPDX-License-Identifier: Apache-2.0
"""How the methods of an interface are declared: by these decorators."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import functools
from typing import Any
from typing import TypeVar

from trove.common import context as trove_context
from trove.common.rpc import _contract

F = TypeVar('F', bound=Callable[..., Any])


def call(
    since: str,
    *,
    until: str | None = None,
    again: str | None = None,
    timeout: str = 'agent_call_low_timeout',
    repeatable: bool = False,
    sealed: bool = False,
    spans: Mapping[str, _contract.Span] | None = None,
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
    span = _contract.Span(since, until, again)
    return _declare('call', span, timeout, repeatable, sealed, spans or {})


def cast(
    since: str,
    *,
    until: str | None = None,
    again: str | None = None,
    repeatable: bool = False,
    sealed: bool = False,
    spans: Mapping[str, _contract.Span] | None = None,
) -> Callable[[F], F]:
    """Declare a method that does not wait; see :func:`call`."""
    span = _contract.Span(since, until, again)
    return _declare('cast', span, None, repeatable, sealed, spans or {})


def _declare(
    kind: _contract.Kind,
    span: _contract.Span,
    timeout: str | None,
    repeatable: bool,
    sealed: bool,
    spans: Mapping[str, _contract.Span],
) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        method = _contract.declare(
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
