# SPDX-License-Identifier: Apache-2.0
"""Restart the database of an instance."""

from __future__ import annotations

from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders

_REBOOT = (
    'Check the log of the guest agent; then restart the instance again, or '
    'reboot it.'
)


class Restart(base.Workflow):
    """Restarts the database server."""

    action = 'restart'

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'restart the database', do=self._restart, remedy=_REBOOT
            ),
            base.Step(
                'wait until the database runs',
                do=self._wait,
                remedy=_REBOOT,
            ),
        ]

    def _restart(self) -> None:
        # A dead guest agent shows within the timeout of a ping, which is
        # much shorter than that of a restart.
        self.guest().rpc_ping(self.context)
        orders.give(
            self,
            lambda guest: guest.restart(
                self.context,
                reason=f'requested by request {self.context.request_id}',
            ),
        )

    def _wait(self) -> None:
        guest.wait_until_usable(self, self.conf.reboot_time_out)
