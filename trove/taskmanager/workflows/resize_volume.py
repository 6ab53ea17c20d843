# SPDX-License-Identifier: Apache-2.0
"""Enlarge the volume of an instance."""

from __future__ import annotations

from typing import Any

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import resizing

_AGAIN = (
    'The data are untouched. Check the log of the guest agent, then resize '
    'the volume again.'
)


class ResizeVolume(resizing.Resize):
    """Enlarges the volume; ``wanted`` is the new size in GiB.

    A volume cannot shrink: when a step after its enlargement fails, the
    instance keeps its old size in Trove, and a repeated request resumes from
    there.
    """

    action = 'resize_volume'
    wants = 'new_size'

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'enlarge the volume',
                do=self._extend,
                remedy='Check the cloud and its logs, then resize the volume '
                'again.',
            ),
            base.Step(
                'enlarge the file system',
                do=self._grow,
                undo=self._ensure_running,
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
            volume_size=self.wanted,
        )

    def _extend(self) -> None:
        volume = self.cloud.volumes.extend(
            self.context, self.instance_id, self.wanted
        )
        if volume.size != self.wanted:
            raise base.StepFailed(
                reason=f'the cloud enlarged it to {volume.size} GiB instead '
                f'of {self.wanted} GiB'
            )

    def _grow(self) -> None:
        volume = self._volume()
        where: dict[str, Any] = {
            'device_path': volume.device_path,
            'mount_point': volume.mount_point,
        }
        if self.guest().can_send('resize_fs', online=True):
            orders.give(
                self,
                lambda guest: guest.resize_fs(
                    self.context, online=True, **where
                ),
            )
            return
        orders.give(self, lambda guest: guest.stop_db(self.context))
        orders.give(self, lambda guest: guest.resize_fs(self.context, **where))
        self._start(
            f'its file system was enlarged, request {self.context.request_id}'
        )

    def _start(self, reason: str) -> None:
        orders.give(
            self, lambda guest: guest.restart(self.context, reason=reason)
        )

    def _volume(self) -> cloud_base.Volume:
        volume = self.cloud.volumes.get(self.context, self.instance_id)
        if volume is None:
            raise exception.NotFound(
                id=f'volume of instance {self.instance_id}'
            )
        return volume

    def _ensure_running(self) -> None:
        if self.guest().can_send('resize_fs', online=True):
            # Online: the database was not stopped.
            return
        self._start('enlarging its file system failed')
        self._wait()

    def _wait(self) -> None:
        guest.wait_until_usable(self, self.conf.reboot_time_out)
