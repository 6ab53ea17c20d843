# SPDX-License-Identifier: Apache-2.0
"""Configuration groups: parameters of a project, to attach to instances."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.common.datastores import settings
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _markers
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters
from trove.objects import quota

_GROUP = models.Configuration
_VALUE = models.ConfigurationParameter


@dataclasses.dataclass(frozen=True)
class Group:
    """A configuration group as it was when it was read.

    :ivar version: the only one whose instances can have it; None when it
        was removed
    :ivar values: by the names that the rules have
    :ivar instance_count: how many instances have it
    """

    id: str
    name: str
    description: str | None
    tenant_id: str
    version: datastores.DatastoreVersion | None
    values: Mapping[str, Any]
    created: datetime.datetime | None
    updated: datetime.datetime | None
    instance_count: int


@session.retry(duplicates=True)
def create(
    conf: cfg.ConfigOpts,
    context: trove_context.TroveContext,
    *,
    name: str,
    version_id: str,
    values: Mapping[str, Any],
    description: str | None = None,
) -> Group:
    """Make a group of the project.

    :param values: as :meth:`settings.Settings.check` has returned them
    :raises QuotaExceeded: the project may not have another group
    """
    with session.writer() as db:
        project_id = context.project_id or ''
        quota.check_number(
            db,
            project_id,
            'configurations',
            conf.max_configurations_per_tenant,
            sa.select(_GROUP.id).where(
                _GROUP.tenant_id == project_id, _GROUP.deleted.is_not(True)
            ),
        )
        row = _GROUP(
            name=name,
            description=description,
            tenant_id=project_id,
            datastore_version_id=version_id,
        )
        db.add(row)
        db.flush()
        _write(db, row.id, values)
        # MariaDB keeps whole seconds.
        db.refresh(row)
        return _load(db, [row])[0]


def get(context: trove_context.TroveContext, group_id: str) -> Group:
    """Return a group.

    :raises NotFound: there is none, or it is another project's and the
        context not an administrator's
    """
    with session.reader() as db:
        return _load(db, [_visible(db, context, group_id)])[0]


def list_(
    context: trove_context.TroveContext, *, limit: int, marker: str | None
) -> tuple[list[Group], str | None]:
    """Return a page of the groups of the project, by their ids.

    :param marker: id of the last one of the page before
    :returns: the groups, and the marker of the next page, if there is one
    :raises BadRequest: there has been no such group
    """
    query = (
        sa.select(_GROUP)
        .where(
            _GROUP.tenant_id == context.project_id,
            _GROUP.deleted.is_not(True),
        )
        .order_by(_GROUP.id)
        .limit(limit + 1)
    )
    if marker is not None:
        query = query.where(_GROUP.id > marker)
    with session.reader() as db:
        if marker is not None:
            _markers.find(
                db, _GROUP, marker, context.project_id, 'a configuration group'
            )
        found = _load(db, list(db.scalars(query)))
    if len(found) > limit:
        return found[:limit], found[limit - 1].id
    return found, None


def instances(
    group_id: str, *, limit: int | None = None, marker: str | None = None
) -> tuple[list[tuple[str, str]], str | None]:
    """Return id and name of the instances that have a group, by their ids.

    :param limit: how many at most; None for all
    :param marker: id of the last one of the page before
    :returns: these, and the marker of the next page, if there is one
    :raises BadRequest: there has been no such instance
    """
    query = (
        sa.select(models.Instance.id, models.Instance.name)
        .where(_has(group_id))
        .order_by(models.Instance.id)
    )
    if marker is not None:
        query = query.where(models.Instance.id > marker)
    if limit is not None:
        query = query.limit(limit + 1)
    with session.reader() as db:
        if marker is not None:
            whose = sa.select(_GROUP.tenant_id).where(_GROUP.id == group_id)
            _markers.find(
                db, models.Instance, marker, db.scalar(whose), 'an instance'
            )
        found = [(row.id, row.name or '') for row in db.execute(query)]
    if limit is not None and len(found) > limit:
        return found[:limit], found[limit - 1][0]
    return found, None


@session.retry
def change(
    context: trove_context.TroveContext,
    before: Group,
    *,
    values: Mapping[str, Any],
    columns: Mapping[str, str | None],
) -> None:
    """Give a group other values.

    :param before: as it was read; with other values now, nothing is done
    :param values: all that it has afterwards
    :param columns: a new name, a new description
    :raises NotFound: it was deleted
    :raises Conflict: its values were changed meanwhile
    """
    with session.writer() as db:
        row = _held(db, context, before)
        for column in ('name', 'description'):
            if column in columns:
                setattr(row, column, columns[column])
        row.updated = timeutils.utcnow()
        _write(db, row.id, values)


def hold(db: orm.Session, before: Group) -> None:
    """Keep a group as it is until the transaction ends.

    :param before: as it was read
    :raises NotFound: it was deleted
    :raises Conflict: its values were changed meanwhile
    """
    _held(db, trove_context.make_admin_context(), before)


@session.retry
def delete(context: trove_context.TroveContext, group_id: str) -> None:
    """Delete a group.

    :raises NotFound: there is none, or it is another project's
    :raises BadRequest: instances have it
    """
    with session.writer() as db:
        row = _visible(db, context, group_id, lock=True)
        attached = db.scalars(
            sa.select(models.Instance.id).where(_has(group_id)).limit(3)
        ).all()
        if attached:
            raise exception.BadRequest(
                f'Configuration {group_id} is attached to instances: '
                f'{", ".join(attached)}. Detach it from all instances, then '
                'delete it.'
            )
        row.deleted = True
        row.deleted_at = timeutils.utcnow()


def _has(group_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        models.Instance.configuration_id == group_id,
        models.Instance.deleted.is_not(True),
    )


def _visible(
    db: orm.Session,
    context: trove_context.TroveContext,
    group_id: str,
    lock: bool = False,
) -> models.Configuration:
    row = None
    if '\0' not in group_id:
        query = sa.select(_GROUP).where(
            _GROUP.id == group_id, _GROUP.deleted.is_not(True)
        )
        row = db.scalar(query.with_for_update() if lock else query)
    if row is None or not (
        context.is_admin or row.tenant_id == context.project_id
    ):
        raise exception.NotFound(
            f'Configuration {group_id} could not be found.'
        )
    return row


def _held(
    db: orm.Session, context: trove_context.TroveContext, before: Group
) -> models.Configuration:
    row = _visible(db, context, before.id, lock=True)
    if _values(db, [row])[row.id] != dict(before.values):
        raise exception.Conflict(
            f'Configuration {before.id} was changed by another request '
            'meanwhile. Look at its values, then repeat the request.'
        )
    return row


def _write(db: orm.Session, group_id: str, values: Mapping[str, Any]) -> None:
    """Let a group have these values and no others."""
    statements.execute(
        db,
        sa.delete(_VALUE).where(
            _VALUE.configuration_id == group_id,
            _VALUE.configuration_key.not_in(list(values)),
        ),
    )
    statements.put(
        db,
        _VALUE,
        ('configuration_id', 'configuration_key'),
        [
            {
                'configuration_id': group_id,
                'configuration_key': name,
                'configuration_value': settings.store(value),
                'deleted': False,
                'deleted_at': None,
            }
            for name, value in values.items()
        ],
        ('configuration_value', 'deleted', 'deleted_at'),
    )


def _load(
    db: orm.Session, rows: Sequence[models.Configuration]
) -> list[Group]:
    ids = [row.id for row in rows]
    values = _values(db, rows)
    counted = db.execute(
        sa.select(
            models.Instance.configuration_id, sa.func.count().label('number')
        )
        .where(
            models.Instance.configuration_id.in_(ids),
            models.Instance.deleted.is_not(True),
        )
        .group_by(models.Instance.configuration_id)
    )
    counts = {row.configuration_id: row.number for row in counted}
    versions = datastores.versions_of(
        {row.datastore_version_id for row in rows}
    )
    return [
        Group(
            id=row.id,
            name=row.name,
            description=row.description,
            tenant_id=row.tenant_id,
            version=versions.get(row.datastore_version_id),
            values=values[row.id],
            created=row.created,
            updated=row.updated,
            instance_count=counts.get(row.id, 0),
        )
        for row in rows
    ]


def _values(
    db: orm.Session, rows: Sequence[models.Configuration]
) -> dict[str, dict[str, Any]]:
    """Return the values of groups, of the types that the rules say."""
    rules = {
        version_id: {
            each.name.lower(): each for each in parameters.list_(version_id)
        }
        for version_id in {row.datastore_version_id for row in rows}
    }
    versions = {row.id: row.datastore_version_id for row in rows}
    found: dict[str, dict[str, Any]] = {row.id: {} for row in rows}
    query = (
        sa.select(_VALUE)
        .where(
            _VALUE.configuration_id.in_(versions),
            _VALUE.deleted.is_not(True),
        )
        .order_by(_VALUE.configuration_key)
    )
    for value in db.scalars(query.execution_options(populate_existing=True)):
        name = value.configuration_key
        rule = rules[versions[value.configuration_id]].get(
            name.lower(), parameters.Parameter(name, 'string')
        )
        found[value.configuration_id][name] = rule.read(
            value.configuration_value
        )
    return found
