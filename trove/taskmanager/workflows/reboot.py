# SPDX-License-Identifier: Apache-2.0
"""Reboot the server of an instance."""

from __future__ import annotations

from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import roles


class Reboot(roles.Roles):
    """Reboots the server."""

    action = 'reboot'

    _newest: float | None = None

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'reboot the server',
                do=self._reboot,
                remedy='Check the cloud and its logs, then reboot the '
                'instance again.',
            ),
            base.Step(
                'wait until the database runs',
                do=self._wait,
                remedy='Check the console of the server and the log of the '
                'guest agent, then reboot the instance again.',
            ),
        ]

    def _reboot(self) -> None:
        self.cloud.compute.reboot_server(self.context, self.instance_id)
        guest.forget_version(self)
        # Only later heartbeats count. The guest's clock orders them, for it
        # may differ from the clock of this host.
        self._newest = guest.last_sent(self)

    def _wait(self) -> None:
        if self._newest is None:
            # Adopted: heartbeats from now on count.
            self._newest = guest.last_sent(self)
        guest.wait_until_usable(
            self, self.conf.reboot_time_out, newer_than=self._newest
        )
        self.settle_role()
