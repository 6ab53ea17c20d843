# SPDX-License-Identifier: Apache-2.0
"""Reboot the server of an instance."""

from __future__ import annotations

from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest


class Reboot(base.Workflow):
    """The workflow."""

    action = 'reboot'

    _newest: float | None = None

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'reboot the server',
                do=self._reboot,
                remedy='See to the cloud (its logs say more), then reboot '
                'the instance again.',
            ),
            base.Step(
                'wait until the database runs',
                do=self._wait,
                remedy='Look at the console of the server and at the log of '
                'the guest agent, then reboot the instance again.',
            ),
        ]

    def _reboot(self) -> None:
        self.cloud.compute.reboot_server(self.context, self.instance_id)
        guest.forget_version(self)
        # What the guest had said until then says nothing about afterwards;
        # its own clock tells the two apart, whatever ours says.
        self._newest = guest.last_sent(self)

    def _wait(self) -> None:
        if self._newest is None:
            # Taken over: what it says from now on counts.
            self._newest = guest.last_sent(self)
        guest.wait_until_usable(
            self, self.conf.reboot_time_out, newer_than=self._newest
        )
