# SPDX-License-Identifier: Apache-2.0
"""Registers what another Trove has stored as a backup of this one."""

from __future__ import annotations

import dataclasses

from oslo_config import cfg
from oslo_utils import uuidutils

from trove.common import context as trove_context
from trove.db import models
from trove.db import session
from trove.objects import quota
from trove.objects.backup import backups


@dataclasses.dataclass(frozen=True)
class Data:
    """What is stored, and what is known of it.

    :ivar size: GiB that a volume needs for it
    :ivar checksum: as the object store has it
    """

    name: str
    description: str | None
    datastore_version_id: str
    storage_driver: str
    location: str
    checksum: str
    size: float
    backup_type: str


@session.retry(duplicates=True)
def register(
    conf: cfg.ConfigOpts, context: trove_context.TroveContext, data: Data
) -> backups.Backup:
    """Write it down as a backup without an instance.

    It is as good as complete. Its deletion leaves the data where they are.

    :raises QuotaExceeded: the project may not have another backup
    """
    with session.writer() as db:
        project_id = str(context.project_id)
        quota.take(conf, db, project_id, {'backups': 1})
        made = models.Backup(
            id=uuidutils.generate_uuid(),
            tenant_id=project_id,
            state=backups.REGISTERED,
            **dataclasses.asdict(data),
        )
        db.add(made)
        db.flush()
        return backups.find(db, context, made.id)
