# SPDX-License-Identifier: Apache-2.0
"""Create, get, list, update and delete instances."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import json
from typing import Any

from oslo_config import cfg
from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _markers
from trove.objects import _rows
from trove.objects import configuration
from trove.objects import quota
from trove.objects.backup import reports
from trove.objects.instance import _loading
from trove.objects.instance import _pages
from trove.objects.instance import attachments
from trove.objects.instance import encryption
from trove.objects.instance import entities
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import workflows


@session.retry(duplicates=True)
def create(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    *,
    name: str,
    flavor_id: str,
    ram: int,
    volume_size: int | None,
    datastore_version_id: str,
    access: Mapping[str, Any] | None = None,
    region_id: str | None = None,
    slave_of_id: str | None = None,
    group: configuration.Group | None = None,
    details: Mapping[str, Any] | None = None,
    instance_id: str | None = None,
) -> entities.Instance:
    """Create an instance with the task BUILDING and queue its job.

    :param ram: of its flavor, in MiB
    :param volume_size: GiB
    :param access: ``is_public`` (bool), ``allowed_cidrs`` (list of text)
    :param slave_of_id: the primary that it is to follow
    :param group: a configuration group of the version; the job has its
        values
    :param details: arguments for an adoption; no secrets
    :param instance_id: a new UUID; None: one is generated
    :raises QuotaExceeded: the quota of the context's project is used up
    """
    project_id = context.project_id or ''
    deltas = {'instances': 1, 'ram': ram, 'volumes': volume_size or 0}
    with session.writer() as db:
        primary = None
        if slave_of_id is not None:
            primary = replicas.require_primary(db, context, slave_of_id)
        quota.take(conf, db, project_id, deltas)
        row = models.Instance(
            id=instance_id or uuidutils.generate_uuid(),
            name=name,
            tenant_id=project_id,
            flavor_id=flavor_id,
            volume_size=volume_size,
            datastore_version_id=datastore_version_id,
            access=json.dumps(dict(access)) if access is not None else None,
            region_id=region_id,
            slave_of_id=slave_of_id,
            ssl_mode=primary.ssl_mode if primary else None,
            ssl_ref=primary.ssl_ref if primary else None,
            configuration_id=group.id if group else None,
            server_status='BUILD',
        )
        _rows.set_task(row, states.Task.BUILDING)
        db.add(row)
        db.flush()
        if primary is not None:
            encryption.share(db, primary.id, row.id)
        if group is not None:
            configuration.hold(db, group)
        quota.hold(db, row.id, deltas)
        _rows.write_service_status(db, row.id, states.ServiceStatus.NEW)
        workflows.add(
            db,
            row.id,
            'create_instance',
            request_id=context.request_id,
            details=details,
        )
        created = _loading.load_one(db, row.id)
    if created is None:
        raise exception.InstanceNotFound(id=row.id)
    return created


def get(
    context: trove_context.TroveContext,
    instance_id: str,
    include_deleted: bool = False,
) -> entities.Instance:
    """Return an instance.

    :raises InstanceNotFound: there is none, or it is another project's and
        the context not an administrator's
    """
    found = None
    if '\0' not in instance_id:
        with session.reader() as db:
            found = _loading.load_one(db, instance_id)
    if (
        found is None
        or (found.deleted and not include_deleted)
        or not (context.is_admin or found.tenant_id == context.project_id)
    ):
        raise exception.InstanceNotFound(id=instance_id)
    return found


def loaded(db: orm.Session, instance_id: str) -> entities.Instance:
    """Return an instance, in a transaction that has its row locked."""
    found = _loading.load_one(db, instance_id)
    if found is None:
        raise exception.InstanceNotFound(id=instance_id)
    return found


def list_(
    context: trove_context.TroveContext,
    *,
    limit: int,
    marker: str | None = None,
    all_projects: bool = False,
    deleted: bool | None = False,
    project_id: str | None = None,
    include_clustered: bool = True,
) -> tuple[list[entities.Instance], str | None]:
    """Return a page of instances, the oldest first.

    :param limit: maximum number of instances, at least 1
    :param marker: id of the last instance of the previous page; it may have
        been deleted since
    :param all_projects: of all projects instead of the context's
    :param deleted: only deleted ones, or only others; None: both
    :param project_id: only instances of this project
    :param include_clustered: include instances of clusters
    :returns: the instances, and the marker of the next page or None
    :raises Forbidden: another project's, and the context is not an
        administrator's
    :raises BadRequest: there has been no such instance
    """
    wanted = project_id
    if wanted is None and not all_projects:
        wanted = context.project_id
    if wanted != context.project_id and not context.is_admin:
        raise exception.Forbidden(action='the listing of all projects')
    with session.reader() as db:
        after = None
        if marker is not None:
            row = models.Instance
            known = _markers.find(
                db, row, marker, wanted, 'an instance', row.created
            )
            after = (known.created, marker)
        found = _pages.load(
            db,
            project_id=wanted,
            clustered=include_clustered,
            deleted=deleted,
            after=after,
            limit=limit + 1,
        )
    if len(found) > limit:
        return found[:limit], found[limit - 1].id
    return found, None


@session.retry
def change(
    context: trove_context.TroveContext,
    instance_id: str,
    *,
    name: str | None = None,
    access: Mapping[str, Any] | None = None,
    regrouped: attachments.Change | None = None,
) -> None:
    """Change the name of an instance, its access, or its group.

    :param access: the keys to change, as for :func:`create`; others stay
    :param regrouped: what its guest was told
    :raises InstanceNotFound: there is none, or it is another project's
    :raises Conflict: it has another group by now
    """
    with session.writer() as db:
        row = _rows.lock_visible(db, context, instance_id)
        if name is not None:
            row.name = name
        if access is not None:
            what = f'Column access of instance {instance_id}'
            known = _rows.decode(row.access, what) or {}
            row.access = json.dumps({**known, **access})
        if regrouped is not None:
            attachments.write(db, row, regrouped)


@session.retry
def update(
    instance_id: str, *, owner: str | None = None, **columns: Any
) -> bool:
    """Set columns of an instance; ``access`` may be a dictionary.

    :param owner: only while it owns the job of the instance
    :returns: False when it does not; nothing was changed
    :raises InstanceNotFound: there is none
    :raises TypeError: there is no such column
    """
    with session.writer() as db:
        row = _locked(db, instance_id)
        if not workflows.is_of(db, instance_id, owner):
            return False
        _rows.assign(row, columns)
        return True


@session.retry
def set_addresses(
    instance_id: str,
    addresses: Iterable[entities.Address | tuple[str, ...]],
    owner: str | None = None,
) -> bool:
    """Replace the addresses of an instance.

    :param addresses: Address, or (address, type[, network])
    :param owner: only while it owns the job of the instance
    :returns: False when it does not; nothing was changed
    :raises InstanceNotFound: there is none
    """
    wanted = {
        each.address: each
        for each in (
            each
            if isinstance(each, entities.Address)
            else entities.Address(*each)
            for each in addresses
        )
    }
    with session.writer() as db:
        _locked(db, instance_id)
        if not workflows.is_of(db, instance_id, owner):
            return False
        statements.execute(
            db,
            sa.delete(models.InstanceAddress).where(
                models.InstanceAddress.instance_id == instance_id
            ),
        )
        for each in wanted.values():
            db.add(
                models.InstanceAddress(
                    instance_id=instance_id,
                    address=each.address,
                    type=each.type,
                    network=each.network,
                )
            )
        return True


@session.retry
def add_fault(instance_id: str, message: str, details: str = '') -> None:
    """Add a fault to an instance; its status stays.

    :param message: what failed, why, and the remedy
    :raises InstanceNotFound: there is none
    """
    with session.writer() as db:
        _locked(db, instance_id)
        _rows.add_fault(db, instance_id, message, details)


def clear_faults(instance_id: str) -> None:
    """Hide the faults of an instance."""
    with session.writer() as db:
        _rows.clear_faults(db, instance_id)


def usage_is_known(instance_id: str) -> bool:
    """Return whether the usage of an instance is recorded.

    That of one which another release created is not.
    """
    with session.reader() as db:
        return bool(quota.held(db, instance_id))


@session.retry
def record_usage(instance_id: str, ram: int) -> None:
    """Record the usage of an instance that another release created.

    :param ram: of its flavor, in MiB
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is not None and not quota.held(db, instance_id):
            quota.hold(
                db,
                instance_id,
                {
                    'instances': 1,
                    'ram': ram,
                    'volumes': row.volume_size or 0,
                },
            )


