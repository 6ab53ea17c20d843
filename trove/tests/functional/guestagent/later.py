# SPDX-License-Identifier: Apache-2.0
"""The guest agent's interface of a release that is yet to come."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api

_INTERFACE = rpc.Interface(
    name='guestagent',
    topic=api.API.interface.topic,
    peer='guest agent of instance %s',
    remedy='Upgrade it.',
    sealed_since=api.API.interface.sealed_since,
    history=(
        *api.API.interface.history,
        rpc.Revision('1.99', 'polish was added.', releases=('2099.1',)),
    ),
)


class API(rpc.Client, interface=_INTERFACE):
    """Its client."""

    @rpc.cast('1.99')
    def polish(
        self,
        context: trove_context.TroveContext,
        users: list[dict[str, Any]],
    ) -> None:
        """Do something that nobody can do today."""
