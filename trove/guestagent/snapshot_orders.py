# SPDX-License-Identifier: Apache-2.0
"""Orders before and after a snapshot of the volume."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.guestagent import freezing
from trove.guestagent import orders
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import capability

_SNAPSHOT = capability.Capability.SNAPSHOT


class SnapshotOrders:
    """A part of the endpoint."""

    _supervisor: supervisors.Supervisor
    _freezer: freezing.Freezer | None

    @orders.needs(_SNAPSHOT)
    def pre_create_backup(
        self, context: trove_context.TroveContext, **fields: Any
    ) -> dict[str, Any]:
        with self._supervisor.turn():
            assert self._freezer
            self._freezer.freeze(fields.get('seconds'))
        return {}

    @orders.needs(_SNAPSHOT, turn=False)
    def post_create_backup(
        self, context: trove_context.TroveContext, **fields: Any
    ) -> None:
        assert self._freezer
        # Whoever has the turn may be waiting for it.
        self._freezer.thaw()
