# SPDX-License-Identifier: Apache-2.0
"""Makes scheduled backups, and deletes those that are kept no longer."""

from __future__ import annotations

import logging
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.objects.backup import schedules
from trove.objects.backup import work
from trove.taskmanager import api
from trove.taskmanager import deletions
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
        self._retain_all()
        for each in schedules.claim():
            try:
                self._begin(each)
                self._retain(each)
            except exception.ServiceUnavailable:
                raise
            except exception.TroveError as error:
                LOG.warning(
                    'The scheduled backup of instance %s was not begun: %s '
                    'It is tried again.',
                    each.instance_id,
                    masking.error(error),
                )
                passing = isinstance(error, _PASSING)
                schedules.failed(each, str(error), passing)

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
        # If the message is lost, recovery begins the job.
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
            instance_id=schedule.instance_id,
        )

    def _retain_all(self) -> None:
        """Delete what is kept no longer, also where nothing is begun."""
        for each in schedules.claim_retention(_RETAINED):
            try:
                self._retain(each)
            except exception.ServiceUnavailable:
                raise
            except exception.TroveError as error:
                LOG.warning(
                    'The backups of instance %s that its schedule keeps no '
                    'longer are not deleted: %s It is tried again in an hour.',
                    each.instance_id,
                    masking.error(error),
                )

    def _retain(self, schedule: schedules.Schedule) -> None:
        context = trove_context.make_admin_context()
        going = schedules.expendable(schedule)
        while going:
            # With those that continue it, all of which are expendable.
            gone = work.request_deletion(self._env.conf, context, going[0])
            deletions.delete(self._env, going[0])
            going = [each for each in going if each not in gone]
