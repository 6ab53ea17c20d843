# SPDX-License-Identifier: Apache-2.0
"""An interface that exists only here, with one of each kind of change."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc

INTERFACE = rpc.Interface(
    name='guestagent',
    topic=lambda conf, peer: f'sample.{peer}',
    peer='sample server %s',
    remedy='Upgrade the sample server.',
    history=(
        rpc.Revision('1.0', 'First.', releases=('first', 'second')),
        rpc.Revision('1.1', 'An argument.', releases=('third',)),
        rpc.Revision('1.2', 'A method, and one more argument.'),
        rpc.Revision('1.10', 'Sorts after 1.2.', releases=('fourth',)),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    @rpc.call(
        '1.0',
        spans={
            'colour': rpc.Span('1.1'),
            'reason': rpc.Span('1.2', may_omit=True),
            'forced': rpc.Span('1.0', until='1.1'),
        },
    )
    def paint(
        self,
        context: trove_context.TroveContext,
        what: str,
        times: int = 1,
        colour: str | None = None,
        reason: str | None = None,
        forced: bool = False,
    ) -> dict[str, Any]:
        """Paint something."""

    @rpc.cast('1.0')
    def drop(self, context: trove_context.TroveContext, what: str) -> None:
        """Drop something."""

    @rpc.call('1.2')
    def polish(self, context: trove_context.TroveContext) -> str:
        """Polish."""

    @rpc.call('1.10')
    def fail(self, context: trove_context.TroveContext, how: str) -> None:
        """Fail."""

    @rpc.cast('1.0')
    def note(
        self, context: trove_context.TroveContext, name: str, **fields: Any
    ) -> None:
        """Write fields down."""


class Manager:
    """Serves it, and remembers what came."""

    interface = API.interface

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.contexts: list[trove_context.TroveContext] = []

    def _note(self, context, name, /, **arguments):
        self.contexts.append(context)
        self.received.append((name, arguments))

    def paint(
        self,
        context,
        what,
        times=1,
        colour=None,
        reason=None,
        forced=False,
    ):
        arguments = {
            'what': what,
            'times': times,
            'colour': colour,
            'reason': reason,
            'forced': forced,
        }
        self._note(context, 'paint', **arguments)
        return arguments

    def drop(self, context, what):
        self._note(context, 'drop', what=what)

    def polish(self, context):
        self._note(context, 'polish')
        return 'shines'

    def fail(self, context, how):
        if how == 'ours':
            raise exception.UserNotFound(name='jane')
        if how == 'python':
            raise ValueError('no such thing')
        raise Strange('very odd')

    def note(self, context, name, **fields):
        self._note(context, 'note', name=name, **fields)

    def not_declared(self, context):
        self._note(context, 'not_declared')


class Strange(Exception):
    pass
