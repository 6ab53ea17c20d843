# SPDX-License-Identifier: Apache-2.0
"""A wine cellar whose interface changes in every way that one can.

The contributor guide shows parts of this file, and a test runs it.
"""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

INTERFACE = rpc.Interface(
    # Also the name of the option in [upgrade_levels].
    name='guestagent',
    topic=lambda conf, peer: f'cellar.{peer}',
    peer='cellar %s',
    remedy='Upgrade the cellar, then repeat the request.',
    history=(
        rpc.Revision('1.0', 'store and fetch.', releases=('2027.1',)),
        # [begin add-method-history]
        rpc.Revision('1.1', 'list_shelves was added.'),
        # [end add-method-history]
        rpc.Revision('1.2', 'store takes note and temperature.'),
        rpc.Revision('1.3', 'fetch no longer takes hurry.'),
        rpc.Revision('1.4', 'describe was added; it replaces fetch.'),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    """What may be asked of a cellar."""

    # [begin store]
    @rpc.cast(
        '1.0',
        spans={
            # For the cellar's diary only: without it the same is done.
            'note': rpc.Span('1.2', may_omit=True),
            # Without it the wine might spoil: refuse rather than leave out.
            'temperature': rpc.Span('1.2'),
        },
    )
    def store(
        self,
        context: trove_context.TroveContext,
        bottle: str,
        note: str | None = None,
        temperature: int | None = None,
    ) -> None:
        """Store a bottle.

        :param temperature: in degrees Celsius; None: where there is room
        """

    # [end store]

    # [begin fetch]
    @rpc.call('1.0', spans={'hurry': rpc.Span(until='1.2')})
    def fetch(
        self,
        context: trove_context.TroveContext,
        bottle: str,
        hurry: bool = False,
    ) -> str:
        """Fetch a bottle; return the shelf that it was on."""

    # [end fetch]

    # [begin list-shelves]
    @rpc.call('1.1', repeatable=True)
    def list_shelves(self, context: trove_context.TroveContext) -> list[str]:
        """Return the names of the shelves."""

    # [end list-shelves]

    # [begin describe]
    @rpc.call('1.4', repeatable=True)
    def describe(
        self, context: trove_context.TroveContext, bottle: str
    ) -> dict[str, Any]:
        """Describe a bottle: ``shelf`` and ``temperature``."""

    # [end describe]


# [begin where-is]
def where_is(
    cellar: API, context: trove_context.TroveContext, bottle: str
) -> str:
    """Return the shelf of a bottle, whatever the cellar speaks."""
    if cellar.can_send('describe'):
        return str(cellar.describe(context, bottle)['shelf'])
    return str(cellar.fetch(context, bottle))


# [end where-is]


class Manager:
    """Serves :class:`API`."""

    interface = API.interface

    def __init__(self) -> None:
        self.bottles: dict[str, dict[str, Any]] = {}

    def store(
        self,
        context: trove_context.TroveContext,
        bottle: str,
        note: str | None = None,
        temperature: int | None = None,
    ) -> None:
        self.bottles[bottle] = {'shelf': 'A', 'temperature': temperature}

    def fetch(
        self,
        context: trove_context.TroveContext,
        bottle: str,
        hurry: bool = False,
    ) -> str:
        return str(self.bottles[bottle]['shelf'])

    def list_shelves(self, context: trove_context.TroveContext) -> list[str]:
        return ['A']

    def describe(
        self, context: trove_context.TroveContext, bottle: str
    ) -> dict[str, Any]:
        return self.bottles[bottle]


# [begin new-major]
INTERFACE_2 = rpc.Interface(
    name='guestagent',
    topic=INTERFACE.topic,
    peer=INTERFACE.peer,
    remedy=INTERFACE.remedy,
    follows=True,
    history=(rpc.Revision('2.0', 'Shelves are numbers.'),),
)


class API2(rpc.Client, interface=INTERFACE_2):
    """What may be asked of a cellar, from version 2.0 on."""

    @rpc.call('2.0')
    def fetch(
        self, context: trove_context.TroveContext, bottle: str
    ) -> int:
        """Fetch a bottle; return the number of its shelf."""


class Manager2:
    """Serves :class:`API2`, beside :class:`Manager`."""

    interface = API2.interface

    def fetch(self, context: trove_context.TroveContext, bottle: str) -> int:
        return 1


def serve(transport: rpc.Transport, cellar: str) -> Any:
    """Serve both; what is announced is then ``1.4,2.0``."""
    return transport.server(
        Manager(), Manager2(), host=cellar, peer=cellar
    )


# [end new-major]
