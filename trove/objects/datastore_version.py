# SPDX-License-Identifier: Apache-2.0
"""Versions of datastores, as administrators make, change and delete them.

What others see of them is in :mod:`trove.objects.datastore`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import datastores as kinds
from trove.common import exception
from trove.common import names
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import datastore as datastores

#: Nothing of these may be left when a version is deleted. Rows of deleted
#: instances and backups stay, without a version.
_USERS: dict[str, Any] = {
    'instance': models.Instance,
    'backup': models.Backup,
    'configuration group': models.Configuration,
    'cluster': models.Cluster,
}

#: What belongs to a version, and goes with it.
_PARTS: tuple[Any, ...] = (
    models.DatastoreConfigurationParameter,
    models.DatastoreVersionMetadata,
    models.CapabilityOverride,
)


def get(version_id: str) -> datastores.DatastoreVersion:
    """Return a version, active or not.

    :raises UnknownDatastoreVersion: there is none
    """
    with session.reader() as db:
        return datastores.version_from(*_find(db, version_id, lock=False))


def check_manager(
    field: str,
    manager: str | None,
    active: bool,
    before: datastores.DatastoreVersion | None,
) -> None:
    """Check that a version that is new or made active has a driver.

    One whose driver is gone can be changed otherwise, so made inactive.

    :param before: the version as it is; None: it is new
    :raises BadRequest: there is no driver
    """
    if (
        before is None
        or before.manager != manager
        or (active and not before.active)
    ):
        kinds.check_manager(field, manager or '')


@session.retry(duplicates=True)
def create(
    datastore: str,
    name: str,
    number: str,
    columns: Mapping[str, Any],
    default: bool = False,
) -> datastores.DatastoreVersion:
    """Create a version, and its datastore when there is none.

    :param datastore: id or name
    :param columns: of the table, besides name and number
    :param default: whether it becomes the default of its datastore
    :raises BadRequest: it exists already, cannot have this name, or is to
        be the default without being active
    """
    names.check('datastore version', name)
    with session.writer() as db:
        parent = _get_or_create(db, datastore)
        _require_unused(db, parent, name, number)
        row = models.DatastoreVersion(
            datastore_id=parent.id, name=name, version=number, **columns
        )
        db.add(row)
        db.flush()
        if default:
            _make_default(parent, row)
        return datastores.version_from(row, parent)


@session.retry(duplicates=True)
def change(
    version_id: str, columns: Mapping[str, Any], default: bool | None = None
) -> None:
    """Change a version.

    :param columns: of the table that change, with their new values
    :param default: whether it is the default of its datastore; None leaves
        that as it is
    :raises UnknownDatastoreVersion: there is none
    :raises BadRequest: another one has the name already, it cannot have
        this name, would have no image, or is to be the default without
        being active
    """
    with session.writer() as db:
        row, parent = _find(db, version_id, lock=True)
        name = columns.get('name', row.name)
        if name != row.name:
            names.check('datastore version', name)
            _require_unused(db, parent, name, row.version)
        for column, value in columns.items():
            setattr(row, column, value)
        if 'image_tags' in columns and not (row.image_id or row.image_tags):
            raise exception.BadRequest(
                '"image_tags" is empty, and the version has no image, so its '
                'servers could not boot. Provide "image" or tags.'
            )
        if default:
            _make_default(parent, row)
        elif default is False and parent.default_version_id == row.id:
            parent.default_version_id = None


@session.retry
def delete(version_id: str) -> None:
    """Delete a version with its parameters and associations.

    :raises UnknownDatastoreVersion: there is none
    :raises BadRequest: something uses it
    """
    with session.writer() as db:
        row, parent = _find(db, version_id, lock=True)
        _require_unneeded(db, row, parent)
        if parent.default_version_id == row.id:
            parent.default_version_id = None
        for table in _PARTS:
            statements.execute(db, sa.delete(table).where(_of(table, row.id)))
        for table in (models.Instance, models.Backup):
            statements.execute(
                db,
                sa.update(table)
                .where(_of(table, row.id), table.deleted.is_(True))
                .values(datastore_version_id=None),
            )
        db.delete(row)


@session.retry
def delete_datastore(conf: cfg.ConfigOpts, id_or_name: str) -> None:
    """Delete a datastore that has no versions.

    :raises DatastoreNotFound: there is none
    :raises BadRequest: it has versions
    """
    found = datastores.get(conf, id_or_name, inactive=True)
    with session.writer() as db:
        row = db.get(models.Datastore, found.id, with_for_update=True)
        if row is None:
            raise exception.DatastoreNotFound(id=id_or_name)
        versions = datastores.versions(row.id, inactive=True)
        if versions:
            there = ', '.join(sorted({version.name for version in versions}))
            raise exception.BadRequest(
                f'Datastore {row.name} has the versions {there}. Delete them '
                'first with "openstack datastore version delete VERSION_ID" '
                '(DELETE /mgmt/datastore-versions/{id}).'
            )
        db.delete(row)


def _get_or_create(db: orm.Session, id_or_name: str) -> models.Datastore:
    for column in (models.Datastore.id, models.Datastore.name):
        row = db.scalar(
            sa.select(models.Datastore)
            .where(column == id_or_name)
            .with_for_update()
        )
        if row is not None:
            return row
    datastores.check_name(id_or_name)
    row = models.Datastore(name=id_or_name)
    db.add(row)
    db.flush()
    return row


def _require_unused(
    db: orm.Session, parent: models.Datastore, name: str, number: str | None
) -> None:
    taken = db.scalar(
        sa.select(models.DatastoreVersion.id).where(
            models.DatastoreVersion.datastore_id == parent.id,
            models.DatastoreVersion.name == name,
            models.DatastoreVersion.version == number,
        )
    )
    if taken:
        raise exception.BadRequest(
            f'Datastore {parent.name} has a version with the name '
            f'{names.show(name)} and the number {names.show(number or "")} '
            f'already, {taken}. Choose another name or number, or change '
            'that one.'
        )


def _make_default(
    parent: models.Datastore, row: models.DatastoreVersion
) -> None:
    if not row.active:
        raise exception.BadRequest(
            f'Version {names.show(row.name or "")} is not active, so it '
            f'cannot be the default of datastore {parent.name}. Set "active" '
            'to true, or "default" to false.'
        )
    parent.default_version_id = row.id


def _find(
    db: orm.Session, version_id: str, lock: bool
) -> tuple[models.DatastoreVersion, models.Datastore]:
    row = db.get(models.DatastoreVersion, version_id, with_for_update=lock)
    parent = None
    if row is not None:
        parent = db.get(models.Datastore, row.datastore_id)
    if row is None or parent is None:
        # As released Trove, which answers 400 wherever a version is unknown.
        raise exception.UnknownDatastoreVersion(
            f'Datastore version {names.show(version_id)} does not exist. List '
            'the versions with "openstack datastore version list DATASTORE" '
            '(GET /mgmt/datastore-versions).'
        )
    return row, parent


def _require_unneeded(
    db: orm.Session, row: models.DatastoreVersion, parent: models.Datastore
) -> None:
    used = []
    for noun, table in _USERS.items():
        query = (
            sa.select(sa.func.count())
            .select_from(table)
            .where(_of(table, row.id))
        )
        if table is not models.Cluster:
            # The row of a deleted cluster cannot be without its version.
            query = query.where(table.deleted.is_not(True))
        there = int(db.scalar(query) or 0)
        if there:
            used.append(f'{there} {noun}{"s" if there > 1 else ""}')
    if used:
        raise exception.BadRequest(
            f'Version {names.show(row.name or "")} of datastore {parent.name} '
            f'is in use by {" and ".join(used)}. Delete these first, or set '
            '"active" to false so that nothing new uses it.'
        )


def _of(table: Any, version_id: str) -> sa.ColumnElement[bool]:
    condition: sa.ColumnElement[bool] = (
        table.datastore_version_id == version_id
    )
    return condition
