# SPDX-License-Identifier: Apache-2.0
"""Move the server of an instance to another host."""

from __future__ import annotations

from trove.common import exception
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import resizing
from trove.taskmanager.workflows import stopped

_AGAIN = (
    'Check the server in the cloud and the log of the guest agent, then '
    'reboot the instance.'
)


class Migrate(stopped.Stopped, resizing.Resize):
    """Moves the server; ``wanted`` is the host, None: the cloud chooses."""

    action = 'migrate'
    wants = 'host'

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'check that the cloud can move servers',
                do=self._check,
                remedy='Nothing was changed.',
            ),
            base.Step(
                'stop the database',
                do=self.stop_database,
                undo=self.start_again,
                remedy='Check the log of the guest agent, then try again.',
            ),
            base.Step(
                'move the server',
                do=self._move,
                remedy='Check the cloud and its logs, then try again.',
            ),
            base.Step(
                'start the database', do=self.start_database, remedy=_AGAIN
            ),
            base.Step(
                'wait until the database runs',
                do=self.wait_for_database,
                remedy=_AGAIN,
            ),
        ]

    @property
    def complete(self) -> bool:
        return True

    def _check(self) -> None:
        reason = self.cloud.refuses.get('migrate_server')
        if reason is not None:
            raise exception.CloudError(action='move the server', reason=reason)

    def _move(self) -> None:
        self.cloud.compute.migrate_server(
            self.context, self.instance_id, self.wanted
        )
        guest.forget_version(self)
        self.wait_for_answer('moved')
        self.record_addresses(
            self.cloud.network.addresses(self.context, self.instance_id)
        )
