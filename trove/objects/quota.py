# SPDX-License-Identifier: Apache-2.0
"""Quotas: limits, usage and reservations of projects.

The resources are ``instances`` and ``backups`` (number), ``ram`` (MiB) and
``volumes`` (GiB). A limit of -1 means unlimited.

Usage is counted in the transaction that creates a resource, by an UPDATE that
matches no row when the limit would be exceeded. So concurrent requests cannot
exceed it together. The usage of an instance is stored in ``reservations``,
under ids derived from the instance's, so that exactly this amount is released.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any
import uuid

from oslo_config import cfg
import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements

RESOURCES = ('instances', 'ram', 'volumes', 'backups')

_NAMESPACE = uuid.UUID('6ff1d54b-3aa9-4a51-9b09-97a5e4ef1d04')
_LARGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Usage:
    """The usage of a resource by a project.

    ``reserved`` is for running tasks, such as a resize, and counts as well.
    """

    resource: str
    in_use: int
    reserved: int
    limit: int


def usages(conf: cfg.ConfigOpts, project_id: str) -> list[Usage]:
    """Return the usage of each resource by a project."""
    with session.reader() as db:
        allowed = _limits(conf, db, project_id)
        known = {
            row.resource: row
            for row in db.scalars(
                sa.select(models.QuotaUsage).where(
                    models.QuotaUsage.tenant_id == project_id
                )
            )
        }
    return [
        Usage(
            resource=resource,
            in_use=(known[resource].in_use or 0) if resource in known else 0,
            reserved=(
                (known[resource].reserved or 0) if resource in known else 0
            ),
            limit=allowed[resource],
        )
        for resource in RESOURCES
    ]


def usual_limit(conf: cfg.ConfigOpts, resource: str) -> int:
    """Return the limit of projects that have none of their own."""
    return int(conf[f'max_{resource}_per_tenant'])


def limits(conf: cfg.ConfigOpts, project_id: str) -> dict[str, int]:
    """Return the limits of a project by resource, -1 for unlimited."""
    with session.reader() as db:
        return _limits(conf, db, project_id)


@session.retry(duplicates=True)
def set_limits(
    conf: cfg.ConfigOpts, project_id: str, wanted: Mapping[str, int | None]
) -> dict[str, int]:
    """Set limits of a project.

    :param wanted: new limits by resource; None: keep it
    :returns: all limits of the project
    :raises NotFound: there is no such resource
    :raises BadRequest: a limit is not a number, or below -1
    """
    for resource, limit in wanted.items():
        _check_limit(resource, limit)
    with session.writer() as db:
        known = {
            row.resource: row
            for row in db.scalars(
                sa.select(models.Quota).where(
                    models.Quota.tenant_id == project_id
                )
            )
        }
        for resource, limit in wanted.items():
            if limit is None:
                continue
            if resource in known:
                known[resource].hard_limit = limit
            else:
                db.add(
                    models.Quota(
                        tenant_id=project_id,
                        resource=resource,
                        hard_limit=limit,
                    )
                )
        db.flush()
        return _limits(conf, db, project_id)


def take(
    conf: cfg.ConfigOpts,
    db: orm.Session,
    project_id: str,
    deltas: Mapping[str, int],
    *,
    reserve: bool = False,
) -> None:
    """Count new usage of a project, within its limits.

    Call it in the transaction that creates the resource, in a function with
    ``session.retry(duplicates=True)``.

    :param deltas: the amounts by resource
    :param reserve: count them as reserved, until settle() or give_back(); a
        negative amount then counts from settle() on
    :raises QuotaExceeded: names each exceeded resource; roll the transaction
        back
    """
    allowed = _limits(conf, db, project_id)
    exceeded = []
    for resource, delta in sorted(deltas.items()):
        if not delta or (reserve and delta < 0):
            continue
        _make_row(db, project_id, resource)
        column = _column('reserved' if reserve else 'in_use')
        update = (
            sa.update(models.QuotaUsage)
            .where(_usage_of(project_id, resource))
            .values({column: sa.func.coalesce(column, 0) + delta})
        )
        if delta > 0 and allowed[resource] >= 0:
            update = update.where(
                sa.func.coalesce(models.QuotaUsage.in_use, 0)
                + sa.func.coalesce(models.QuotaUsage.reserved, 0)
                + delta
                <= allowed[resource]
            )
        if not statements.execute(db, update):
            exceeded.append(resource)
    if exceeded:
        raise exception.QuotaExceeded(resources=', '.join(exceeded))


def check_number(
    db: orm.Session,
    project_id: str,
    resource: str,
    most: int,
    ids: sa.Select[Any],
) -> None:
    """Check that a project may have another row of a table.

    The rows are counted, as releases did not write their usage down. Until
    the transaction ends, others of the project wait here for it. Call it like
    :func:`take`, before anything is read: MySQL shows a transaction what was
    there when it read first.

    :param most: -1 for unlimited
    :param ids: the query for those that it has
    :raises QuotaExceeded: it may not
    """
    if most < 0:
        return
    lock = (
        sa.update(models.QuotaUsage)
        .where(_usage_of(project_id, resource))
        .values(in_use=0)
    )
    if not statements.execute(db, lock):
        # When another request does the same, all begins anew.
        db.add(models.QuotaUsage(tenant_id=project_id, resource=resource))
        db.flush()
    if len(db.scalars(ids.limit(most)).all()) >= most:
        raise exception.QuotaExceeded(resources=f'{resource} (limit {most})')


def settle(
    db: orm.Session, project_id: str, deltas: Mapping[str, int]
) -> None:
    """Count reserved amounts as used; negative ones count from now on."""
    for resource, delta in sorted(deltas.items()):
        _change(
            db, project_id, resource, in_use=delta, reserved=-max(delta, 0)
        )


def give_back(
    db: orm.Session,
    project_id: str,
    deltas: Mapping[str, int],
    *,
    reserved: bool = False,
) -> None:
    """Release usage of a project; it never falls below 0.

    :param deltas: the amounts by resource
    :param reserved: they were only reserved
    """
    for resource, delta in sorted(deltas.items()):
        if reserved:
            _change(db, project_id, resource, reserved=-max(delta, 0))
        else:
            _change(db, project_id, resource, in_use=-delta)


def hold(
    db: orm.Session, instance_id: str, deltas: Mapping[str, int]
) -> None:
    """Record the usage of an instance, or its growth.

    The former usage of an instance that another release created is unknown:
    :func:`held` returns {} for it.
    """
    for resource, delta in deltas.items():
        key = _key(instance_id, resource)
        row = db.get(models.Reservation, key)
        if row is not None:
            row.delta += delta
        elif resource == 'instances' or _held_rows(db, instance_id):
            db.add(
                models.Reservation(id=key, delta=delta, status='Committed')
            )
    db.flush()


def held(db: orm.Session, instance_id: str) -> dict[str, int]:
    """Return the usage of an instance by resource, {} when unknown."""
    return {
        resource: row.delta
        for resource, row in _held_rows(db, instance_id).items()
    }


def release_held(db: orm.Session, instance_id: str) -> None:
    """Remove the recorded usage of an instance."""
    for row in _held_rows(db, instance_id).values():
        db.delete(row)
    db.flush()


def _held_rows(
    db: orm.Session, instance_id: str
) -> dict[str, models.Reservation]:
    keys = {_key(instance_id, resource): resource for resource in RESOURCES}
    found = db.scalars(
        sa.select(models.Reservation).where(models.Reservation.id.in_(keys))
    )
    return {keys[row.id]: row for row in found}


def _key(instance_id: str, resource: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f'{instance_id}/{resource}'))


def _check_limit(resource: str, limit: object) -> None:
    if resource not in RESOURCES:
        raise exception.NotFound(
            f'Quota "{resource}" not found. Use one of '
            f'{", ".join(RESOURCES)}.'
        )
    if limit is None:
        return
    if (
        not isinstance(limit, int)
        or isinstance(limit, bool)
        or not -1 <= limit <= _LARGEST
    ):
        raise exception.BadRequest(
            reason=f'the quota of {resource} must be a whole number from -1 '
            f'(unlimited) to {_LARGEST}.'
        )


def _limits(
    conf: cfg.ConfigOpts, db: orm.Session, project_id: str
) -> dict[str, int]:
    found = {resource: usual_limit(conf, resource) for resource in RESOURCES}
    own = db.scalars(
        sa.select(models.Quota).where(models.Quota.tenant_id == project_id)
    )
    for row in own:
        if row.resource in found and row.hard_limit is not None:
            found[row.resource] = row.hard_limit
    return found


def _make_row(db: orm.Session, project_id: str, resource: str) -> None:
    known = db.scalar(
        sa.select(models.QuotaUsage.id).where(
            _usage_of(project_id, resource)
        )
    )
    if known is None:
        db.add(models.QuotaUsage(tenant_id=project_id, resource=resource))
        db.flush()


def _change(
    db: orm.Session, project_id: str, resource: str, **changes: int
) -> None:
    values = {}
    for name, change in changes.items():
        column = _column(name)
        changed = sa.func.coalesce(column, 0) + change
        values[column] = sa.case((changed < 0, 0), else_=changed)
    statements.execute(
        db,
        sa.update(models.QuotaUsage)
        .where(_usage_of(project_id, resource))
        .values(values),
    )


def _column(name: str) -> orm.InstrumentedAttribute[int | None]:
    column: orm.InstrumentedAttribute[int | None] = getattr(
        models.QuotaUsage, name
    )
    return column


def _usage_of(project_id: str, resource: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        models.QuotaUsage.tenant_id == project_id,
        models.QuotaUsage.resource == resource,
    )
