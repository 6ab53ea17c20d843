# SPDX-License-Identifier: Apache-2.0
"""Resize an instance to another flavor."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import flavors
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import resizing

_AGAIN = (
    'The instance has its old flavor. Check the log of the guest agent, '
    'then resize the instance again.'
)


class ResizeFlavor(resizing.Resize):
    """Changes the flavor; a failure restores the old one.

    ``wanted`` is the new flavor, as in the message.
    """

    action = 'resize_flavor'
    wants = 'new_flavor'

    _newest = 0.0

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'stop the database',
                do=self._stop,
                undo=self._start_again,
                remedy=_AGAIN,
            ),
            base.Step(
                'resize the server',
                do=self._resize,
                undo=self._resize_back,
                remedy='The instance has its old flavor. Check the cloud and '
                'its logs, then resize the instance again.',
            ),
            base.Step(
                'start the database',
                do=self._start_database,
                undo=self._stop,
                remedy=_AGAIN,
            ),
            base.Step(
                'wait until the database runs', do=self._wait, remedy=_AGAIN
            ),
        ]

    def finish(self) -> bool:
        return self.env.database(
            tasks.end_task,
            self.instance_id,
            self.owner,
            flavor_id=str(self.wanted['id']),
        )

    def _stop(self) -> None:
        orders.give(self, lambda guest: guest.stop_db(self.context))

    def _resize(self) -> None:
        self._resize_to(flavors.from_message(self.wanted))

    def _wait(self) -> None:
        guest.wait_until_usable(
            self, self.conf.resize_time_out, newer_than=self._newest
        )

    def _resize_back(self) -> None:
        self._resize_to(self._old())

    def _start_again(self) -> None:
        self._start_database()
        self._wait()

    def _old(self) -> cloud_base.Flavor:
        # finish() writes the new flavor to the row.
        return self.cloud.compute.get_flavor(
            self.context, self.instance().flavor_id or ''
        )

    def _resize_to(self, flavor: cloud_base.Flavor) -> None:
        self.cloud.compute.resize_server(
            self.context, self.instance_id, flavor
        )
        guest.forget_version(self)
        if not self.wait(self._answers, self.conf.resize_time_out):
            raise base.StepFailed(
                reason='its guest agent did not answer within '
                f'{self.conf.resize_time_out} seconds after its server was '
                'resized'
            )

    def _answers(self) -> bool:
        try:
            self.guest().rpc_ping(self.context)
        except (exception.PeerTimeout, exception.PeerUnreachable):
            return False
        # The cap of its silent time may be too low.
        self.env.transport.caps.forget('guestagent', self.instance_id)
        return True

    def _start_database(self) -> None:
        """Start it; the guest agent adapts its settings to the memory."""
        self._newest = guest.last_sent(self)
        version = self.instance().datastore_version
        number = (version.version or version.name) if version else None
        orders.give(
            self,
            lambda guest: guest.start_db_with_conf_changes(
                self.context, config_contents=None, ds_version=number
            ),
        )
