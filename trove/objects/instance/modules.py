# SPDX-License-Identifier: Apache-2.0
"""Which instances have which modules, and with which contents."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import datetime
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _markers

_USE = models.InstanceModule


@dataclasses.dataclass(frozen=True)
class Count:
    """How many instances have a module with the same contents.

    :ivar first: when it was applied the first time, ``last`` the last
    """

    md5: str
    count: int
    first: datetime.datetime | None
    last: datetime.datetime | None


@dataclasses.dataclass(frozen=True)
class Applied:
    """A module of an instance.

    :ivar md5: of the contents that were applied
    """

    id: str
    name: str
    type: str
    description: str | None
    tenant_id: str | None
    datastore_id: str | None
    datastore_version_id: str | None
    auto_apply: bool
    visible: bool
    md5: str
    created: datetime.datetime | None
    updated: datetime.datetime | None


def applied(instance_id: str, *, invisible: bool) -> list[Applied]:
    """Return the modules of an instance, the oldest first.

    :param invisible: also those that only administrators see
    """
    module, row = models.Module, models.InstanceModule
    query = (
        sa.select(
            module.id,
            module.name,
            module.type,
            module.description,
            module.tenant_id,
            module.datastore_id,
            module.datastore_version_id,
            module.auto_apply,
            module.visible,
            row.md5,
            row.created,
            row.updated,
        )
        .join(row, row.module_id == module.id)
        .where(
            row.instance_id == instance_id,
            row.deleted.is_not(True),
            module.deleted.is_not(True),
        )
        .order_by(row.created, module.id)
    )
    if not invisible:
        query = query.where(module.visible.is_(True))
    with session.reader() as db:
        return [Applied(**each._asdict()) for each in db.execute(query)]


@session.retry
def record(instance_id: str, modules: Iterable[tuple[str, str]]) -> None:
    """Record that modules are applied to an instance, again or anew.

    :param modules: the id of each, and the md5 of its contents
    """
    with session.writer() as db:
        for module_id, md5 in modules:
            changed = statements.execute(
                db,
                sa.update(_USE)
                .where(*_applied(instance_id, module_id))
                .values(md5=md5, updated=timeutils.utcnow()),
            )
            if not changed:
                db.add(
                    _USE(
                        instance_id=instance_id, module_id=module_id, md5=md5
                    )
                )


@session.retry
def forget(instance_id: str, module_id: str) -> bool:
    """Record that a module is removed; False when it was not applied."""
    with session.writer() as db:
        return bool(
            statements.execute(
                db,
                sa.update(_USE)
                .where(*_applied(instance_id, module_id))
                .values(deleted=True, deleted_at=timeutils.utcnow()),
            )
        )


def users(
    module_id: str,
    project_id: str | None,
    *,
    include_clustered: bool = False,
    limit: int | None = None,
    marker: str | None = None,
) -> list[tuple[str, str]]:
    """Return id of the instances that have a module, and the md5 there.

    :param project_id: only instances of this project; None: of all
    :param limit: how many at most
    :param marker: an id; those after it, in the order of ids
    """
    query = (
        _used(module_id, project_id, include_clustered)
        .with_only_columns(_USE.instance_id, _USE.md5)
        .order_by(_USE.instance_id)
    )
    if marker is not None:
        query = query.where(_USE.instance_id > marker)
    if limit is not None:
        query = query.limit(limit)
    with session.reader() as db:
        return [(found, md5) for found, md5 in db.execute(query)]


def check_marker(marker: str, project_id: str | None) -> None:
    """Check what a client gives as a marker of :func:`users`.

    :raises BadRequest: there has been no such instance
    """
    with session.reader() as db:
        _markers.find(db, models.Instance, marker, project_id, 'an instance')


def counts(
    module_id: str, project_id: str | None, include_clustered: bool = False
) -> list[Count]:
    """Count the instances that have a module, by the md5 of its contents."""
    query = (
        _used(module_id, project_id, include_clustered)
        .with_only_columns(
            _USE.md5,
            sa.func.count(),
            sa.func.min(_USE.updated),
            sa.func.max(_USE.updated),
        )
        .group_by(_USE.md5)
        .order_by(_USE.md5)
    )
    with session.reader() as db:
        return [Count(*each) for each in db.execute(query)]


def _used(
    module_id: str, project_id: str | None, include_clustered: bool
) -> sa.Select[Any]:
    instance = models.Instance
    query = (
        sa.select(_USE)
        .join(instance, instance.id == _USE.instance_id)
        .where(
            _USE.module_id == module_id,
            _USE.deleted.is_not(True),
            instance.deleted.is_not(True),
        )
    )
    if project_id is not None:
        query = query.where(instance.tenant_id == project_id)
    if not include_clustered:
        query = query.where(instance.cluster_id.is_(None))
    return query


def _applied(instance_id: str, module_id: str) -> tuple[Any, ...]:
    return (
        _USE.instance_id == instance_id,
        _USE.module_id == module_id,
        _USE.deleted.is_not(True),
    )