@session.retry
def mark_deleted(instance_id: str, owner: str | None = None) -> bool:
    """Mark an instance as deleted, and release its recorded quota.

    :param owner: the owner of its job; None when no task manager was involved
        because the message to build it was not sent
    :returns: False when nothing was changed: it is deleted already, or its
        job has another owner
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is None:
            return False
        reserved = workflows.drop(db, instance_id, owner)
        if reserved is None:
            return False
        project_id = row.tenant_id or ''
        quota.give_back(db, project_id, reserved, reserved=True)
        quota.give_back(db, project_id, quota.held(db, instance_id))
        quota.release_held(db, instance_id)
        _rows.set_task(row, states.Task.NONE)
        row.deleted = True
        row.deleted_at = timeutils.utcnow()
        # Foreign keys would keep these rows from being deleted.
        row.datastore_version_id = None
        row.configuration_id = None
        row.slave_of_id = None
        row.cluster_id = None
        row.encrypted_key = None
        db.flush()
        _forget(db, instance_id)
        return True


def _forget(db: orm.Session, instance_id: str) -> None:
    _rows.clear_faults(db, instance_id)
    reports.fail_all(db, instance_id)
    attachments.forget(db, instance_id)
    _rows.write_service_status(db, instance_id, states.ServiceStatus.DELETED)
    for table in (
        models.BackupStrategy,
        models.InstanceAddress,
        models.InstanceCertificate,
        models.ConductorLastSeen,
        models.InstanceKeys,
        models.InstanceSealing,
        models.GuestProbe,
        models.ReplicationState,
    ):
        statements.execute(
            db, sa.delete(table).where(table.instance_id == instance_id)
        )
    statements.execute(
        db,
        sa.update(models.AgentHeartbeat)
        .where(models.AgentHeartbeat.instance_id == instance_id)
        .values(deleted=True, deleted_at=timeutils.utcnow()),
    )


def _locked(db: orm.Session, instance_id: str) -> models.Instance:
    row = _rows.lock(db, instance_id)
    if row is None:
        raise exception.InstanceNotFound(id=instance_id)
    return row
