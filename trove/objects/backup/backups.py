# SPDX-License-Identifier: Apache-2.0
"""What there is to know of backups, and how they are found."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any
from urllib import parse

from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects.instance import states
from trove.objects.instance import workflows

#: Another Trove has stored it.
REGISTERED = 'RESTORED'

#: States of a backup from which an instance can be made.
USABLE = ('COMPLETED', REGISTERED)

#: Seconds without a report after which a running backup may be deleted, if
#: its guest reports what it has stored, which it does every few seconds.
QUIET = 600

#: Its deletion was requested, and a task manager carries it out.
GOING = 'DELETED'

#: The storage driver of snapshots of volumes; no object store has these.
SNAPSHOT = 'cinder'

FULL = 'full'
INCREMENTAL = 'incremental'


@dataclasses.dataclass(frozen=True)
class Backup:
    """A backup as it was when it was read; times are UTC without a zone.

    :ivar parent_id: of an incremental one, the backup that it continues
    :ivar location: the URL of its object; None before it is complete
    :ivar checksum: as the object store has it
    :ivar size: GiB that were used on the volume
    :ivar progress: bytes that are stored so far, while it is made
    :ivar state: a word such as ``COMPLETED``
    """

    id: str
    name: str
    description: str | None
    project_id: str
    instance_id: str | None
    parent_id: str | None
    location: str | None
    checksum: str | None
    size: float | None
    backup_type: str | None
    state: str
    storage_driver: str | None
    created: datetime.datetime | None
    updated: datetime.datetime | None
    datastore_version: datastores.DatastoreVersion | None
    progress: int | None = None

    @property
    def is_running(self) -> bool:
        return self.state in states.BACKUP_RUNS

    @property
    def is_snapshot(self) -> bool:
        return self.storage_driver == SNAPSHOT

    @property
    def is_usable(self) -> bool:
        """Whether an instance, or the next incremental, can be made of it."""
        return self.state in USABLE


def container_of(location: str) -> str:
    """Return the container of an object: all but its name and store."""
    return location.rpartition('/')[0].rpartition('/')[2]


def folder_of(location: str) -> str:
    """Return the path of a location without name; addresses may change."""
    return parse.urlsplit(location).path.rpartition('/')[0]


def is_stuck(conf: cfg.ConfigOpts, backup: Backup | models.Backup) -> bool:
    """Say whether its guest has reported nothing for days."""
    longest: int = conf.running_backups_expires
    return unchanged_for(backup) > longest * 86400


def unchanged_for(backup: Backup | models.Backup) -> float:
    """Return the seconds since its last report."""
    changed = backup.updated or backup.created
    if changed is None:
        return 0
    return (timeutils.utcnow() - changed).total_seconds()


def get(context: trove_context.TroveContext, backup_id: str) -> Backup:
    """Return a backup.

    :raises NotFound: there is none, or it is another project's and the
        context not an administrator's
    """
    with session.reader() as db:
        return find(db, context, backup_id)


def list_(
    *,
    limit: int,
    offset: int = 0,
    project_id: str | None = None,
    instance_id: str | None = None,
    datastore_id: str | None = None,
) -> tuple[list[Backup], int | None]:
    """Return a page of backups, the last changed first.

    :param offset: how many to omit, which is what clients of released Trove
        have as their marker
    :param project_id: of this project; None: of all
    :param instance_id: of this instance
    :param datastore_id: of versions of this datastore
    :returns: the backups, and the offset of the next page, if there is one
    """
    query = _query().where(models.Backup.deleted.is_not(True))
    for column, wanted in (
        (models.Backup.tenant_id, project_id),
        (models.Backup.instance_id, instance_id),
        (models.Datastore.id, datastore_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    query = (
        query.order_by(
            models.Backup.updated.is_(None),
            models.Backup.updated.desc(),
            models.Backup.id,
        )
        .limit(limit + 1)
        .offset(offset)
    )
    with session.reader() as db:
        found = [_backup(*row) for row in db.execute(query)]
    more = offset + limit if len(found) > limit else None
    return found[:limit], more


def newest(db: orm.Session, instance_id: str) -> models.Backup | None:
    """Return the last complete backup that another one can continue."""
    later = orm.aliased(models.Backup)
    continued = sa.exists().where(
        later.parent_id == models.Backup.id, later.deleted.is_not(True)
    )
    return db.scalar(
        sa.select(models.Backup)
        .where(
            models.Backup.instance_id == instance_id,
            models.Backup.state == 'COMPLETED',
            models.Backup.storage_driver.is_distinct_from(SNAPSHOT),
            models.Backup.deleted.is_not(True),
        )
        # Two may be of one time: MariaDB keeps whole seconds.
        .order_by(
            models.Backup.created.desc(), continued, models.Backup.id
        )
        .limit(1)
    )


def refuse_deletion(db: orm.Session, instance_id: str) -> None:
    """Return when no snapshot needs the volume of an instance.

    :raises Forbidden: there are some
    """
    found = db.scalars(
        sa.select(models.Backup.id)
        .where(
            models.Backup.instance_id == instance_id,
            models.Backup.storage_driver == SNAPSHOT,
            models.Backup.deleted.is_not(True),
        )
        .order_by(models.Backup.id)
    ).all()
    if found:
        raise exception.Forbidden(
            f'Instance {instance_id} has backups that are snapshots of its '
            f'volume: {", ".join(found)}. Delete them before deleting it.'
        )


def find(
    db: orm.Session, context: trove_context.TroveContext, backup_id: str
) -> Backup:
    """Return a backup, see :func:`get`, in a transaction."""
    found = None
    if '\0' not in backup_id:
        found = db.execute(
            _query()
            .where(
                models.Backup.id == backup_id,
                models.Backup.deleted.is_not(True),
            )
            .execution_options(populate_existing=True)
        ).first()
    if found is None or not (
        context.is_admin or found[0].tenant_id == context.project_id
    ):
        raise exception.BackupNotFound(id=backup_id)
    return _backup(*found)


def _query() -> Any:
    return (
        sa.select(
            models.Backup,
            models.DatastoreVersion,
            models.Datastore,
            models.Workflow,
        )
        .outerjoin(
            models.Workflow,
            sa.and_(
                models.Workflow.instance_id == models.Backup.instance_id,
                models.Backup.state.in_(states.BACKUP_RUNS),
            ),
        )
        .outerjoin(
            models.DatastoreVersion,
            models.DatastoreVersion.id == models.Backup.datastore_version_id,
        )
        .outerjoin(
            models.Datastore,
            models.Datastore.id == models.DatastoreVersion.datastore_id,
        )
    )


def _backup(
    row: models.Backup,
    version: models.DatastoreVersion | None,
    parent: models.Datastore | None,
    work: models.Workflow | None,
) -> Backup:
    details = workflows.stored(work).get('details') if work else None
    return Backup(
        id=row.id,
        name=row.name,
        description=row.description,
        project_id=row.tenant_id or '',
        instance_id=row.instance_id,
        parent_id=row.parent_id,
        location=row.location,
        checksum=row.checksum,
        size=row.size,
        backup_type=row.backup_type,
        state=row.state,
        storage_driver=row.storage_driver,
        created=row.created,
        updated=row.updated,
        datastore_version=(
            datastores.version_from(version, parent)
            if version is not None and parent is not None
            else None
        ),
        progress=(details or {}).get('progress'),
    )
