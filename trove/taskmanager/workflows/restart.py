# SPDX-License-Identifier: Apache-2.0
"""Restart the database of an instance."""

from __future__ import annotations

from trove.common import exception
from trove.common import masking
from trove.objects.instance import states
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import roles

_REBOOT = (
    'Check the log of the guest agent; then restart the instance again, or '
    'reboot it.'
)


class Restart(roles.Roles):
    """Restarts the database server.

    When it does not start with the new values of the configuration group, it
    runs with the former ones: so it is ``RESTART_REQUIRED`` still, and not in
    ``ERROR``. The fault says what the server said, and the remedy. Neither is
    one whose guest agent did not answer: its database runs on.
    """

    action = 'restart'

    #: Why the database is as before.
    _unchanged: exception.TroveError | None = None

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
        try:
            self.guest().rpc_ping(self.context)
        except (exception.PeerTimeout, exception.PeerUnreachable) as error:
            # One that was adopted may have begun.
            if not self.taken_over:
                self._unchanged = error
            raise
        try:
            orders.give(
                self,
                lambda guest: guest.restart(
                    self.context,
                    reason=f'requested by request {self.context.request_id}',
                ),
            )
        except exception.SettingsTakenBack as error:
            self._unchanged = error
            raise

    def _wait(self) -> None:
        guest.wait_until_usable(self, self.conf.reboot_time_out)
        self.settle_role()

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        needs = None
        if self._unchanged is None:
            return super().fail(step, message, details)
        if isinstance(self._unchanged, exception.SettingsTakenBack):
            message = masking.error(self._unchanged)
            details = f'{message}\nRequest {self.context.request_id}.'
            needs = states.Task.RESTART_REQUIRED
        return self.end_unchanged(message, details, needs)
