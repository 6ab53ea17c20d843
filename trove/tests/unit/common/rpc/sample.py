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
    sealed_since='1.10',
    history=(
        rpc.Revision('1.0', 'First.', releases=('first', 'second')),
        rpc.Revision(
            '1.0/hasty',
            'A method and an argument, and no new version.',
            releases=('hasty',),
            probe=rpc.Probe('scrape'),
        ),
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
            'forced': rpc.Span(until='1.1'),
            'gently': rpc.Span('1.0/hasty'),
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
        gently: bool = False,
    ) -> dict[str, Any]:
        """Paint something."""

    @rpc.cast('1.0')
    def drop(self, context: trove_context.TroveContext, what: str) -> None:
        """Drop something."""

    @rpc.call('1.0/hasty')
    def scrape(self, context: trove_context.TroveContext) -> str:
        """Scrape."""

    @rpc.call('1.0', until='1.1', again='1.10')
    def varnish(self, context: trove_context.TroveContext) -> str:
        """Varnish; was out of fashion for a while."""

    @rpc.call(
        '1.0',
        spans={
            'size': rpc.Span('1.0/hasty', required=('1.0/hasty', '1.1')),
        },
    )
    def measure(
        self, context: trove_context.TroveContext, size: int | None = None
    ) -> dict[str, Any]:
        """Measure; some insist on a size."""

    @rpc.call('1.2')
    def polish(self, context: trove_context.TroveContext) -> str:
        """Polish."""

    @rpc.call('1.10')
    def fail(self, context: trove_context.TroveContext, how: str) -> None:
        """Fail."""

    @rpc.cast('1.0', repeatable=True)
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
        gently=False,
    ):
        arguments = {
            'what': what,
            'times': times,
            'colour': colour,
            'reason': reason,
            'forced': forced,
            'gently': gently,
        }
        self._note(context, 'paint', **arguments)
        return arguments

    def drop(self, context, what):
        self._note(context, 'drop', what=what)

    def scrape(self, context):
        self._note(context, 'scrape')
        return 'smooth'

    def varnish(self, context):
        self._note(context, 'varnish')
        return 'glossy'

    def measure(self, context, size=None):
        self._note(context, 'measure', size=size)
        return {'size': size}

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
