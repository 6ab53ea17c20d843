# SPDX-License-Identifier: Apache-2.0
"""Deletes backups, with all that continue them.

The API has written down that they are to go. Users may have stored any number
of objects under the names of a backup, so some of them are deleted at a time,
and then other deletions have their turn. A task manager that dies over it, or
whose message was lost, is replaced: :class:`Deletions` looks for backups that
nobody has deleted.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import time
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import reports
from trove.objectstore import storage
from trove.taskmanager import sweeps
from trove.taskmanager import watch
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Seconds until the others have their turn, and objects that are deleted
#: before that is looked at.
_TURN: Final = 20.0
_AT_ONCE: Final = 1000


def delete(env: base.Environment, backup_id: str) -> bool:
    """Delete a backup and its descendants, as far as that goes for now.

    It raises nothing. One that cannot be deleted gets the status
    DELETE_FAILED, and those that it continues stay; the deletion can be
    requested again.

    :returns: whether it has ended; if not, a later turn goes on with it
    """
    until = time.monotonic() + _TURN
    try:
        family = env.database(deleting.descendants, backup_id)
        while family:
            gone = _delete(env, family[0])
            if gone is False:
                # Those that it continues stay, and nobody tries them over
                # and over.
                for each in family[1:]:
                    env.database(reports.fail, each, 'DELETE_FAILED')
                return True
            if gone is None or time.monotonic() > until:
                return False
            if env.draining.is_set():
                return False
            del family[0]
    except base.DatabaseGone as error:
        LOG.error(
            'Left the deletion of backup %s where it is: %s. Repair the '
            'database; a task manager goes on with it by itself.',
            backup_id,
            error,
        )
    return True


def _delete(env: base.Environment, backup_id: str) -> bool | None:
    """Delete a backup.

    :returns: whether it is gone; None: not yet, as it has many objects
    """
    try:
        env.database(deleting.begin, backup_id)
        if not _discard(env, backup_id):
            return None
    except exception.NotFound:
        return True
    except base.DatabaseGone:
        raise
    except Exception as error:
        known = isinstance(error, exception.TroveError)
        LOG.error(
            'Could not delete the data of backup %s: %s Delete the backup '
            'again when its store works.',
            backup_id,
            masking.error(error),
            exc_info=None if known else error,
        )
        env.database(reports.fail, backup_id, 'DELETE_FAILED')
        return False
    if env.database(deleting.mark_deleted, backup_id):
        LOG.info('Backup %s deleted.', backup_id)
    else:
        LOG.debug(
            'Deleted the data of backup %s. Its guest agent may store more '
            'until its access expires, which is deleted then.',
            backup_id,
        )
    return True


def _discard(env: base.Environment, backup_id: str) -> bool:
    """Delete objects of a backup; return whether all are gone."""
    backup = env.database(
        backups.get, trove_context.make_admin_context(), backup_id
    )
    if backup.is_snapshot:
        env.cloud.volumes.delete_snapshot(
            trove_context.make_admin_context(), backup_id
        )
        return True
    if not backup.location or not backup.instance_id:
        # Without an instance it is data that another Trove has stored.
        return True
    driver = storage.load(env.conf, backup.storage_driver, backup.project_id)
    return driver.store(backup.location).discard(_stem(backup), _AT_ONCE)


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
        #: Those that this process goes on with.
        self._begun: set[str] = set()
        self._watch = watch.Watch(env.conf.service_down_time / 2, clock)

    def look(self) -> None:
        """Carry out what has been waiting for too long.

        :raises ServiceUnavailable: the database does not work
        """
        found = deleting.waiting()
        self._watch.look({each: found[each] for each in found})
        timeout = self._env.conf.taskmanager.queue_timeout
        # One of each project: each of them may take a whole turn.
        due: dict[str, str] = {}
        for backup_id, known in found.items():
            if backup_id in self._begun or (
                self._watch.unchanged(backup_id) >= timeout
            ):
                due.setdefault(known.project_id, backup_id)
        self._begun &= found.keys()
        sweeps.each(
            due.values(),
            lambda backup_id: self._go_on(backup_id, found[backup_id]),
            lambda backup_id: f'go on with the deletion of backup {backup_id}',
            stopping=self._env.draining,
        )

    def _go_on(self, backup_id: str, known: deleting.Waiting) -> None:
        if not deleting.claim(backup_id, known.updated):
            self._begun.discard(backup_id)
            return
        if backup_id not in self._begun and not known.again:
            LOG.warning(
                'Deleting backup %s, whose deletion was requested and which '
                'no task manager has ended.',
                backup_id,
            )
        if delete(self._env, backup_id):
            self._begun.discard(backup_id)
        else:
            self._begun.add(backup_id)
