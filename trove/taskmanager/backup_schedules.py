# SPDX-License-Identifier: Apache-2.0
"""Makes scheduled backups, and deletes those that are kept no longer."""

from __future__ import annotations

from collections.abc import Sequence
import logging
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import schedules
from trove.objects.backup import work
from trove.taskmanager import api
from trove.taskmanager import sweeps
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Seconds between two looks for backups that are kept no longer.
_RETAINED: Final = 3600.0

#: What passes by itself: another task, or another backup.
_PASSING = (exception.InstanceBusy, exception.Unprocessable)


class BackupSchedules:
    """Begins what is due; :meth:`look` is called now and then."""

    def __init__(self, env: base.Environment) -> None:
        self._env = env

    def look(self) -> None:
        """Begin the backups that are due, each by one task manager.

        :raises ServiceUnavailable: the database does not work
        """
        self._retain_all(schedules.claim_retention(_RETAINED))
        due = schedules.claim()
        sweeps.each(
            due,
            self._begin,
            lambda each: f'begin a backup of instance {each.instance_id}',
            _put_off,
            stopping=self._env.draining,
        )
        self._retain_all(due)

    def _begin(self, schedule: schedules.Schedule) -> None:
        context = trove_context.make_admin_context()
        backup, container = work.begin(
            self._env.conf,
            context,
            work.Order(
                instance_id=schedule.instance_id,
                name=f'scheduled-{schedule.next:%Y-%m-%dT%H:%M}',
                description=None,
                storage_driver=schedule.storage_driver,
                container=None,
                default_container=schedule.container,
                incremental=not schedule.is_full,
            ),
        )
        schedules.begun(schedule.instance_id, backup.id)
        self._send(context, backup, container, schedule.instance_id)

    def _send(
        self,
        context: trove_context.TroveContext,
        backup: backups.Backup,
        container: str,
        instance_id: str,
    ) -> None:
        """Tell a task manager; if it is not told, recovery begins the job."""
        try:
            api.API(self._env.transport).create_backup(
                context,
                backup_info={
                    'id': backup.id,
                    'name': backup.name,
                    'description': None,
                    'instance_id': backup.instance_id,
                    'backup_type': backup.backup_type,
                    'checksum': None,
                    'parent': None,
                    'storage_driver': backup.storage_driver,
                    'swift_container': container,
                },
                instance_id=instance_id,
            )
        except exception.TroveError as error:
            LOG.warning(
                'The message to make the scheduled backup %s of instance %s '
                'was not sent: %s A task manager begins the backup by itself '
                'within %s seconds. Check the message broker.',
                backup.id,
                instance_id,
                masking.error(error),
                self._env.conf.taskmanager.queue_timeout,
            )

    def _retain_all(self, found: Sequence[schedules.Schedule]) -> None:
        """Delete what is kept no longer, also where nothing is begun."""
        sweeps.each(
            found,
            self._retain,
            lambda each: f'delete old backups of instance {each.instance_id}',
            stopping=self._env.draining,
        )

    def _retain(self, schedule: schedules.Schedule) -> None:
        context = trove_context.make_admin_context()
        going = schedules.expendable(schedule)
        while going:
            # With those that continue it, all of which are expendable.
            gone = deleting.request(self._env.conf, context, going[0])
            # If the message is lost, it is found to be waiting.
            api.API(self._env.transport).delete_backup(
                context, backup_id=going[0]
            )
            going = [each for each in going if each not in gone]


def _put_off(schedule: schedules.Schedule, error: Exception) -> None:
    known = isinstance(error, exception.TroveError)
    schedules.failed(
        schedule,
        str(error) if known else 'The log of the task manager says why.',
        isinstance(error, _PASSING),
    )
