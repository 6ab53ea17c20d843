# SPDX-License-Identifier: Apache-2.0
"""Orders about the logs of a guest, and the log of its changes."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import guest_faults
from trove.guestagent import backups
from trove.guestagent import logs as guest_logs
from trove.guestagent import orders
from trove.guestagent import reporter as reporters
from trove.guestagent.datastores import base

Capability = base.Capability
Context = trove_context.TroveContext


class LogOrders:
    """The methods of :class:`trove.guestagent.manager.Manager` for them."""

    _backups: backups.Backups
    _logs: guest_logs.Logs
    _reporter: reporters.Reporter

    @orders.needs(Capability.LOGS, turn=False)
    def guest_log_list(self, context: Context) -> list[dict[str, Any]]:
        return self._logs.list_(context)

    @orders.needs(Capability.LOGS, turn=False)
    def guest_log_action(
        self,
        context: Context,
        log_name: str,
        enable: bool,
        disable: bool,
        publish: bool,
        discard: bool,
        store: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self._logs.act(
            context,
            log_name,
            guest_logs.Action(
                enable=bool(enable),
                disable=bool(disable),
                discard=bool(discard),
                publish=bool(publish),
            ),
            store,
        )

    @orders.needs(Capability.LOG_ARCHIVE, turn=False)
    def archive_log(
        self,
        context: Context,
        archive: dict[str, Any] | None,
        store: dict[str, Any] | None = None,
    ) -> None:
        with self._reporter.reporting(context, guest_faults.ARCHIVE_LOG):
            self._backups.log.order(archive, store)
