# SPDX-License-Identifier: Apache-2.0
"""How a backup is begun and ended.

To make a backup is work on its instance, see
:mod:`trove.objects.instance.workflows`, but none that gives the instance a
task: it can be used meanwhile, and its status follows from the state of the
backup. How it is deleted is in :mod:`.deleting`.
"""

from __future__ import annotations

import dataclasses

from oslo_config import cfg
from oslo_utils import timeutils
from oslo_utils import uuidutils
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows

#: The method of the task manager's interface.
CREATE = 'create_backup'

_ONE = {'backups': 1}

#: How the faults begin that end with a complete backup.
UNSCHEDULED = 'The scheduled backup could not be made: '
_FAILED = 'A backup failed: '


@dataclasses.dataclass(frozen=True)
class Order:
    """What somebody wants a backup of, and how.

    :ivar parent_id: the backup to continue; None: see ``incremental``
    :ivar for_replica: the next incremental one does not continue it
    :ivar incremental: continue the newest backup of the instance; without
        one it is a full backup
    :ivar container: where in the object store; None: with the parent, else in
        ``default_container``
    """

    instance_id: str
    name: str
    description: str | None
    storage_driver: str
    container: str | None
    default_container: str
    parent_id: str | None = None
    incremental: bool = False
    for_replica: bool = False


@session.retry(duplicates=True)
def begin(
    conf: cfg.ConfigOpts, context: trove_context.TroveContext, order: Order
) -> tuple[backups.Backup, str]:
    """Write a backup down as NEW, and queue the work.

    :raises InstanceNotFound: there is none, or it is another project's
    :raises InstanceBusy: a task goes on
    :raises Unprocessable: it is not ready, or another backup is being made
    :raises NotFound: the parent is not there
    :raises BadRequest: the parent cannot be continued
    :raises QuotaExceeded: the project may not have another backup
    """
    with session.writer() as db:
        row = _rows.lock_visible(db, context, order.instance_id)
        instance = instances.loaded(db, row.id)
        _check(instance.judged(conf.agent_heartbeat_expiry))
        current = workflows.find(db, row.id)
        # That of a backup which has just ended may still be there.
        if current is not None and not (
            current.action == CREATE and workflows.remove(db, current)
        ):
            raise exception.InstanceBusy(
                id=instance.label, task=f'{current.action} is going on.'
            )
        parent = _parent(db, context, instance, order)
        container = _container(order, parent)
        quota.take(conf, db, instance.tenant_id, _ONE)
        made = models.Backup(
            id=uuidutils.generate_uuid(),
            name=order.name,
            description=order.description,
            tenant_id=instance.tenant_id,
            instance_id=row.id,
            parent_id=parent.id if parent is not None else None,
            datastore_version_id=row.datastore_version_id,
            storage_driver=order.storage_driver,
            state='NEW',
            backup_type=backups.FULL if parent is None else (
                backups.INCREMENTAL
            ),
        )
        db.add(made)
        workflows.add(
            db,
            row.id,
            CREATE,
            request_id=context.request_id,
            details={'backup_id': made.id, 'container': container}
            | ({'for_replica': True} if order.for_replica else {})
            | _snapshot(order, instance),
        )
        db.flush()
        return backups.find(db, context, made.id), container


def _snapshot(order: Order, instance: entities.Instance) -> dict[str, str]:
    """Return details of a snapshot.

    :raises BadRequest: what is asked for is none
    """
    if order.storage_driver != backups.SNAPSHOT:
        return {}
    problem = None
    if order.incremental or order.parent_id is not None:
        problem = 'continues no other backup. Omit incremental and parent_id'
    elif order.container is not None:
        problem = 'is in no container. Omit swift_container'
    elif instance.slave_of_id is not None:
        problem = (
            f'is not made of a replica. Make one of its primary '
            f'{instance.slave_of_id}'
        )
    elif not instance.volume_size:
        problem = 'needs a volume, which the instance has not'
    if problem is not None:
        raise exception.BadRequest(
            f'A backup with the storage_driver {backups.SNAPSHOT} is a '
            f'snapshot, which {problem}, or choose another storage_driver.'
        )
    return {'storage_driver': backups.SNAPSHOT}


def _check(instance: entities.Instance) -> None:
    if instance.cluster_id:
        raise exception.NotSupported(
            f'Instance {instance.label} is a member of a cluster, of which no '
            'backup can be made.'
        )
    refusal = states.refusal_to_begin(
        states.Task.NONE,
        instance_id=instance.label,
        task=instance.task,
        service_status=instance.service_status,
        backing_up=instance.backing_up,
        replicas=instance.replicas,
    ) or states.refusal_if_silent(instance.label, instance.silent_for)
    if refusal is not None:
        raise refusal


