# SPDX-License-Identifier: Apache-2.0
"""Orders about which agent the guest runs."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import orders
from trove.guestagent.agents import upgrades

Context = trove_context.TroveContext


class AgentOrders:
    """The methods of :class:`trove.guestagent.manager.Manager` for them."""

    _agents: upgrades.Agents | None

    @orders.of_agent
    def upgrade_agent(
        self, context: Context, package: dict[str, Any] | None
    ) -> dict[str, Any]:
        if not context.sealed:
            # Whoever may send it can run anything in this guest.
            raise exception.NotSupported(
                'This guest agent is upgraded by authenticated messages only, '
                'and its option enable_secure_rpc_messaging is off. Nothing '
                'was changed.'
            )
        return self._installed().replace(package)

    @orders.of_agent
    def get_agent(self, context: Context) -> dict[str, Any]:
        return self._installed().show()

    def _installed(self) -> upgrades.Agents:
        if self._agents is None:
            raise exception.NotSupported(
                'This guest agent keeps no others. Nothing was changed.'
            )
        return self._agents
