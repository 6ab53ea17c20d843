# SPDX-License-Identifier: Apache-2.0
"""Deletes backups, with all that continue them.

The API has written down that they are to go. A task manager that dies over
it, or whose message was lost, is replaced: :class:`Deletions` looks for
backups that nobody has deleted.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import time

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.objects.backup import backups
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objectstore import storage
from trove.taskmanager import watch
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)


def delete(env: base.Environment, backup_id: str) -> None:
    """Delete a backup and its descendants, as far as that goes.

    It raises nothing. One that cannot be deleted gets the status
    DELETE_FAILED, and those that it continues stay; the deletion can be
    requested again.
    """
    try:
        family = env.database(work.descendants, backup_id)
        while family and _delete(env, family[0]):
            del family[0]
        # Those that it continues stay, and nobody tries them over and over.
        for each in family[1:]:
            env.database(reports.fail, each, 'DELETE_FAILED')
    except base.DatabaseGone as error:
        LOG.error(
            'Left the deletion of backup %s where it is: %s. Repair the '
            'database; a task manager goes on with it by itself.',
            backup_id,
            error,
        )


def _delete(env: base.Environment, backup_id: str) -> bool:
    try:
        backup = env.database(
            backups.get, trove_context.make_admin_context(), backup_id
        )
        # Without an instance it is data that another Trove has stored.
        if backup.location and backup.instance_id:
            driver = storage.load(
                env.conf, backup.storage_driver, backup.project_id
            )
            driver.store(backup.location).discard(_stem(backup))
    except exception.NotFound:
        return True
    except exception.TroveError as error:
        LOG.error(
            'Could not delete the data of backup %s: %s Delete the backup '
            'again when the object store works.',
            backup_id,
            masking.error(error),
        )
        env.database(reports.fail, backup_id, 'DELETE_FAILED')
        return False
    env.database(work.mark_deleted, backup_id)
    LOG.info('Backup %s deleted.', backup_id)
    return True


def _stem(backup: backups.Backup) -> str:
    """Return the location of a backup without its suffix.

    It may have failed, with a part of its data stored.

    :raises BadRequest: it is not named by the backup, so it may be another's
    """
    folder, _, name = str(backup.location).rpartition('/')
    if not name.startswith(backup.id):
        raise exception.BadRequest(
            f'The location of backup {backup.id} in the database is '
            f'{backup.location}, which does not have its id. Correct it '
            'there.'
        )
    return f'{folder}/{backup.id}'


class Deletions:
    """Finds deletions that nobody carries out.

    :meth:`look` is to be called now and then.
    """

    def __init__(
        self,
        env: base.Environment,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._env = env
        self._watch = watch.Watch(env.conf.service_down_time / 2, clock)

    def look(self) -> None:
        """Carry out what has been waiting for too long.

        :raises ServiceUnavailable: the database does not work
        """
        waiting = work.deletions()
        self._watch.look({each: waiting[each] for each in waiting})
        for backup_id in waiting:
            timeout = self._env.conf.taskmanager.queue_timeout
            if self._watch.unchanged(backup_id) >= timeout:
                LOG.warning(
                    'Deleting backup %s, whose deletion was requested and '
                    'which no task manager has deleted in %s seconds.',
                    backup_id,
                    timeout,
                )
                delete(self._env, backup_id)
