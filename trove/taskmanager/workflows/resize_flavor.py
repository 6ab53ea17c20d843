# SPDX-License-Identifier: Apache-2.0
"""Resize an instance to another flavor."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import flavors
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import resizing
from trove.taskmanager.workflows import stopped

_AGAIN = (
    'The instance has its old flavor. Check the log of the guest agent, '
    'then resize the instance again.'
)


class ResizeFlavor(stopped.Stopped, resizing.Resize):
    """Changes the flavor; a failure restores the old one.

    ``wanted`` is the new flavor, as in the message.
    """

    action = 'resize_flavor'
    wants = 'new_flavor'

    #: Whether the server has the new flavor. One that is adopted in a step
    #: in which that matters has it.
    _resized = True

    def memory(self) -> int:
        if self._resized:
            return flavors.from_message(self.wanted).ram
        return super().memory()

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'stop the database',
                do=self._stop,
                undo=self.start_again,
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
                do=self.start_database,
                undo=self.stop_database,
                remedy=_AGAIN,
            ),
            base.Step(
                'wait until the database runs',
                do=self.wait_for_database,
                remedy=_AGAIN,
            ),
            base.Step(
                'confirm the new flavor',
                do=self._confirm,
                remedy='Check the cloud and its logs, then resize the '
                'instance again.',
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
        self._resized = False
        self.stop_database()

    def _resize(self) -> None:
        self._resize_to(flavors.from_message(self.wanted))
        self._resized = True

    def _resize_back(self) -> None:
        self._resized = False
        self._resize_to(self._old())

    def _confirm(self) -> None:
        self.cloud.compute.confirm_resize(self.context, self.instance_id)

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
        self.wait_for_answer('resized')
