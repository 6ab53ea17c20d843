# SPDX-License-Identifier: Apache-2.0
"""The workflows of the task manager, one for each job."""

from __future__ import annotations

from trove.objects.backup import backups
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import change_encryption
from trove.taskmanager.workflows import create
from trove.taskmanager.workflows import create_backup
from trove.taskmanager.workflows import create_snapshot
from trove.taskmanager.workflows import delete
from trove.taskmanager.workflows import detach_replica
from trove.taskmanager.workflows import eject
from trove.taskmanager.workflows import migrate
from trove.taskmanager.workflows import promote
from trove.taskmanager.workflows import reboot
from trove.taskmanager.workflows import rebuild
from trove.taskmanager.workflows import resize_flavor
from trove.taskmanager.workflows import resize_volume
from trove.taskmanager.workflows import restart
from trove.taskmanager.workflows import update_access
from trove.taskmanager.workflows import upgrade

#: By the method of the task manager's interface: what the manager runs for a
#: message, and the recovery for a task manager that died.
WORKFLOWS: dict[str, type[base.Workflow]] = {
    cls.action: cls
    for cls in (
        change_encryption.ChangeEncryption,
        create.Create,
        create_backup.CreateBackup,
        delete.Delete,
        detach_replica.Detach,
        eject.Eject,
        migrate.Migrate,
        promote.Promote,
        reboot.Reboot,
        rebuild.Rebuild,
        resize_flavor.ResizeFlavor,
        resize_volume.ResizeVolume,
        restart.Restart,
        update_access.UpdateAccess,
        upgrade.Upgrade,
    )
}

#: What takes the place of "create_backup" with a storage driver that is no
#: object store.
BACKUPS: dict[str, type[create_snapshot.CreateSnapshot]] = {
    backups.SNAPSHOT: create_snapshot.CreateSnapshot,
}

#: Jobs that are about no single instance: they have no workflow, and what
#: takes their place when a task manager dies is in :mod:`trove.taskmanager`.
OTHERS = frozenset({'delete_backup', 'reapply_module'})


def of_row(row: workflows.Workflow) -> type[base.Workflow] | None:
    """Return the workflow of a row, None if it is unknown here."""
    cls = WORKFLOWS.get(row.action)
    if cls is create_backup.CreateBackup:
        return BACKUPS.get(row.details.get('storage_driver', ''), cls)
    return cls
