# SPDX-License-Identifier: Apache-2.0
"""Has backups verified by the guest agents of their instances."""

from __future__ import annotations

import logging
from typing import Any
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.guestagent import api as guest_api
from trove.objects.backup import backups
from trove.objects.backup import verifications
from trove.objects.instance import instances
from trove.objectstore import storage
from trove.taskmanager import sweeps
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import restored

LOG = logging.getLogger(__name__)

#: Seconds without a report after which a guest is told again.
_AGAIN: Final = 300.0


class Verifications:
    """Orders those that are due; :meth:`look` is called now and then."""

    def __init__(self, env: base.Environment) -> None:
        self._env = env
        self._context = trove_context.make_admin_context()

    def look(self) -> None:
        """Order what was requested, each by one task manager.

        :raises ServiceUnavailable: the database does not work
        """
        sweeps.each(
            verifications.claim(_AGAIN),
            self._verify,
            lambda backup_id: f'have backup {backup_id} verified',
            stopping=self._env.draining,
        )

    def _verify(self, backup_id: str) -> None:
        backup = backups.get(self._context, backup_id)
        try:
            self._order(backup)
        except exception.ServiceUnavailable:
            raise
        except base.StepFailed as error:
            self._fail(backup, error)
        except exception.ObjectStoreError as error:
            _log_later(backup, error)
        except exception.TroveError as error:
            self._end(backup, verifications.ERROR, error)

    def _fail(self, backup: backups.Backup, error: base.StepFailed) -> None:
        """End it: its objects are missing, or not what they were."""
        cause = error.__cause__
        if isinstance(cause, exception.ObjectStoreError) and not isinstance(
            cause, exception.ObjectMissing | exception.ObjectDamaged
        ):
            _log_later(backup, cause)
        else:
            self._end(backup, verifications.FAILED, error)

    def _end(
        self, backup: backups.Backup, state: str, error: exception.TroveError
    ) -> None:
        verifications.record(
            str(backup.instance_id),
            backup.id,
            state,
            masking.error(error, 1024),
        )

    def _order(self, backup: backups.Backup) -> None:
        instance = instances.get(self._context, str(backup.instance_id))
        chain = restored.chain(self._env, backup)
        driver = storage.load(
            self._env.conf, backup.storage_driver, backup.project_id
        )
        about: dict[str, Any] = {
            'id': backup.id,
            'instance_id': instance.id,
            'location': backup.location,
            'type': backup.backup_type,
            'checksum': backup.checksum,
            'storage_driver': backup.storage_driver,
        }
        guest = guest_api.API(self._env.transport, instance.id)
        if not guest.can_send('create_backup', store={}):
            raise exception.NotSupported(
                'The guest agent of the instance is too old to verify '
                'backups. Upgrade its image, then request it again.'
            )
        room = int((backup.size or 0) * (1 << 30))
        guest.create_backup(
            self._context,
            backup_info=about,
            store={**driver.reading(chain), 'verifies': True, 'room': room},
        )


def _log_later(backup: backups.Backup, error: exception.TroveError) -> None:
    LOG.warning(
        'Backup %s is not verified yet: %s It is tried again in %d minutes.',
        backup.id,
        masking.error(error),
        _AGAIN // 60,
    )