def _parent(
    db: orm.Session,
    context: trove_context.TroveContext,
    instance: entities.Instance,
    order: Order,
) -> models.Backup | backups.Backup | None:
    if order.parent_id is None:
        return backups.newest(db, instance.id) if order.incremental else None
    parent = backups.find(db, context, order.parent_id)
    problem = None
    if parent.instance_id != instance.id:
        problem = f'is of another instance than {instance.label}'
    elif parent.storage_driver == backups.SNAPSHOT:
        problem = 'is a snapshot'
    elif not parent.is_usable:
        problem = f'has the status {parent.state}, not COMPLETED'
    if problem is not None:
        raise exception.BadRequest(
            f'Backup {parent.id} {problem}. Choose a complete backup of the '
            'instance as parent_id, or make a full backup without one.'
        )
    return parent


def _container(
    order: Order, parent: models.Backup | backups.Backup | None
) -> str:
    """Return where a backup is to be stored: that of its parent.

    :raises BadRequest: another one was asked for
    """
    if parent is None or not parent.location:
        return order.container or order.default_container
    there = backups.container_of(parent.location)
    if order.container not in (None, there):
        raise exception.BadRequest(
            f'swift_container is "{order.container}", but backup {parent.id}, '
            f'which this one continues, is in "{there}". Omit it, or make a '
            'full backup.'
        )
    return there


@session.retry
def undo(instance_id: str, backup_id: str) -> bool:
    """Remove a backup that no task manager was told to make.

    :returns: False when nothing was changed: a task manager works on it, or
        there is none
    """
    with session.writer() as db:
        if not _take(db, instance_id, backup_id, None):
            return False
        row = locked(db, backup_id)
        if row is not None:
            remove(db, row)
        return True


@session.retry
def plan(
    instance_id: str, backup_id: str, owner: str, location: str
) -> bool:
    """Write down where a backup is to be stored, before its guest is told.

    :param location: without the suffix that the guest adds
    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        if _rows.lock(db, instance_id) is None:
            return False
        row = locked(db, backup_id)
        if row is None or not workflows.is_of(db, instance_id, owner):
            return False
        row.location = location
        return True


@session.retry
def complete(
    instance_id: str,
    backup_id: str,
    owner: str,
    location: str,
    checksum: str | None,
    size: int | None = None,
) -> bool:
    """Write down that a backup is complete and verified.

    :param size: GiB; None: as its guest said
    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        if _rows.lock(db, instance_id) is None:
            return False
        row = locked(db, backup_id)
        if row is None or not workflows.is_of(db, instance_id, owner):
            return False
        row.location = location
        row.checksum = checksum
        if size is not None:
            row.size = size
        row.state = 'COMPLETED'
        row.updated = timeutils.utcnow()
        return True


@session.retry
def end(instance_id: str, backup_id: str, owner: str) -> bool:
    """Write down that the work on a backup is done.

    The fault of one that was not made before is hidden, and that of a gap in
    the log with a full one that began after it.

    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        if not _take(db, instance_id, backup_id, owner):
            return False
        ended = [UNSCHEDULED, _FAILED]
        row = locked(db, backup_id)
        if (
            row is not None
            and row.backup_type == backups.FULL
            and logs.is_of_newest_series(db, instance_id, backup_id)
        ):
            ended.append(log_work.GAP)
        _rows.clear_side_faults(db, instance_id, *ended)
        return True


@session.retry
def fail(
    instance_id: str,
    backup_id: str,
    owner: str,
    message: str,
    details: str = '',
) -> bool:
    """Write down that the work on a backup failed, with a fault.

    The instance is as it was before, and so is its status.

    :param message: what failed, why, and what to do
    :returns: False when the work is not the owner's; nothing was changed
    """
    with session.writer() as db:
        if not _take(db, instance_id, backup_id, owner):
            return False
        row = locked(db, backup_id)
        if row is not None:
            row.state = 'FAILED'
        _rows.add_side_fault(db, instance_id, f'{_FAILED}{message}', details)
        return True


def _take(
    db: orm.Session, instance_id: str, backup_id: str, owner: str | None
) -> bool:
    """Lock an instance, and take the work on its backup away.

    :param owner: that of the work; None: nobody has it yet
    """
    if _rows.lock(db, instance_id) is None:
        return False
    work = workflows.find(db, instance_id)
    if work is None or work.action != CREATE or work.owner != owner:
        return False
    known = workflows.stored(work).get('details') or {}
    return known.get('backup_id') == backup_id and workflows.remove(db, work)


def remove(db: orm.Session, row: models.Backup) -> None:
    """Write down that a backup is gone, and give its quota back."""
    row.state = backups.GOING
    row.deleted = True
    row.deleted_at = timeutils.utcnow()
    quota.give_back(db, row.tenant_id or '', _ONE)


def locked(db: orm.Session, backup_id: str) -> models.Backup | None:
    return db.get(
        models.Backup,
        backup_id,
        with_for_update=True,
        populate_existing=True,
    )
