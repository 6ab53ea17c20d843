# SPDX-License-Identifier: Apache-2.0
"""Create a backup that is a snapshot of the volume.

The guest agent has nothing written to the volume while the cloud makes the
snapshot, so it is what the disk has after a loss of power.
"""

from __future__ import annotations

import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects.backup import backups
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import making_backup
from trove.taskmanager.workflows import replica

LOG = logging.getLogger(__name__)

#: Seconds beyond those that the cloud has, until the guest thaws its volume.
_MARGIN = 30

_CLOUD = (
    'Check the cloud and its logs; delete the backup, then make a new one.'
)


class CreateSnapshot(making_backup.MakingBackup):
    """The workflow.

    :param for_replica: the primary has to keep its log from then on
    """

    left_over = 'Delete the backup, which removes what is left.'

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        backup_id: str | None,
        for_replica: bool = False,
    ) -> None:
        super().__init__(env, context, instance_id, backup_id)
        self._for_replica = for_replica

    @classmethod
    def known(
        cls, env: base.Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        details = row.details
        return details['backup_id'], bool(details.get('for_replica'))

    def details(self) -> dict[str, Any]:
        return {
            'backup_id': self._id,
            'storage_driver': backups.SNAPSHOT,
            'for_replica': self._for_replica,
        }

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'make the snapshot',
                do=self._make,
                undo=self._delete,
                remedy=_CLOUD,
            ),
            base.Step('complete the backup', do=self._complete, remedy=_CLOUD),
        ]

    def _make(self) -> None:
        if self.taken_over:
            # Nobody knows whether the volume was frozen all the time.
            self._delete()
        backup = self._backup()
        metadata = self._metadata(backup)
        if self._for_replica:
            self.guest().get_replication_snapshot(
                self.context, snapshot_info=replica.about(backup)
            )
        self.guest().pre_create_backup(
            self.context, seconds=self.conf.volume_time_out + _MARGIN
        )
        try:
            self.cloud.volumes.snapshot(
                self.context, self.instance_id, self._id, metadata
            )
        except exception.TroveError:
            self._thaw()
            raise
        self.guest().post_create_backup(self.context)

    def _thaw(self) -> None:
        """Have the volume thawed now; it will be, in any case."""
        try:
            self.guest().post_create_backup(self.context)
        except exception.TroveError as error:
            LOG.warning(
                'The volume of instance %s may stay frozen for up to %d s: %s',
                self.instance_id,
                self.conf.volume_time_out + _MARGIN,
                error,
            )

    def _delete(self) -> None:
        self.cloud.volumes.delete_snapshot(self.context, self._id)

    def _metadata(self, backup: backups.Backup) -> dict[str, str]:
        """Return what released Trove says of its snapshots."""
        version = backup.datastore_version
        known = {
            'backup_id': backup.id,
            'backup_type': backup.backup_type,
            'datastore': version.datastore_name if version else None,
            'datastore_version': version.name if version else None,
            'instance_id': self.instance_id,
            'tenant_id': backup.project_id,
        }
        return {key: value for key, value in known.items() if value}

    def _complete(self) -> None:
        found = self.cloud.volumes.get_snapshot(self.context, self._id)
        if found is None:
            raise base.StepFailed(reason='the snapshot has disappeared')
        self._record(f'{backups.SNAPSHOT}://{found.id}', None, found.size)
        self._count()
